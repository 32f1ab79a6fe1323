"""What a draft is rehearsed on: where cases come from, and those that were decided before. Reads only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, QuerySet

from policies.models import Decision, PolicyVersion
from policies.rules.rehearsing import Answer, Case, under_draft


@dataclass(frozen=True, slots=True)
class Draft:
    """What is rehearsed. slug: of its policy. params: with the defaults it lacks. decisions: how many of the newest."""

    policy_id: int
    slug: str
    params: Mapping[str, object]
    decisions: int


@dataclass(frozen=True, slots=True)
class Span:
    """Ids to go through from `top` down to `bottom`, both included. count: how many cases there are."""

    count: int
    top: int
    bottom: int


NOTHING = Span(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """Cases of one kind. span: those there are now. read: the newest of a span, at most `limit`, with their ids."""

    span: Callable[[Draft], Span]
    read: Callable[[Draft, Span, int, datetime], Sequence[tuple[int, Case]]]


def decisions_to_rehearse(policy_id: int, *, most: int) -> int:
    """On how many decisions a draft of this policy has to be tried: all there are, at most `most` (docs/adr/0014)."""
    return _decisions_of(policy_id)[:most].count()


def _decisions_of(policy_id: int) -> QuerySet[Decision]:
    """Those that hold: where a person decided again, no number changes what came of the case in all."""
    versions = PolicyVersion.objects.filter(policy_id=policy_id).values_list("pk", flat=True)
    return Decision.objects.filter(policy_version__in=list(versions), superseded_by__isnull=True).order_by("-id")


def _newest_decisions(draft: Draft) -> Span:
    newest = _decisions_of(draft.policy_id)[: draft.decisions]
    ends = newest.aggregate(number=Count("id"), top=Max("id"), bottom=Min("id"))
    return Span(ends["number"], ends["top"], ends["bottom"]) if ends["number"] else NOTHING


def _decided_before(draft: Draft, span: Span, limit: int, now: datetime) -> Sequence[tuple[int, Case]]:
    found = _decisions_of(draft.policy_id).filter(id__range=(span.bottom, span.top))
    return [(decision.pk, _case(decision, draft)) for decision in found[:limit]]


def _case(decision: Decision, draft: Draft) -> Case:
    before = Answer(decision.outcome, decision.amount, decision.clause_refs[0])
    after = under_draft(
        before, rule=decision.rule, version=decision.rule_version, inputs=decision.inputs, params=draft.params
    )
    return Case(decision.subject_type, decision.subject_id, decision.pk, before, after)


DECISIONS = Source(_newest_decisions, _decided_before)
