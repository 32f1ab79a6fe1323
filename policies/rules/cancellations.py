"""Whether an order may still be taken back free of charge (refund.1.4), and why not where it may not."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.rules.clauses import Reason
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import DecisionOutcome, RunState


@dataclass(frozen=True, slots=True)
class CancelFacts:
    """What a cancel is decided on. states: of the order's runs of kind first, each word once or more often."""

    states: Sequence[RunState]


@dataclass(frozen=True, slots=True)
class CancelDecision:
    """Granted (what is then paid back `refunds.decide_refund` says) or refused, and why."""

    outcome: DecisionOutcome
    reasons: tuple[Reason, ...]

    @property
    def granted(self) -> bool:
        return self.outcome is DecisionOutcome.REFUND


def is_free_to_cancel(states: Sequence[RunState]) -> bool:
    """Say whether nothing of an order has been sent, so that "refund.1.4" pays all of it back.

    states: of its runs of kind first. One that came back to the queue counts as unsent: it provably is not upstream.
    One whose refusal nobody understands yet does not: a person looks at it first.
    """
    return bool(states) and all(state is RunState.QUEUED for state in states)


def decide_cancel(order: CancelFacts) -> CancelDecision:
    """Decide a cancel that the customer asks for: granted as long as all of the order waits to be sent."""
    if is_free_to_cancel(order.states):
        return CancelDecision(DecisionOutcome.REFUND, (Reason(clause.FREE_UNTIL_SENT, "cancel_before_sending", {}),))
    return CancelDecision(DecisionOutcome.REFUSE, (Reason(clause.FREE_UNTIL_SENT, _too_late(order.states), {}),))


def _too_late(states: Sequence[RunState]) -> str:
    if all(state is RunState.ENDED for state in states):
        return "cancel_after_end"
    if RunState.PARKED in states:
        return "cancel_with_a_person"
    return "cancel_after_sending"
