"""Money coming in: ways to pay, payments asked for, and what gateways told us. Shape, constraints and querysets."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper


class PaymentMethod(models.Model):
    """The terms of one gateway, as staff set them. Whether it is offered also depends on its keys.

    Amounts are in the account currency. fee_basis_points: hundredths of a percent of the amount, on top of it.
    """

    gateway = models.CharField(max_length=16, unique=True)  # a code of wallet.gateways
    title = models.CharField(max_length=60)
    is_offered = models.BooleanField(default=True)
    minimum = models.DecimalField(max_digits=12, decimal_places=2, default=1)
    maximum = models.DecimalField(max_digits=12, decimal_places=2, default=10_000)
    fee_basis_points = models.PositiveIntegerField(default=0)
    fee_fixed = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    instructions = models.TextField(blank=True, max_length=2000)  # how to pay, where staff confirm what arrived
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum__gt=0) & Q(maximum__gte=F("minimum")), name="method_minimum_is_below_its_maximum"
            ),
            models.CheckConstraint(
                condition=Q(fee_basis_points__lte=5000) & Q(fee_fixed__gte=0), name="method_fee_is_possible"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class BonusRule(models.Model):
    """From this amount a top-up brings a bonus. Of several that are reached, the one from the highest amount counts."""

    from_amount = models.DecimalField(max_digits=12, decimal_places=2, unique=True)
    basis_points = models.PositiveIntegerField()  # hundredths of a percent
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(from_amount__gt=0) & Q(basis_points__gt=0) & Q(basis_points__lte=10_000),
                name="bonus_is_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.basis_points / 100:g} % from {self.from_amount}"


class TopUp(models.Model):
    """One payment a customer was asked for: total = amount + fee, of which the wallet gets amount and bonus.

    credited, taken_back, given_back: what `wallet.operations` moved for it so far; `verify_ledger` compares them with
    the ledger. gone, lacking: what of the received its gateway last said had gone back, and last said nothing of.
    """

    class State(models.TextChoices):
        CREATED = "created", "Not started"  # the gateway has not been reached yet
        PENDING = "pending", "Waiting for payment"
        PAID = "paid", "Paid"
        REVIEW = "review", "Being checked by our staff"
        EXPIRED = "expired", "Expired"  # still credited if it is paid after all
        REJECTED = "rejected", "Rejected"
        REVERSED = "reversed", "Payment taken back"

    reference = models.CharField(max_length=24, unique=True)  # printed for the customer, sent to the gateway
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False)
    gateway = models.CharField(max_length=16)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    fee = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    bonus = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    request_key = models.UUIDField()
    payment_id = models.CharField(max_length=200, blank=True)  # the gateway's
    pay_url = models.CharField(max_length=2000, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.CREATED)
    finding = models.CharField(max_length=40, blank=True)  # why it is under review; a code of policies.rules.payments
    received = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)  # as the gateway said
    received_currency = models.CharField(max_length=12, blank=True)
    bank_reference = models.CharField(max_length=120, blank=True)  # by which staff found a payment they confirmed
    credited = models.DecimalField(max_digits=18, decimal_places=5, default=0)
    taken_back = models.DecimalField(max_digits=18, decimal_places=5, default=0)
    given_back = models.DecimalField(max_digits=18, decimal_places=5, default=0)
    gone = models.DecimalField(max_digits=18, decimal_places=5, default=0)
    lacking = models.DecimalField(max_digits=18, decimal_places=5, default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)  # when the gateway is asked next; null: not by itself
    checks = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ("view",)
        permissions = [("can_confirm_top_up", "Can confirm, reject and review top-ups")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0) & Q(fee__gte=0) & Q(bonus__gte=0), name="top_up_amounts"),
            models.CheckConstraint(condition=Q(total=F("amount") + F("fee")), name="top_up_total_is_amount_and_fee"),
            models.CheckConstraint(
                condition=Q(credited__gte=0)
                & Q(taken_back__gte=0)
                & Q(given_back__gte=0)
                & Q(gone__gte=0)
                & Q(lacking__gte=0),
                name="top_up_moves_are_never_negative",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("paid", "reversed")) | Q(paid_at__isnull=False), name="paid_top_up_says_when"
            ),
            models.CheckConstraint(condition=~Q(state="review") | ~Q(finding=""), name="review_says_its_finding"),
            models.CheckConstraint(
                condition=Q(credited=0) | Q(state__in=("paid", "review", "reversed")), name="credited_top_up_was_paid"
            ),
            models.UniqueConstraint(fields=["user", "request_key"], name="top_up_is_asked_for_once"),
            models.UniqueConstraint(
                fields=["gateway", "payment_id"], condition=~Q(payment_id=""), name="payment_belongs_to_one_top_up"
            ),
            models.UniqueConstraint(
                F("gateway"),
                Upper("bank_reference"),
                condition=~Q(bank_reference=""),
                name="bank_line_pays_one_top_up",
            ),
        ]
        indexes = [
            models.Index(F("user"), F("id").desc(), name="top_up_of_user"),
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="top_up_to_check"),
            models.Index(F("state"), F("id").desc(), name="top_up_by_state"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def lost(self) -> Decimal:
        """What was taken back and not given back."""
        return max(self.taken_back - self.given_back, Decimal(0))


class GatewayEvent(models.Model):
    """A webhook whose signature was right, stored once. Handled later by fetching the truth it speaks of."""

    gateway = models.CharField(max_length=16)
    event_id = models.CharField(max_length=200)
    payment_id = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=24, blank=True)
    kind = models.CharField(max_length=80, blank=True)  # the gateway's word
    body = models.TextField(blank=True)  # evidence; cut at 20,000 characters
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)  # null: handled
    tries = models.PositiveIntegerField(default=0)
    handled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    top_up = models.ForeignKey(TopUp, models.PROTECT, null=True, blank=True, related_name="events")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["gateway", "event_id"], name="gateway_event_is_stored_once"),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(handled_at__isnull=True), name="event_is_due_or_handled"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="gateway_event_due"),
            models.Index(fields=["gateway", "payment_id"], name="gateway_event_of_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_id}"
