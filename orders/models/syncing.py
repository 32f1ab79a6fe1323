"""What a provider's list said when it was read, and each difference from what we sell: staged, then decided."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from orders.models.catalogue import Service
from orders.models.provider import Provider
from policies.rules.syncing import Kind

if TYPE_CHECKING:
    from datetime import datetime

LABELS = {
    Kind.NEW: "new",
    Kind.GONE: "gone from the list",
    Kind.BACK: "sold again",
    Kind.COST: "what the provider takes",
    Kind.PAUSE: "paused",
    Kind.PRICE: "our price",
    Kind.NARROWER: "fewer quantities",
    Kind.WIDER: "more quantities",
    Kind.LESS: "less promised",
    Kind.MORE: "more promised",
    Kind.NAME: "name",
    Kind.DESCRIPTION: "description",
    Kind.CATEGORY: "category",
    Kind.TYPE: "type",
    Kind.SPEED: "stated speed",
}


class CatalogueSync(models.Model):
    """One reading of a provider's list. A reading that says the same again is the same row, checked later.

    finding: why it is refused or failed, or what is odd about it. listed: entries that make sense; unreadable,
    left_out: others. missing: services on sale that are not listed.
    """

    class State(models.TextChoices):
        OPEN = "open", "waits for staff"
        DONE = "done", "done"
        SUPERSEDED = "superseded", "a later list came"
        REFUSED = "refused", "not believed"
        FAILED = "failed", "not read"

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="syncs")
    state = models.CharField(max_length=10, choices=State.choices)
    finding = models.CharField(max_length=200, blank=True)
    fetched_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    listed = models.PositiveIntegerField(default=0)
    unreadable = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    list_sha256 = models.CharField(max_length=64, blank=True)  # of the entries as they were read

    class Meta:
        default_permissions = ("view",)
        permissions = [("apply_sync", "Can decide what a provider's list changes")]
        verbose_name = "provider's list"
        verbose_name_plural = "providers' lists"
        constraints = [
            models.UniqueConstraint(
                fields=["provider"], condition=Q(state="open"), name="one_list_a_provider_waits_for_staff"
            ),
            models.CheckConstraint(
                condition=Q(checked_at__gte=models.F("fetched_at")), name="a_list_is_checked_after_it_came"
            ),
        ]
        indexes = [models.Index(fields=["provider", "-checked_at"], name="newest_list_of_a_provider")]

    def __str__(self) -> str:
        return f"list {self.pk} of provider {self.provider_id}"


class SyncChangeQuerySet(models.QuerySet["SyncChange"]):
    def waiting(self) -> "SyncChangeQuerySet":
        """Those nobody and nothing has decided."""
        return self.filter(state=SyncChange.State.WAITING)

    def safe(self) -> "SyncChangeQuerySet":
        """Those that wait and may happen without a person."""
        return self.waiting().filter(safe=True)


class SyncChange(models.Model):
    """One difference between a list and what we sell. before, after: columns as JSON, amounts as text.

    service: null for what is new. safe: it may happen without a person. problem: why it could not be applied.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waits"
        APPLIED = "applied", "applied"
        DISMISSED = "dismissed", "dismissed"
        REFUSED = "refused", "could not be applied"
        SUPERSEDED = "superseded", "a later list came"

    sync = models.ForeignKey(CatalogueSync, models.CASCADE, related_name="changes")
    provider_service = models.CharField(max_length=64)
    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="sync_changes")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=12, choices=[(kind.value, LABELS[kind]) for kind in Kind])
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    safe = models.BooleanField()
    finding = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING.value)
    problem = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=32, blank=True)

    objects = SyncChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        verbose_name = "change in a provider's list"
        verbose_name_plural = "changes in providers' lists"
        constraints = [
            models.UniqueConstraint(
                fields=["sync", "provider_service", "service", "kind"],
                nulls_distinct=False,
                name="a_list_says_a_thing_once",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
                name="a_decided_change_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["sync", "id"], condition=Q(state="waiting"), name="sync_changes_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.provider_service}"

    def decide(self, state: State, *, at: "datetime", by: str, problem: str = "") -> None:
        """Note what became of it, in memory."""
        self.state, self.decided_at, self.decided_by, self.problem = state.value, at, by, problem[:200]
