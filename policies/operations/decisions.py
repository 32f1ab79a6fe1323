"""Writing down what was decided, in the transaction that acts on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F

from plumbing import canonical
from policies.models import Decision, PolicyVersion
from policies.operations.versions import read
from policies.rules import registry
from policies.rules.clauses import Reason, Value, defaults, parameter
from policies.rules.vocabulary import DecisionOutcome


class UnknownClause(Exception):
    """A decision that cites what its policy version does not contain, or nothing at all."""


def record_decision(
    *,
    rule: str,
    subject_type: str,
    subject_id: int,
    version_id: int,
    inputs: Mapping[str, object],
    outcome: DecisionOutcome,
    reasons: Sequence[Reason],
    actor: str,
    now: datetime,
    amount: Decimal | None = None,
    trace: Mapping[str, object] | None = None,
    supersedes_id: int | None = None,
    final: bool = False,
) -> Decision:
    """Write down what a rule decided, in the transaction that acts on it (decision 24).

    rule: a registered one's name, as "refunds.decide_refund". inputs: the rule's facts. version_id: the version that
    governs the subject. amount: account currency, None where no money was asked for. final: cannot be appealed.
    Raises UnknownClause for a ground the version lacks, KeyError for a rule that is not registered.
    """
    published, known = read(version_id), registry.current(rule)
    refs = list(dict.fromkeys(reason.clause.id for reason in reasons))
    if not refs or not published.refs.issuperset(refs):
        raise UnknownClause(f"{rule} cites {refs} under version {version_id}")
    facts = canonical.plain(inputs)
    return Decision.objects.create(
        rule=rule,
        rule_version=known.version,
        subject_type=subject_type,
        subject_id=subject_id,
        policy_version_id=version_id,
        clause_refs=refs,
        inputs=facts,
        inputs_sha256=canonical.digest(facts),
        params=effective_params(published.version),
        outcome=outcome.value,
        amount=amount,
        detail={"reasons": [stored_reason(reason) for reason in reasons]},
        trace=canonical.plain(trace or {}),
        automated=known.automated.value,
        actor=actor,
        as_of=now,
        decided_at=now,
        supersedes_id=supersedes_id,
        appeal_until=None if final else now + timedelta(days=parameter(published.version.params, "appeal_days")),
    )


def was_decided(*, rule: str, subject_type: str, subject_id: int, inputs: Mapping[str, object]) -> bool:
    """Whether a rule was asked about a subject before, on the very same facts."""
    about = Decision.objects.filter(subject_type=subject_type, subject_id=subject_id, rule=rule)
    return about.filter(inputs_sha256=canonical.digest(canonical.plain(inputs))).exists()


def stored_reason(reason: Reason) -> dict[str, object]:
    """A reason as a decision's row keeps it, in JSON's own types."""
    return {"clause": reason.clause.id, "finding": reason.finding, "facts": canonical.plain(reason.facts)}


def decisions_on(*, subject_type: str, subject_id: int) -> Sequence[Decision]:
    """The decisions on one subject, the oldest first, with their policy version and their appeal."""
    found = Decision.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return tuple(found.select_related("policy_version__policy", "appeal").order_by(F("decided_at"), F("id")))


def effective_params(version: PolicyVersion) -> dict[str, Value]:
    """A version's parameters with the defaults it lacks: what a rule reads today, kept beside the decision for ever."""
    return {**defaults(version.policy.slug), **version.params}
