"""What was done about money besides moving it, and the results of verifying the books. Only ever added to."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Event(models.Model):
    """One act: who did what about which row, when and why. facts: canonical JSON values, amounts as strings."""

    subject_type = models.CharField(max_length=32)  # "top_up", "adjustment", "payout", "safeguard"
    subject_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=40)
    actor = models.CharField(max_length=64)
    reason = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(kind="") & ~Q(actor=""), name="event_says_what_and_who"),
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="event_of_subject"),
            models.Index(F("user"), F("id").desc(), name="event_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject_type} {self.subject_id}"


class LedgerCheck(models.Model):
    """One result of `verify_ledger`. differing: rows that differ over all checks; report: what it printed as JSON."""

    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    entries = models.BigIntegerField()
    differing = models.PositiveIntegerField()
    report = models.JSONField()

    class Meta:
        default_permissions = ("view",)
        get_latest_by = "id"

    def __str__(self) -> str:
        return f"{self.differing} differ"
