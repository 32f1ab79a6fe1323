"""Each decision made under a policy, and its appeal. What is recorded never changes; triggers refuse it."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from policies.models.documents import PolicyVersion
from policies.rules.vocabulary import Automation, DecisionOutcome


class Decision(models.Model):
    """What a rule decided about money or service, on which facts, under which clauses. Replayable; never changed.

    inputs, params: canonical JSON (sorted keys, decimals as strings, UTC). amount: account currency, null where no
    money was asked for.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(max_length=60)
    rule_version = models.PositiveSmallIntegerField()
    subject_type = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="decisions")
    clause_refs = ArrayField(models.CharField(max_length=24))
    inputs = models.JSONField()
    inputs_sha256 = models.CharField(max_length=64)
    params = models.JSONField()
    outcome = models.CharField(max_length=24, choices=DecisionOutcome.choices())
    amount = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    detail = models.JSONField(default=dict)  # the reasons: clause, finding, facts
    trace = models.JSONField(default=dict)
    automated = models.CharField(max_length=8, choices=Automation.choices())
    actor = models.CharField(max_length=32)
    as_of = models.DateTimeField()
    decided_at = models.DateTimeField()
    supersedes = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    appeal_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(clause_refs__len__gt=0), name="a_decision_names_its_clauses"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="decided_amount_is_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(automated=Automation.NONE.value) | Q(actor__startswith="staff:"),
                name="what_no_machine_decided_a_person_did",
            ),
        ]
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="decision_of_subject")]

    def __str__(self) -> str:
        return f"{self.rule} on {self.subject_type} {self.subject_id}: {self.outcome}"


class Appeal(models.Model):
    """A customer asks a person to look at a decision again. Asked once, decided once (support 7.5).

    An overturned decision stays as it was; the one that supersedes it says what holds instead.
    """

    class Result(models.TextChoices):
        UPHELD = "upheld", "Upheld"
        OVERTURNED = "overturned", "Overturned"

    decision = models.OneToOneField(Decision, models.PROTECT, related_name="appeal")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    words = models.TextField()  # the customer's own
    result = models.CharField(max_length=12, choices=Result.choices, blank=True)
    decided_by = models.CharField(max_length=32, blank=True)  # an actor, "staff:3"
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)  # told to the customer

    class Meta:
        default_permissions = ("view",)
        permissions = [("decide_appeal", "Can uphold or overturn a decision that was appealed")]
        constraints = [
            models.CheckConstraint(
                condition=Q(result="", decided_by="", decided_at__isnull=True, reason="")
                | ~Q(result="") & ~Q(decided_by="") & ~Q(reason="") & Q(decided_at__isnull=False),
                name="appeal_is_decided_whole_or_not",
            ),
            models.CheckConstraint(condition=~Q(words=""), name="appeal_says_something"),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(result=""), name="appeal_open")]

    def __str__(self) -> str:
        return f"appeal of decision {self.decision_id}"
