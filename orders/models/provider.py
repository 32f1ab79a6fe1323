"""Who delivers upstream, the leases that let one worker at a time talk to them, and the waves sent."""

from datetime import datetime, timedelta

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from plumbing.secrets import EncryptedTextField

AT_LEAST_NOTHING = MinValueValidator(0)
LONGEST_READING = timedelta(minutes=5)  # of a list: whoever takes longer has died, and is followed by another


class ProviderQuerySet(models.QuerySet["Provider"]):
    def open(self, now: datetime) -> "ProviderQuerySet":
        """Those that may be called now: enabled, not paused, not to be left in peace."""
        waited = Q(backoff_until__isnull=True) | Q(backoff_until__lte=now)
        return self.called().filter(waited, enabled=True, paused_at__isnull=True)

    def called(self) -> "ProviderQuerySet":
        """Those that are spoken to over HTTP; at the others staff deliver."""
        return self.exclude(adapter=Provider.Adapter.MANUAL.value)

    def listing(self) -> "ProviderQuerySet":
        """Those that have a list to read, and are switched on."""
        return self.filter(enabled=True, adapter=Provider.Adapter.API_V2)

    def list_due(self, now: datetime) -> "ProviderQuerySet":
        """Those whose list is to be read: asked for, or its interval is over, or it was never read."""
        never = Q(sync_due_at__isnull=True, sync_minutes__gt=0)
        return self.listing().filter(Q(sync_due_at__lte=now) | never)


class Provider(models.Model):
    """An upstream that delivers. Deadlines in seconds; concurrency in calls at once (decision 12).

    The breaker is one for all workers. Closed: opened_at is None. Open: it is set, and backoff_until is to come. Half
    open: that is past, and one `balance` call decides; an order is never the probe.
    """

    class Adapter(models.TextChoices):
        API_V2 = "api_v2", "API v2 over HTTP"
        MANUAL = "manual", "by hand: staff deliver and report"

    name = models.CharField(max_length=60, unique=True)
    adapter = models.CharField(max_length=16, choices=Adapter.choices, default=Adapter.API_V2.value)
    api_url = models.URLField(max_length=300, blank=True)
    api_key = EncryptedTextField(blank=True)
    enabled = models.BooleanField(default=True)
    request_ids = models.BooleanField(default=False)  # advertised on `balance`: unknowns heal by asking (decision 13)
    add_deadline = models.PositiveSmallIntegerField(default=35)
    balance_deadline = models.PositiveSmallIntegerField(default=5)
    poll_deadline = models.PositiveSmallIntegerField(default=30)
    concurrency = models.PositiveSmallIntegerField(default=8)
    poll_concurrency = models.PositiveSmallIntegerField(default=8)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=200, blank=True)
    backoff_until = models.DateTimeField(null=True, blank=True)  # not sent or asked to wait: no new wave before this
    failures = models.PositiveSmallIntegerField(default=0)  # calls in a row that came to nothing
    opened_at = models.DateTimeField(null=True, blank=True)  # the breaker; None: closed
    sends_per_minute = models.PositiveSmallIntegerField(null=True, blank=True)  # None: no limit
    watched_since = models.DateTimeField(null=True, blank=True)  # passes came without a gap from then to `watched_at`
    watched_at = models.DateTimeField(null=True, blank=True)
    balance = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    balance_at = models.DateTimeField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    sync_minutes = models.PositiveSmallIntegerField(default=60)  # between two readings of its list; 0: only when asked
    sync_due_at = models.DateTimeField(null=True, blank=True)  # of the next reading; null: at once, or never with 0
    sync_since = models.DateTimeField(null=True, blank=True)  # its list is being read since then
    markup_percent = models.DecimalField(max_digits=7, decimal_places=2, default=30, validators=[AT_LEAST_NOTHING])
    least_margin_percent = models.DecimalField(  # of our rate; what leaves less is paused
        max_digits=4, decimal_places=2, default=5, validators=[AT_LEAST_NOTHING]
    )

    objects = ProviderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(concurrency__gte=1, poll_concurrency__gte=1, add_deadline__gte=1),
                name="provider_takes_at_least_one_call",
            ),
            models.CheckConstraint(
                condition=Q(markup_percent__gte=0, least_margin_percent__gte=0), name="provider_prices_make_sense"
            ),
            models.CheckConstraint(
                condition=Q(sends_per_minute__isnull=True) | Q(sends_per_minute__gte=1),
                name="provider_takes_at_least_one_run_a_minute",
            ),
            models.CheckConstraint(
                condition=Q(adapter="manual") | ~Q(api_url=""), name="provider_is_called_at_an_address_or_by_hand"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_manual(self) -> bool:
        """Whether staff deliver what goes there."""
        return self.adapter == Provider.Adapter.MANUAL.value


class ProviderLease(models.Model):
    """At most one worker for one kind of work at a provider. Compared with the database's clock only (decision 12)."""

    class Work(models.TextChoices):
        DISPATCH = "dispatch"
        POLL = "poll"
        ASK = "ask"
        CANCEL = "cancel"
        REFILL = "refill"

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="leases")
    work = models.CharField(max_length=8, choices=Work.choices)
    token = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "work"], name="one_lease_a_provider_and_work")]

    def __str__(self) -> str:
        return f"{self.work} at provider {self.provider_id}"


class Wave(models.Model):
    """Runs sent to a provider together, with its balance before and after: evidence for what became of them.

    `void`: money came back in between, so the difference proves nothing.
    """

    provider = models.ForeignKey(Provider, models.PROTECT, related_name="waves", db_index=False)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    sent = models.PositiveSmallIntegerField()
    balance_before = models.DecimalField(max_digits=18, decimal_places=5, null=True)
    balance_after = models.DecimalField(max_digits=18, decimal_places=5, null=True)
    void = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["provider", "started_at"], name="wave_of_provider")]

    def __str__(self) -> str:
        return f"Wave {self.pk} of {self.sent} to provider {self.provider_id}"
