"""Money moved by a person's decision: corrections that may need a second person, and payouts. Shape and constraints."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class MoneyRules(models.Model):
    """One row that the owner edits. Amounts in the account currency."""

    second_person_above = models.DecimalField(max_digits=12, decimal_places=2, default=100)
    goodwill_monthly = models.DecimalField(max_digits=12, decimal_places=2, default=200)

    class Meta:
        default_permissions = ("view", "change")
        verbose_name_plural = "money rules"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="money_rules_are_one_row"),
            models.CheckConstraint(
                condition=Q(second_person_above__gte=0) & Q(goodwill_monthly__gte=0), name="money_rules_are_possible"
            ),
        ]

    def __str__(self) -> str:
        return "Money rules"


class Adjustment(models.Model):
    """A correction of a wallet that one person asked for; above a limit another person carries it out or refuses it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a second person"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="adjustments")
    amount = models.DecimalField(max_digits=18, decimal_places=5)  # below zero: taken from the wallet's cash
    reason = models.CharField(max_length=200)
    request_key = models.UUIDField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    needs_second_person = models.BooleanField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("can_adjust", "Can correct a wallet"),
            ("can_approve_adjustment", "Can decide on a correction that another person asked for"),
            ("can_give_goodwill", "Can give goodwill inside the monthly budget"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0) & ~Q(reason=""), name="adjustment_says_how_much_and_why"),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True, decided_by__isnull=True)
                | Q(state__in=("done", "refused"), decided_at__isnull=False, decided_by__isnull=False),
                name="adjustment_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="done", needs_second_person=True) | ~Q(decided_by=F("asked_by")),
                name="second_person_is_another",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(refusal=""), name="refused_adjustment_says_why"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="adjustment_waiting")]

    def __str__(self) -> str:
        return f"correction {self.pk}"


class Payout(models.Model):
    """Money on its way from a wallet to its owner. Its amount left the wallet when it was asked for.

    top_up: set when it goes back through the gateway it came by; then the payments tick sends it.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Waiting for our staff"
        SENDING = "sending", "Being sent"
        PAID = "paid", "Paid out"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        FAILED = "failed", "Could not be sent"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payouts", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=5)
    destination = models.TextField(blank=True)  # encrypted: where the customer wants it
    top_up = models.ForeignKey("wallet.TopUp", models.PROTECT, null=True, blank=True, related_name="payouts")
    request_key = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    asked_by = models.CharField(max_length=64)  # "customer:7", "staff:3"
    asked_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)  # staff's, when they record or refuse one
    decided_by = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reference = models.CharField(max_length=200, blank=True)  # of the bank transfer, or the gateway's refund id
    due_at = models.DateTimeField(null=True, blank=True)  # when the gateway is tried next
    tries = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [("can_pay_out", "Can pay out, send back or refuse")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_is_positive"),
            models.CheckConstraint(
                condition=Q(state__in=("asked", "sending"), ended_at__isnull=True)
                | ~Q(state__in=("asked", "sending")) & Q(ended_at__isnull=False),
                name="payout_ends_once",
            ),
            models.CheckConstraint(condition=~Q(state="paid") | ~Q(reference=""), name="paid_payout_has_a_reference"),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(reason=""), name="refused_payout_says_why"),
            models.CheckConstraint(
                condition=Q(state="sending", due_at__isnull=False) | ~Q(state="sending") & Q(due_at__isnull=True),
                name="only_a_payout_being_sent_is_due",
            ),
            models.CheckConstraint(
                condition=Q(top_up__isnull=False) | ~Q(state__in=("sending", "failed")),
                name="only_gateways_send_by_themselves",
            ),
            models.UniqueConstraint(fields=["user", "request_key"], name="payout_is_asked_for_once"),
        ]
        indexes = [
            models.Index(F("user"), F("id").desc(), name="payout_of_user"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="payout_due"),
            models.Index(fields=["id"], condition=Q(state="asked"), name="payout_asked"),
        ]

    def __str__(self) -> str:
        return f"payout {self.pk}"
