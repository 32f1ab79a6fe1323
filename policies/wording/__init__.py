"""Codes into sentences: reasons, refusals, statuses and timeline events, in the reader's language.

The rules hold no prose; this package holds nothing else. Facts come from a rule or, as text, from a stored decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from plumbing.templatetags import amounts
from policies.rules.clauses import CLAUSE_BY_ID, Reason
from policies.rules.eligibility import Refusal
from policies.rules.vocabulary import OrderStatus, Platform, RunState
from policies.wording import sentences

Facts = Mapping[str, object]

_MONEY = frozenset(
    {"amount", "refunded", "price", "balance", "short", "refund", "shown", "limit", "left", "charge", "granted"}
)
_SPANS = frozenset({"p10_s", "p50_s", "p90_s", "start_p50_s", "start_p90_s", "wait_s"})  # seconds
_PLATFORMS = {Platform.TIKTOK: "TikTok", Platform.YOUTUBE: "YouTube"}  # the others are written as any name is


@dataclass(frozen=True, slots=True)
class Grounds:
    """One clause as it applied to a case: for a chip that links to the policy, and the sentence beside it."""

    clause_id: str
    heading: str
    sentence: str

    @property
    def policy(self) -> str:
        """The slug of the policy to link to."""
        return self.clause_id.partition(".")[0]


def reason(each: Reason) -> str:
    """A reason as a sentence, with its numbers."""
    return finding(each.finding, each.facts)


def finding(code: str, facts: Facts) -> str:
    """A finding's sentence. facts: as the rule named them; amounts and counts are written for people here."""
    return str(sentences.FINDINGS[code]) % _shown(facts)


def grounds(reasons: Iterable[Reason]) -> tuple[Grounds, ...]:
    """Reasons with their clauses, as a page lists them."""
    return tuple(Grounds(each.clause.id, each.clause.heading, reason(each)) for each in reasons)


def decision(detail: Mapping[str, object]) -> tuple[Grounds, ...]:
    """The grounds of a stored decision, from its `detail`, worded today from the codes and numbers of then."""
    stored = detail.get("reasons", [])
    assert isinstance(stored, list)
    return tuple(
        Grounds(each["clause"], CLAUSE_BY_ID[each["clause"]].heading, finding(each["finding"], each["facts"]))
        for each in stored
    )


def outcome(code: str, *, rule: str) -> str:
    """What a decision by a rule came to, in a word or two."""
    return str(sentences.OUTCOMES_OF.get((rule, code), sentences.OUTCOMES[code]))


def refusal(each: Refusal) -> str:
    """Why an order is not taken, as a message at its field."""
    return str(sentences.REFUSALS[each.code]) % _shown(each.facts)


def platform(code: str) -> str:
    """A platform as it writes itself: "TikTok"."""
    return _PLATFORMS.get(Platform(code), Platform(code).value.capitalize())


def status(code: str) -> str:
    """An order status as its label."""
    return str(sentences.STATUSES[OrderStatus(code)])


def part(state: str, *, delivered: int) -> str:
    """Where one part of an order stands. delivered: units, final once it has ended."""
    return str(sentences.PARTS[RunState(state)]) % _shown({"delivered": delivered})


def event(kind: str, *, status: str = "", facts: Facts | None = None) -> str:
    """A line of an order's timeline. kind "status" is told by the status it names, with numbers where it has them."""
    known = facts or {}
    plain, numbered = (
        sentences.STATUS_EVENTS[OrderStatus(status)] if kind == "status" else (sentences.EVENTS[kind], None)
    )
    if numbered is not None and {"delivered", "units"} <= set(known):
        return str(numbered) % _shown({"refund": Decimal(0), **known})
    return str(plain) % _shown(known)


def _shown(facts: Facts) -> dict[str, str]:
    return {name: _show(name, value) for name, value in facts.items()}


def _kinds(told: str) -> str:
    """Kinds of links with their articles: "a post or an album"."""
    return " or ".join(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" for kind in told.split(", "))


_IN_WORDS = {"platform": platform, "wanted_platform": platform, "link_kind": _kinds, "wanted_kinds": _kinds}


def _show(name: str, value: object) -> str:
    if name in _MONEY:
        try:
            return amounts.amount(Decimal(str(value)))
        except InvalidOperation:
            return str(value)
    if name in _SPANS:
        return amounts.span(timedelta(seconds=int(str(value))))
    if name in _IN_WORDS:
        return _IN_WORDS[name](str(value))
    if isinstance(value, int):
        return amounts.count(value)
    return "" if value is None else str(value)
