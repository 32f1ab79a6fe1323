"""Whether a decision may be appealed, and what an overturned one pays back (refund.11.2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policies.rules import money
from policies.rules.clauses import Reason, Value
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import DecisionOutcome, Word


class Redress(Word):
    """What somebody who disagrees with a decision can do about it inside the panel."""

    POSSIBLE = "possible"
    ASKED = "asked"  # a person is looking at it
    ANSWERED = "answered"  # a person has looked at it
    SUPERSEDED = "superseded"  # another decision holds instead
    FINAL = "final"  # it came out of an appeal itself
    OVER = "over"  # the days for it have passed


@dataclass(frozen=True, slots=True)
class RedressFacts:
    """What decides about redress. until: the instant at which it is over, None for a final decision."""

    until: datetime | None
    asked: bool
    answered: bool
    superseded: bool


def redress(decision: RedressFacts, *, now: datetime) -> Redress:
    """Say whether a decision may be appealed now (refund.11.2): once, before `until` and no longer at that instant."""
    if decision.answered:
        return Redress.ANSWERED
    if decision.asked:
        return Redress.ASKED
    if decision.superseded:
        return Redress.SUPERSEDED
    if decision.until is None:
        return Redress.FINAL
    return Redress.POSSIBLE if now < decision.until else Redress.OVER


@dataclass(frozen=True, slots=True)
class OverturnFacts:
    """What an overturned decision is reckoned from. Account currency, scale 5.

    granted: what a person says should have been paid back for the order in all; refunded: what has been already.
    package: sold whole, refunded whole or not at all.
    """

    charge: Decimal
    refunded: Decimal
    granted: Decimal
    package: bool = False


@dataclass(frozen=True, slots=True)
class OverturnDecision:
    """An amount to pay back (zero when refused) and why."""

    amount: Decimal
    outcome: DecisionOutcome
    reasons: tuple[Reason, ...]


def decide_overturned(case: OverturnFacts) -> OverturnDecision:
    """Decide what an overturned decision pays back: the difference between what was granted and what went back.

    An appeal never takes money away and never gives back more than was charged.
    """
    if case.granted > case.charge:
        return _refuse("appeal_above_charge", charge=case.charge)
    if case.granted < case.refunded:
        return _refuse("appeal_takes_nothing_away", refunded=case.refunded)
    if case.granted == case.refunded:
        return _refuse("appeal_adds_nothing", refunded=case.refunded)
    if case.package and case.granted != case.charge:
        return _refuse("appeal_package_whole", charge=case.charge)
    due = case.granted - case.refunded
    facts: dict[str, Value] = {"amount": due, "granted": case.granted}
    reason = Reason(clause.HOW_REVIEWED, "appeal_overturned", facts)
    return OverturnDecision(due, DecisionOutcome.REFUND, (reason,))


def _refuse(finding: str, **facts: Value) -> OverturnDecision:
    return OverturnDecision(money.ZERO, DecisionOutcome.REFUSE, (Reason(clause.HOW_REVIEWED, finding, facts),))
