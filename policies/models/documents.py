"""Published policies: documents, versions, clauses. Triggers refuse a change of what is published (support 7.3)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q


class Policy(models.Model):
    """A published document, by its slug: refund, support."""

    slug = models.SlugField(max_length=24, unique=True)
    title = models.CharField(max_length=80)
    required_to_order = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.title


class PolicyVersionQuerySet(models.QuerySet["PolicyVersion"]):
    def published(self) -> "PolicyVersionQuerySet":
        return self.filter(status=PolicyVersion.Status.PUBLISHED.value)

    def in_force(self, now: datetime) -> "PolicyVersionQuerySet":
        """Of these, the newest published version of each policy that has taken effect by `now`.

        A subquery over all versions, so that no other filter can make an older version look like the one in force.
        """
        begun = PolicyVersion.objects.published().filter(effective_from__lte=now)
        newest = begun.order_by("policy_id", "-effective_from").distinct("policy_id")
        return self.filter(pk__in=newest.values("pk"))


class PolicyVersion(models.Model):
    """One version of a policy: its clauses' texts and its parameters. Immutable once published.

    checksum: SHA-256, hex, of the canonical JSON of `content`. checksum_form: 1 is without the summary, for those that
    ship and those begun before it was hashed too; 2 is with it.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT.value)
    effective_from = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    material = models.BooleanField(default=False)
    summary = models.TextField(blank=True)
    params = models.JSONField(default=dict)
    checksum = models.CharField(max_length=64, blank=True)
    checksum_form = models.PositiveSmallIntegerField(default=2, editable=False)
    drafted_by = models.CharField(max_length=32, blank=True)  # an actor, "staff:3" or "system"
    published_by = models.CharField(max_length=32, blank=True)
    approved_by = models.CharField(max_length=32, blank=True)

    objects = PolicyVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_has_its_own_number"),
            models.UniqueConstraint(
                fields=["policy", "effective_from"],
                condition=Q(status="published"),
                name="one_version_takes_effect_at_an_instant",
            ),
            models.CheckConstraint(
                condition=~Q(status="published")
                | Q(effective_from__isnull=False, published_at__isnull=False) & ~Q(checksum=""),
                name="published_version_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__isnull=True) | Q(effective_from__gte=F("published_at")),
                name="version_is_never_retroactive",
            ),
            models.CheckConstraint(condition=Q(checksum_form__in=[1, 2]), name="checksum_form_is_known"),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(status="draft"), name="a_policy_has_one_draft_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(published_by="system") | ~Q(published_by=F("drafted_by")),
                name="a_second_person_publishes",
            ),
        ]
        permissions = [
            ("draft_policy", "Can write the draft of a policy and rehearse it"),
            ("publish_policy", "Can publish a draft that somebody else wrote"),
        ]

    def __str__(self) -> str:
        return f"{self.policy} version {self.number}"

    def content(self) -> dict[str, object]:
        """What the checksum is computed over: slug, number, summary, parameters and clauses in order (support 7.3)."""
        clauses = self.clauses.order_by("position").values_list("ref", "heading", "text")
        return {
            "slug": self.policy.slug,
            "number": self.number,
            **({"summary": self.summary} if self.checksum_form > 1 else {}),
            "params": self.params,
            "clauses": [list(clause) for clause in clauses],
        }


class Clause(models.Model):
    """One numbered sentence as a version words it. Numbers in the text are the version's parameters: {fail_after_h}."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="clauses")
    ref = models.CharField(max_length=24)  # "refund.7.2"
    position = models.PositiveSmallIntegerField()
    heading = models.CharField(max_length=120)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "ref"], name="a_clause_stands_once_in_a_version"),
            models.UniqueConstraint(fields=["version", "position"], name="clauses_stand_in_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.heading}"
