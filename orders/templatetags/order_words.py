"""Template filters that write the catalogue's words for people: `{% load order_words %}`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django import template

from orders.models import Order, OrderEvent, Run, Service
from orders.reading.quote_shown import QuoteShown, quote_shown
from orders.reading.standing import Standing
from orders.reading.tries import Try
from plumbing.templatetags.amounts import count
from plumbing.templatetags.amounts import span as spell_span
from policies import wording
from policies.models import Decision, PolicyVersion
from policies.rules.clauses import Reason
from policies.rules.pacing import PlannedRun
from policies.rules.vocabulary import BalanceSays

register = template.Library()

MINUTE = 60
JUST_NOW_SECONDS = 5

_BALANCE = {
    BalanceSays.TAKEN: "The balance fell by what only with this one comes out: it seems to have been taken.",
    BalanceSays.NOT_TAKEN: "The balance fell by what only without this one comes out: it seems not to have been taken.",
    BalanceSays.NOTHING: "",
}

_PLAIN = {None: "–", True: "yes", False: "no"}


@register.filter
def platform_name(platform: str) -> str:
    """A platform as it writes itself: "TikTok"."""
    return wording.platform(platform)


@register.filter
def refill_terms(service: Service | Order) -> str:
    """The refill terms of a service, or of an order that froze them, in a few words."""
    if not service.refill:
        return "No refill"
    if service.refill_days is None:
        return "Refill, window not stated"
    if service.refill_days == 0:
        return "Refill for life"
    return f"Refill {service.refill_days} days"


@register.filter
def pace(per_hour: int | None) -> str:
    """Units an hour in words; without a stated pace, that."""
    return f"about {count(per_hour)} an hour" if per_hour else "not stated"


@register.filter
def sentence(reason: Reason) -> str:
    """A rule's reason as a sentence."""
    return wording.reason(reason)


@register.filter
def status_label(status: str) -> str:
    """An order's status in a word."""
    return wording.status(status)


@register.filter
def last_due(runs: Sequence[PlannedRun]) -> datetime:
    """When the last part of a plan is sent."""
    return runs[-1].due_at


@register.filter
def part_state(part: Run) -> str:
    """Where one part of an order stands, in a few words."""
    return wording.part(part.state, delivered=part.delivered)


@register.filter
def percent(standing: Standing) -> int:
    """How much of an order is delivered, in whole percent, rounded down: 100 only when all of it is."""
    return 100 * standing.delivered // standing.units


@register.filter
def since(later: datetime, earlier: datetime) -> timedelta:
    """The span between two instants."""
    return later - earlier


@register.filter
def ago(span: timedelta) -> str:
    """A short span of the past: "just now", "20 s ago", "5 min ago"."""
    seconds = int(span.total_seconds())
    if seconds < JUST_NOW_SECONDS:
        return "just now"
    return f"{seconds} s ago" if seconds < MINUTE else f"{spell_span(span)} ago"


@register.filter
def event_sentence(event: OrderEvent) -> str:
    """A line of the timeline as a sentence."""
    return wording.event(event.kind, status=event.status, facts=event.facts)


@register.filter
def grounds(decision: Decision) -> tuple[wording.Grounds, ...]:
    """The clauses of a stored decision with their sentences, worded from its reason codes (decision 23)."""
    return wording.decision(decision.detail)


@register.filter
def decision_title(decision: Decision) -> str:
    """What a decision came to."""
    return wording.outcome(decision.outcome, rule=decision.rule)


@register.filter
def as_shown(content: Mapping[str, object]) -> QuoteShown | None:
    """What a kept quote had shown; None where its shape is unknown, and `flat` has to do."""
    return quote_shown(content)


@register.filter
def flat(value: object, path: str = "") -> list[tuple[str, object]]:
    """What is kept as JSON, whatever its shape, as pairs of where and what: "plan / 1 / quantity" and 500."""
    if isinstance(value, Mapping):
        parts = [(str(name).replace("_", " "), each) for name, each in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(str(number), each) for number, each in enumerate(value, start=1)]
    else:
        return [(path, _PLAIN[value] if value is None or isinstance(value, bool) else value)]
    return [pair for name, each in parts for pair in flat(each, f"{path} / {name}" if path else name)]


@register.filter
def is_superseded_in(decision: Decision, decisions: Sequence[Decision]) -> bool:
    """Whether another one of these decisions holds instead."""
    return any(each.supersedes_id == decision.pk for each in decisions)


@register.filter
def version_in_list(decision: Decision) -> list[PolicyVersion]:
    """The one version that a decision was made under, for a template that lists versions."""
    return [decision.policy_version]


@register.filter
def versions_of(order: Order) -> list[PolicyVersion]:
    """The policy versions that govern an order."""
    return [order.refund_policy, order.support_policy]


@register.filter
def balance_says(tried: Try) -> str:
    """What the balances around a try suggest of it; "" where they prove nothing."""
    return _BALANCE[tried.says]
