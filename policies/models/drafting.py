"""Who wrote a draft, and what became of it. Only grows; the database refuses a publisher who wrote any of it."""

from django.db import models
from django.db.models import F, Q

from policies.models.documents import Policy


class DraftAct(models.Model):
    """One act on a draft: begun, written, discarded or published, by whom and when.

    draft_id: of the version, without a constraint: a discarded draft's row is gone, and what was done with it stays.
    facts: what a writing changed, or what was published.
    """

    class Kind(models.TextChoices):
        BEGUN = "begun", "Begun"
        WRITTEN = "written", "Written"
        DISCARDED = "discarded", "Discarded"
        PUBLISHED = "published", "Published"

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="draft_acts")
    draft_id = models.BigIntegerField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    actor = models.CharField(max_length=32)
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=~Q(actor=""), name="draft_act_says_who")]
        indexes = [models.Index(F("draft_id"), F("id").desc(), name="act_on_draft")]

    def __str__(self) -> str:
        return f"draft {self.draft_id} {self.kind} by {self.actor}"
