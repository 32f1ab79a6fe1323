"""Runs over what was decided before: a draft rehearsed on the past, and the nightly replay. They change nothing."""

from django.db import models
from django.db.models import F, Q

from policies.models.documents import PolicyVersion


class Rehearsal(models.Model):
    """A draft tried on past decisions and open orders: what would have come out otherwise. A tick works it off.

    checksum: of the draft as it was rehearsed; a draft changed since needs another one. decisions: how many of the
    newest. done, total: cases, for the progress bar. result: counts, money and examples once state is "done".
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="rehearsals")
    checksum = models.CharField(max_length=64)
    decisions = models.PositiveIntegerField()
    asked_by = models.CharField(max_length=32)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING.value)
    lease_until = models.DateTimeField(null=True, blank=True)  # compared with the database's clock
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="rehearsal_does_no_more_than_there_is"),
            models.CheckConstraint(
                condition=Q(state__in=("done", "failed"), finished_at__isnull=False)
                | Q(state__in=("waiting", "running"), finished_at__isnull=True),
                name="rehearsal_is_finished_exactly_when_it_ended",
            ),
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(state__in=("waiting", "running")),
                name="one_rehearsal_of_a_draft_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"rehearsal {self.pk} of version {self.version_id}"


class ReplayCheck(models.Model):
    """What a replay of stored decisions came to. differing: how many did not come out as stored; expected none."""

    at = models.DateTimeField(db_index=True)
    milliseconds = models.PositiveIntegerField()
    checked = models.PositiveIntegerField()
    differing = models.PositiveIntegerField()
    report = models.JSONField(default=list)  # the first that differ: id, what was stored, what came out

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.checked} decisions replayed on {self.at:%Y-%m-%d}: {self.differing} differ"
