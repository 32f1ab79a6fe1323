"""What staff have to know: one row for each cause while it lasts, and kept as history. Shape and constraints only."""

from django.db import models
from django.db.models import F, Q

LONGEST_SUBJECT = 255
LONGEST_KEY = 170  # so that the mail about it has a key as well


class Alarm(models.Model):
    """One cause that staff are told of once, from when it was first seen until it is over (decision 28).

    lasts: its cause is a state, and whoever sees the state end clears it; staff may say that they have seen it. Any
    other is about something that happened, and is over when staff acknowledge it. times: how often it was seen; two
    that saw it in the same moment may count as one. cleared_by, acknowledged_by: "system" or "staff:3".
    """

    key = models.CharField(max_length=LONGEST_KEY)  # of the cause
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    body = models.TextField()
    lasts = models.BooleanField()
    raised_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=40, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [("can_acknowledge_alarm", "Can acknowledge alarms")]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(cleared_at=None), name="one_open_alarm_a_cause"),
            models.CheckConstraint(condition=Q(times__gte=1), name="alarm_was_seen"),
            models.CheckConstraint(
                condition=Q(last_seen_at__gte=F("raised_at")), name="alarm_is_seen_after_it_is_raised"
            ),
            models.CheckConstraint(condition=~Q(subject__regex=r"[\r\n]"), name="alarm_subject_is_one_line"),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by="")
                | Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by=""),
                name="alarm_is_acknowledged_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cleared_at__isnull=True, cleared_by="") | Q(cleared_at__isnull=False) & ~Q(cleared_by=""),
                name="alarm_is_cleared_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(lasts=True) | Q(acknowledged_at__isnull=True) | Q(cleared_at__isnull=False),
                name="alarm_about_an_event_ends_when_acknowledged",
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_open(self) -> bool:
        """Whether staff still have to know."""
        return self.cleared_at is None
