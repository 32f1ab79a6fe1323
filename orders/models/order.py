"""An order, its timeline, what holds its link, and what needs a person about it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import F, Q

from orders.models.catalogue import Service
from orders.models.provider import Provider
from policies.rules.vocabulary import TERMINAL, Cause, Metric, OrderStatus, Platform, ServiceType

LIVE_WORDS = sorted(status.value for status in OrderStatus if not status.is_terminal)
TERMINAL_WORDS = sorted(status.value for status in TERMINAL)


class OrderQuerySet(models.QuerySet["Order"]):
    def of(self, user_id: int) -> "OrderQuerySet":
        """One customer's orders: every customer's page starts here."""
        return self.filter(user_id=user_id)

    def live(self) -> "OrderQuerySet":
        """Not ended yet."""
        return self.filter(status__in=LIVE_WORDS)


class Order(models.Model):
    """A quantity of one service, for one link, paid from one wallet, under the policies accepted with it.

    The service's terms are columns, frozen when placed (decision 25). quantity: what one delivery of it is to bring, in
    units (a package is 1); units: what is charged and refunded by. How much is delivered stands on its runs.
    drip_runs: the parts that its customer chose; null: the service's own pace. run_interval_minutes: between two parts,
    null for one alone. daily_cap: units that its link may get in any 24 hours for it to be sent, null without a limit.
    """

    class Channel(models.TextChoices):
        WEB = "web", "order form"
        API_V2 = "api_v2", "API v2"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="orders")
    request_key = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001 -- null: the caller sent none
    request_hash = models.CharField(max_length=64)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    placed_at = models.DateTimeField()

    service = models.ForeignKey(Service, models.PROTECT, related_name="orders")
    type = models.CharField(max_length=32, choices=ServiceType.choices())
    platform = models.CharField(max_length=16, choices=Platform.choices())
    metric = models.CharField(max_length=16, choices=Metric.choices())
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="orders")  # when placed; its runs may move on
    provider_service = models.CharField(max_length=64)
    rate = models.DecimalField(max_digits=18, decimal_places=5)
    refill = models.BooleanField()
    refill_days = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_max = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_cap_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_auto = models.BooleanField(default=False)
    cancel = models.BooleanField()
    instant = models.BooleanField(default=False)
    pace_per_hour = models.PositiveIntegerField(null=True, blank=True)
    average_minutes = models.PositiveIntegerField(null=True, blank=True)
    start_window_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    drip_runs = models.PositiveSmallIntegerField(null=True, blank=True)
    run_interval_minutes = models.PositiveIntegerField(null=True, blank=True)
    daily_cap = models.PositiveIntegerField(null=True, blank=True)

    link = models.CharField(max_length=500)  # as typed
    fingerprint = models.CharField(max_length=64)  # SHA-256 of its normal form, hex
    fields = models.JSONField(default=dict)  # what the type asks for beside link and quantity
    quantity = models.PositiveIntegerField()
    units = models.PositiveIntegerField()
    tolerance = models.PositiveIntegerField()  # units
    forecast = models.JSONField(null=True, blank=True)  # what was forecast when placed: `forecasts.Forecast`
    refund_policy = models.ForeignKey("policies.PolicyVersion", models.PROTECT, db_index=False, related_name="+")
    support_policy = models.ForeignKey("policies.PolicyVersion", models.PROTECT, db_index=False, related_name="+")

    charge = models.DecimalField(max_digits=18, decimal_places=5)
    refunded = models.DecimalField(max_digits=18, decimal_places=5, default=0)

    status = models.CharField(max_length=16, choices=OrderStatus.choices(), default=OrderStatus.QUEUED.value)
    cause = models.CharField(max_length=24, choices=Cause.choices(), blank=True)  # why it ended
    ended_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)  # behind another live order on its link
    held_reason = models.CharField(max_length=40, blank=True)
    paused_reason = models.CharField(max_length=40, blank=True)
    slowed = models.BooleanField(default=False)
    issue_open = models.BooleanField(default=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("charge")), name="order_refund_within_charge"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1, units__gte=1), name="order_is_for_at_least_one_unit"),
            models.CheckConstraint(
                condition=Q(status__in=TERMINAL_WORDS, ended_at__isnull=False)
                | Q(status__in=LIVE_WORDS, ended_at__isnull=True),
                name="order_ended_exactly_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, cause="") | Q(ended_at__isnull=False) & ~Q(cause=""),
                name="order_has_a_cause_exactly_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(drip_runs__isnull=True) | Q(drip_runs__gte=2, run_interval_minutes__gte=1),
                name="order_drips_in_two_parts_or_more",
            ),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(daily_cap__gte=1), name="order_daily_cap_lets_something_go"
            ),
            models.UniqueConstraint(fields=["user", "request_key"], name="one_order_a_request_key"),
        ]
        indexes = [
            models.Index(F("user"), F("id").desc(), name="order_of_user"),
            models.Index(F("user"), F("status"), F("id").desc(), name="order_of_user_by_status"),
            models.Index(fields=["fingerprint", "metric", "id"], condition=Q(status="waiting"), name="order_waiting"),
            models.Index(fields=["id"], condition=Q(ended_at__isnull=True) & ~Q(held_reason=""), name="order_held"),
            models.Index(
                fields=["id"],
                condition=Q(ended_at__isnull=True, cancel_requested_at__isnull=False),
                name="order_cancel_asked",
            ),
            models.Index(
                F("service"), F("ended_at").desc(), condition=Q(status="completed"), name="order_completed_of_service"
            ),
            HashIndex(fields=["fingerprint"], name="order_of_link"),  # staff look for the orders of a link
        ]
        permissions = [("handle_order", "Can act on what needs a person")]

    def __str__(self) -> str:
        return f"Order {self.pk}"


class Quote(models.Model):
    """What the customer was shown before paying, kept with the order that it became. Written once.

    quote_id, issued_at, expires_at: of the quote, which serves one order. repeats: it had served another one before, as
    was possible once; false of all that is new. sha256: of the canonical JSON of `content`: price, rate, plan, terms,
    expectations and policy versions as they were shown.
    """

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, related_name="quote")
    quote_id = models.UUIDField()
    repeats = models.BooleanField(default=False, editable=False)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    content = models.JSONField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("issued_at")), name="quote_holds_for_a_while"),
            models.UniqueConstraint(fields=["quote_id"], condition=Q(repeats=False), name="one_order_a_quote"),
        ]

    def __str__(self) -> str:
        return f"quote {self.quote_id} of order {self.order_id}"


class OrderEvent(models.Model):
    """One line of an order's timeline. `policies.wording` turns kind and facts into a sentence."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=24)
    status = models.CharField(max_length=16, blank=True)
    actor = models.CharField(max_length=32)
    clauses = ArrayField(models.CharField(max_length=24), default=list)
    facts = models.JSONField(default=dict)
    public = models.BooleanField(default=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}"


