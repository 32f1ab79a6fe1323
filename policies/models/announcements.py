"""How far customers have been told of a change by mail. Shape and constraints only."""

from django.db import models

from policies.models.documents import PolicyVersion


class Announcement(models.Model):
    """A material change that customers are told by mail; written with its publication, worked off by a tick.

    after: the user up to whom, by id, everybody concerned has been told. told: mails queued. finished_at: when nobody
    was left.
    """

    version = models.OneToOneField(PolicyVersion, models.PROTECT, primary_key=True, related_name="announcement")
    after = models.BigIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(
                fields=["version"], condition=models.Q(finished_at__isnull=True), name="announcement_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"announcement of version {self.version_id}"
