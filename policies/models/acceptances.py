"""Who accepted which version, and when. Only grows."""

from django.conf import settings
from django.db import models

from policies.models.documents import PolicyVersion


class Acceptance(models.Model):
    """A user accepted a version. standing: given with an API key.

    What stands covers later versions too, once they are in force, for orders by key and while one is not revoked
    (decision 25, terms.6.2).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="acceptances", db_index=False)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="acceptances")
    at = models.DateTimeField()
    checksum_shown = models.CharField(max_length=64)
    context = models.CharField(max_length=12)  # order, signup, banner or api
    standing = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "version", "standing"], name="a_version_is_accepted_once"),
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} accepted version {self.version_id}"
