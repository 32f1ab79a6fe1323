"""The ledger: accounts, transfers, entries. Shape and constraints; the triggers lie in `wallet/sql/`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

CASH = "cash"  # money the customer paid in
BONUS = "bonus"  # money the shop gave; spent before cash
DEBT = "debt"  # what a customer owes after money was taken back from us
SYSTEM = "system"  # the other side: orders, top-ups, adjustments

ACCOUNT_KINDS = [(CASH, "Cash"), (BONUS, "Bonus"), (DEBT, "Debt"), (SYSTEM, "System")]
WALLET_KINDS = (CASH, BONUS)


class Account(models.Model):
    """A place money can be. Only cash and bonus store a balance, and only an entry's trigger writes it (decision 18).

    A system account is a sum of its entries: a stored balance there would be the row that every order waits for.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False)
    kind = models.CharField(max_length=8, choices=ACCOUNT_KINDS)
    code = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001 - NULL, or '' would be one more unique code
    balance = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=WALLET_KINDS, balance__isnull=False, balance__gte=0)
                | Q(kind__in=(DEBT, SYSTEM), balance__isnull=True),
                name="wallet_balance_is_never_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(kind=SYSTEM, user__isnull=True, code__isnull=False)
                | Q(kind__in=(CASH, BONUS, DEBT), user__isnull=False, code__isnull=True),
                name="account_has_a_user_or_a_code",
            ),
            models.UniqueConstraint(fields=["user", "kind"], name="user_has_one_account_of_a_kind"),
            models.UniqueConstraint(fields=["code"], name="system_account_has_its_own_code"),
        ]

    def __str__(self) -> str:
        return self.code or f"{self.kind} of user {self.user_id}"


class Transfer(models.Model):
    """One balanced movement of money. Written once, never changed; a correction is another transfer."""

    class Kind(models.TextChoices):
        TOP_UP = "top_up", "Funds added"
        BONUS = "bonus", "Bonus"
        CHARGE = "charge", "Charge"
        REFUND = "refund", "Refund"
        GOODWILL = "goodwill", "Goodwill"  # outside the refund policy, and said so
        ADJUSTMENT = "adjustment", "Correction"
        PAYOUT = "payout", "Paid out"
        PAYOUT_RETURNED = "payout_returned", "Payout returned"
        TAKEN_BACK = "taken_back", "Payment taken back"
        GIVEN_BACK = "given_back", "Payment given back"
        DEBT_PAID = "debt_paid", "Paid towards what was owed"

    kind = models.CharField(max_length=24, choices=Kind)
    key = models.CharField(max_length=120)
    subject_type = models.CharField(max_length=32, blank=True)  # "order", or '' with no subject_id
    subject_id = models.BigIntegerField(null=True, blank=True)
    actor = models.CharField(max_length=64)  # "customer:7", "staff:3", "system", "reseller:9"
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(subject_type="", subject_id__isnull=True)
                | ~Q(subject_type="") & Q(subject_id__isnull=False),
                name="transfer_names_its_subject_whole_or_not",
            ),
            models.CheckConstraint(condition=~Q(key="") & ~Q(actor=""), name="transfer_says_its_key_and_who"),
            # As a constraint: `unique=True` would add a second index for LIKE to the hottest insert.
            models.UniqueConstraint(fields=["key"], name="transfer_key_is_used_once"),
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="transfer_of_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Entry(models.Model):
    """One leg of a transfer. The database writes `balance_after` on cash and bonus legs and nulls it elsewhere."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries", db_index=False)
    # A trigger sees to it that the account exists, and accounts are never deleted. A foreign key would lock the row of
    # a system account in every order.
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False, db_constraint=False)
    amount = models.DecimalField(max_digits=18, decimal_places=5)
    balance_after = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name_plural = "entries"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something"),
            models.UniqueConstraint(fields=["transfer", "account"], name="transfer_touches_an_account_once"),
        ]
        indexes = [models.Index(fields=["account", "id"], name="entry_of_account")]

    def __str__(self) -> str:
        return f"{self.amount} on account {self.account_id}"
