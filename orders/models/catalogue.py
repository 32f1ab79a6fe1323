"""What is sold, by which route it is delivered, at what price to whom, and each change of it."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from orders.models.provider import Provider
from policies.rules.syncing import Why
from policies.rules.vocabulary import Metric, Platform, ServiceType


class Category(models.Model):
    """A heading of the services page."""

    name = models.CharField(max_length=120, unique=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class ServiceQuerySet(models.QuerySet["Service"]):
    def on_sale(self) -> "ServiceQuerySet":
        """What a customer may order now: active, and with a way to a provider that works for us."""
        ways = Route.objects.filter(service=OuterRef("pk"), enabled=True, provider__enabled=True)
        return self.filter(Exists(ways), active=True)


class Service(models.Model):
    """One thing sold: visibility of one metric on one platform (R48). Orders copy its terms when placed (decision 25).

    rate: price per 1000 units, or of one package. pace_per_hour: units an hour. run_size: units sent upstream at once.
    refill_days: 0 means for life, null means not stated. dripfeed: whether a customer may choose the parts. daily_cap:
    units that one link gets in any 24 hours; null means as many as its largest order, 0 means no limit (R18).
    """

    category = models.ForeignKey(Category, models.PROTECT, related_name="services")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    delivers = models.TextField(blank=True)  # what is really delivered and how (decision 16)
    platform = models.CharField(max_length=16, choices=Platform.choices())
    metric = models.CharField(max_length=16, choices=Metric.choices())
    type = models.CharField(max_length=32, choices=ServiceType.choices(), default=ServiceType.DEFAULT.value)
    rate = models.DecimalField(max_digits=18, decimal_places=5)
    min_quantity = models.PositiveIntegerField()
    max_quantity = models.PositiveIntegerField()
    refill = models.BooleanField(default=False)
    refill_days = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_max = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_cap_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    refill_auto = models.BooleanField(default=False)
    cancel = models.BooleanField(default=False)
    dripfeed = models.BooleanField(default=False)
    instant = models.BooleanField(default=False)
    pace_per_hour = models.PositiveIntegerField(null=True, blank=True)
    average_minutes = models.PositiveIntegerField(null=True, blank=True)
    start_window_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    run_size = models.PositiveIntegerField(null=True, blank=True)
    run_interval_minutes = models.PositiveIntegerField(null=True, blank=True)
    daily_cap = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Units that one link gets in any 24 hours. Empty: as many as the largest order. 0: no limit at all.",
    )
    active = models.BooleanField(default=True)
    inactive_reason = models.CharField(max_length=200, blank=True)
    # Staff let a text stand that the claims check refuses: why, who, and which text (SHA-256, hex).
    claims_reason = models.CharField(max_length=300, blank=True)
    claims_allowed_by = models.CharField(max_length=32, blank=True)
    claims_text_sha256 = models.CharField(max_length=64, blank=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(min_quantity__gte=1, max_quantity__gte=F("min_quantity")),
                name="service_quantities_make_sense",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0), name="service_rate_is_not_negative"),
            models.CheckConstraint(
                condition=Q(instant=False) | Q(description__icontains="instant"),
                name="service_is_instant_only_if_its_description_says_so",
            ),
            models.CheckConstraint(
                condition=Q(metric__in=[m.value for m in Metric]) | Q(metric="", active=False),
                name="service_counts_a_visibility_metric",
            ),
        ]
        indexes = [
            models.Index(fields=["category", "id"], condition=Q(active=True), name="service_on_sale"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"


class ServiceHistory(models.Model):
    """How long completed orders of a service took, by size: what a forecast is read from. A tick measures it.

    size: floor(log2(units)). p10_s, p50_s, p90_s: seconds from placing to completion that one in ten, half, and nine in
    ten, needed; start_…: to the first progress that was seen. Null until the next tick where they are new.
    """

    service = models.ForeignKey(Service, models.CASCADE, db_index=False, related_name="history")
    size = models.PositiveSmallIntegerField()
    sample = models.PositiveIntegerField()
    p50_s = models.PositiveIntegerField()
    p90_s = models.PositiveIntegerField()
    p10_s = models.PositiveIntegerField(null=True)
    start_p10_s = models.PositiveIntegerField(null=True)
    start_p50_s = models.PositiveIntegerField(null=True)
    start_p90_s = models.PositiveIntegerField(null=True)
    measured_at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        verbose_name = "forecast"
        constraints = [
            models.UniqueConstraint(fields=["service", "size"], name="a_size_is_measured_once"),
            models.CheckConstraint(condition=Q(p90_s__gte=F("p50_s")), name="nine_in_ten_take_no_less_than_half"),
            models.CheckConstraint(condition=Q(p50_s__gte=F("p10_s")), name="half_take_no_less_than_one_in_ten"),
            models.CheckConstraint(
                condition=Q(start_p90_s__gte=F("start_p50_s"), start_p50_s__gte=F("start_p10_s")),
                name="nine_in_ten_begin_no_sooner_than_half",
            ),
        ]

    def __str__(self) -> str:
        return f"service {self.service_id}, orders of about {2**self.size}"


class Route(models.Model):
    """How a service reaches a provider. The lowest priority number is tried first.

    cost: what the provider charges per 1000 (or per package), in the provider's currency. capacity: runs of that
    service of its own that it has at once, None without a limit; the others wait, first come, first served (R12).
    closed_because: why an import closed it, so that an import may open it again.
    """

    class Closed(models.TextChoices):
        GONE = Why.GONE.value, "gone from the provider's list"
        COST = Why.COST.value, "the provider takes too much"
        TYPE = Why.TYPE.value, "the provider changed its type"

    service = models.ForeignKey(Service, models.CASCADE, related_name="routes")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="routes")
    provider_service = models.CharField(max_length=64)
    cost = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    priority = models.PositiveSmallIntegerField(default=1)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    closed_because = models.CharField(max_length=4, choices=Closed.choices, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_because="") | Q(enabled=False), name="a_route_closed_by_an_import_is_closed"
            ),
            models.UniqueConstraint(fields=["service", "priority"], name="one_route_a_priority"),
            models.UniqueConstraint(fields=["service", "provider", "provider_service"], name="a_route_is_listed_once"),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gte=1), name="route_takes_at_least_one_run"
            ),
        ]
        indexes = [models.Index(fields=["provider", "provider_service"], name="route_of_provider_service")]

    def __str__(self) -> str:
        return f"service {self.service_id} by provider {self.provider_id} as {self.provider_service}"


class PriceRule(models.Model):
    """A rate for one customer or one group, instead of the service's (decision 19)."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="price_rules")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
    group = models.ForeignKey("accounts.CustomerGroup", models.CASCADE, null=True, blank=True)
    rate = models.DecimalField(max_digits=18, decimal_places=5)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="price_is_for_a_customer_or_a_group",
            ),
            models.UniqueConstraint(fields=["service", "user"], name="one_price_a_service_and_customer"),
            models.UniqueConstraint(fields=["service", "group"], name="one_price_a_service_and_group"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.rate} for service {self.service_id}"


class CatalogueChange(models.Model):
    """What changed about a service, and when: the updates feed. The newest id is the catalogue's version."""

    class Kind(models.TextChoices):
        NEW = "new"
        RATE = "rate"
        TERMS = "terms"
        ENABLED = "enabled"
        DISABLED = "disabled"
        GONE = "gone"  # no longer in the provider's list
        PRICE = "price"  # what one customer or group pays: nobody else is told

    service = models.ForeignKey(Service, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.CharField(max_length=32)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} of service {self.service_id}"
