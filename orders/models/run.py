"""One thing to be delivered upstream, and each try to submit it."""

import uuid

from django.db import models
from django.db.models import F, Q

from orders.models.order import Order
from orders.models.provider import Provider, Wave
from policies.rules.vocabulary import RunKind, RunOutcome, RunState, Submission


class RunQuerySet(models.QuerySet["Run"]):
    def first_runs(self) -> "RunQuerySet":
        """The runs that count for status, totals and refunds; refills do not."""
        return self.filter(kind=RunKind.FIRST.value)

    def by_hand(self) -> "RunQuerySet":
        """Those that staff deliver."""
        return self.filter(provider__adapter=Provider.Adapter.MANUAL.value)


class Run(models.Model):
    """One thing to be delivered upstream for an order: the whole of it, a drip-feed part, or a refill.

    Kept for good; accepted upstream at most once. Claimable only when queued and due; due_at is null while its order
    waits, is held or paused (decision 10). due_since: when it first became due, where it was put back or held since.
    provider, provider_service: where it goes, until somebody may have it (adr/0019). attempt: the claim that may write
    the answer. request_id: sent upstream where the provider takes it, random, fixed before the first claim
    (decision 13). delivered: final once ended; while live, `Delivery` has it.
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="runs", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=RunKind.choices(), default=RunKind.FIRST.value)
    quantity = models.PositiveIntegerField()
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="runs", db_index=False)
    provider_service = models.CharField(max_length=64)
    request_id = models.UUIDField(default=uuid.uuid4)
    due_at = models.DateTimeField(null=True, blank=True)
    due_since = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=RunState.choices(), default=RunState.QUEUED.value)
    attempt = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    provider_order_id = models.BigIntegerField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    start_count = models.PositiveIntegerField(null=True, blank=True)
    delivered = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=20, choices=RunOutcome.choices(), blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "number"], name="run_has_its_own_number"),
            models.UniqueConstraint(fields=["provider", "provider_order_id"], name="run_is_one_provider_order"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="run_is_for_at_least_one_unit"),
            models.CheckConstraint(condition=Q(delivered__lte=F("quantity")), name="run_delivers_at_most_its_quantity"),
            models.CheckConstraint(
                condition=~Q(state="submitting") | Q(attempt__isnull=False, lease_until__isnull=False),
                name="run_is_submitted_under_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="live") | Q(provider_order_id__isnull=False), name="run_lives_under_a_provider_order"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="ended") & Q(ended_at__isnull=True, outcome=""),
                name="run_has_an_outcome_exactly_when_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider", "due_at"], condition=Q(state="queued", due_at__isnull=False), name="run_due"
            ),
            models.Index(
                fields=["due_since"], condition=Q(state="queued", due_since__isnull=False), name="run_put_back"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="submitting"), name="run_lease"),
            models.Index(fields=["provider", "id"], condition=Q(state="unknown"), name="run_unknown"),
            models.Index(
                fields=["provider", "provider_service"],
                condition=Q(state__in=["submitting", "unknown", "live"]),
                name="run_upstream",
            ),
            models.Index(fields=["provider", "ended_at"], condition=Q(state="ended"), name="run_ended"),
        ]

    def __str__(self) -> str:
        return f"Run {self.number} of order {self.order_id}"


class Handling(models.Model):
    """Who of the staff delivers a run by hand, since when. taken_by: an actor."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="handling")
    taken_by = models.CharField(max_length=32)
    taken_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"run {self.run_id}, taken by {self.taken_by}"


class RunByHand(Run):
    """A run as staff deliver it: a list of its own in the admin."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "run by hand"
        verbose_name_plural = "runs by hand"


class Attempt(models.Model):
    """One try to submit a run and what came of it: the evidence staff decide an unknown by.

    provider_service: what was asked for there; to whom it went, its wave says.
    detail: the provider's answer, cut and kept as text, never rendered unescaped. with_request_id: whether the provider
    was given the run's request id, so that asking it later proves something.
    """

    id = models.UUIDField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="attempts")
    wave = models.ForeignKey(Wave, models.CASCADE, related_name="attempts")
    provider_service = models.CharField(max_length=64, blank=True, db_default="")
    with_request_id = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    submission = models.CharField(max_length=16, choices=Submission.choices(), blank=True)
    reason = models.CharField(max_length=60, blank=True)
    detail = models.TextField(blank=True)
    provider_order_id = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Attempt {self.id} at run {self.run_id}"