class Flag(models.Model):
    """Something about an order that a person should look at: an impossible number, an unmapped refusal, an unknown."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="flags")
    run = models.ForeignKey("orders.Run", models.CASCADE, null=True, blank=True, related_name="flags")
    kind = models.CharField(max_length=24)
    facts = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=32, blank=True)
    resolution = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "needs a person"
        constraints = [
            models.UniqueConstraint(
                fields=["order", "run", "kind"],
                condition=Q(resolved_at__isnull=True),
                nulls_distinct=False,
                name="a_flag_is_raised_once_while_it_lasts",
            ),
        ]
        indexes = [
            models.Index(fields=["raised_at"], condition=Q(resolved_at__isnull=True), name="flag_open"),
            models.Index(fields=["kind", "id"], condition=Q(resolved_at__isnull=True), name="flag_open_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on order {self.order_id}"


class LinkHold(models.Model):
    """The one order that may be delivered to a link and metric now. Taken by the dispatch claim alone (decision 14)."""

    pk = models.CompositePrimaryKey("fingerprint", "metric")
    fingerprint = models.CharField(max_length=64)
    metric = models.CharField(max_length=16)
    order = models.ForeignKey(Order, models.CASCADE, related_name="link_holds")

    def __str__(self) -> str:
        return f"{self.metric} held by order {self.order_id}"
