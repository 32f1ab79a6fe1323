"""Whether an order may be taken back: at once what was not sent (refund.1.4), else by its provider (refund.7.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.rules.clauses import Reason
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import DecisionOutcome, RunState

_MAY_BE_UPSTREAM = frozenset({RunState.SUBMITTING, RunState.UNKNOWN, RunState.LIVE})


@dataclass(frozen=True, slots=True)
class CancelFacts:
    """What a cancel is decided on. states: of the order's runs of kind first, each word once or more often.

    offered: whether its service takes a cancel after sending, as it was when it was ordered. declined: whether the
    provider, asked, said no.
    """

    states: Sequence[RunState]
    offered: bool = False
    declined: bool = False


@dataclass(frozen=True, slots=True)
class CancelDecision:
    """Granted (what is then paid back `refunds.decide_refund` says), left to the provider, or refused; and why."""

    outcome: DecisionOutcome
    reasons: tuple[Reason, ...]

    @property
    def granted(self) -> bool:
        """Whether it happens now."""
        return self.outcome is DecisionOutcome.REFUND

    @property
    def asks(self) -> bool:
        """Whether the provider is asked, and money moves on its word alone."""
        return self.outcome is DecisionOutcome.WAIT


def is_free_to_cancel(states: Sequence[RunState]) -> bool:
    """Say whether nothing of an order has been sent, so that "refund.1.4" pays all of it back.

    states: of its runs of kind first. One that came back to the queue counts as unsent: it provably is not upstream.
    One whose refusal nobody understands yet does not: a person looks at it first.
    """
    return bool(states) and all(state is RunState.QUEUED for state in states)


def decide_cancel(order: CancelFacts) -> CancelDecision:
    """Decide a cancel that the customer asks for.

    Granted while all of the order waits to be sent, or all that is left of it; asked of the provider where something
    may be there and the service offers that; else refused.
    """
    if is_free_to_cancel(order.states):
        return _decided(DecisionOutcome.REFUND, "cancel_before_sending")
    if set(order.states) == {RunState.QUEUED, RunState.ENDED}:
        return _decided(DecisionOutcome.REFUND, "cancel_the_rest")
    if order.declined:
        return _decided(DecisionOutcome.REFUSE, "cancel_declined")
    if order.offered and RunState.PARKED not in order.states and _MAY_BE_UPSTREAM.intersection(order.states):
        return CancelDecision(DecisionOutcome.WAIT, (Reason(clause.UNDELIVERED_PART, "cancel_is_asked", {}),))
    return _decided(DecisionOutcome.REFUSE, _too_late(order.states))


def as_in_version_1(states: Sequence[RunState]) -> CancelDecision:
    """Version 1, by which decisions stand that were made before providers were asked: all of it unsent, or nothing."""
    if is_free_to_cancel(states):
        return _decided(DecisionOutcome.REFUND, "cancel_before_sending")
    return _decided(DecisionOutcome.REFUSE, _too_late(states))


def _decided(outcome: DecisionOutcome, finding: str) -> CancelDecision:
    return CancelDecision(outcome, (Reason(clause.FREE_UNTIL_SENT, finding, {}),))


def _too_late(states: Sequence[RunState]) -> str:
    if all(state is RunState.ENDED for state in states):
        return "cancel_after_end"
    if RunState.PARKED in states:
        return "cancel_with_a_person"
    return "cancel_after_sending"
