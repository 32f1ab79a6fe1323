"""The status of an order: which one its runs add up to, and how it ends (decisions 11 and 17)."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.rules import tolerance as minor
from policies.rules.vocabulary import Cause, OrderStatus, RunOutcome, RunState


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run of kind first. accepted: a provider took it. outcome: None until it ended. 0 <= delivered <= quantity."""

    state: RunState
    quantity: int
    delivered: int
    accepted: bool
    outcome: RunOutcome | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What an order's status may look at.

    ended: its terminal status once `ended_at` is set, else None. runs: its runs of kind first, all of them. tolerance:
    units. The rest: whether the order asks for a cancel, is paused or held, or waits behind another on its link.
    """

    ended: OrderStatus | None
    runs: tuple[RunFacts, ...]
    tolerance: int
    cancel_requested: bool = False
    paused: bool = False
    held: bool = False
    waiting: bool = False


def order_status(order: OrderFacts) -> OrderStatus:
    """The one status an order has (refund.2.2): the first that applies, in the order of decision 11."""
    if order.ended is not None:
        return order.ended
    cause = cause_of([run.outcome for run in order.runs], missing=_missing(order.runs))
    if cause is not Cause.STILL_RUNNING:
        return _ended_status(order, cause)
    if order.cancel_requested:
        return OrderStatus.CANCEL_REQUESTED
    if order.paused:
        return OrderStatus.PAUSED
    return _moving_status(order)


def _moving_status(order: OrderFacts) -> OrderStatus:
    """After a first acceptance an unknown or parked run is a flag, never a step back."""
    if any(run.accepted for run in order.runs):
        return OrderStatus.IN_PROGRESS if _delivered(order.runs) else OrderStatus.PROCESSING
    states = {run.state for run in order.runs}
    if RunState.UNKNOWN in states:
        return OrderStatus.UNKNOWN
    if RunState.SUBMITTING in states:
        return OrderStatus.SUBMITTING
    if order.held or RunState.PARKED in states:
        return OrderStatus.HELD
    return OrderStatus.WAITING if order.waiting else OrderStatus.QUEUED


def _ended_status(order: OrderFacts, cause: Cause) -> OrderStatus:
    delivered = _delivered(order.runs)
    within = minor.within(missing=_missing(order.runs), delivered=delivered, tolerance=order.tolerance)
    return terminal_status(cause, delivered=delivered, within_tolerance=within)


def cause_of(outcomes: Sequence[RunOutcome | None], *, missing: int) -> Cause:
    """Why an order ended (refund.6.3, refund.7.3), from how each of its first runs did; STILL_RUNNING until all have.

    missing: units bought and not delivered, over all of them. With nothing missing nothing is left to decide.
    """
    if not outcomes or None in outcomes:
        return Cause.STILL_RUNNING
    seen = set(outcomes)
    if missing == 0 or seen == {RunOutcome.DELIVERED}:
        return Cause.ALL_DELIVERED
    if seen == {RunOutcome.WITHDRAWN}:
        return Cause.CANCELED_BEFORE_CLAIM
    return next(cause for outcome, cause in _CAUSE_BY_PRECEDENCE if outcome in seen)


# Where runs ended differently, the first that any of them shows: a fault of the customer's outweighs a cancel, a cancel
# a failure of ours, and a failure, which knows no tolerance, a provider's short end.
_CAUSE_BY_PRECEDENCE = (
    (RunOutcome.STOPPED, Cause.CUSTOMERS_FAULT),
    (RunOutcome.CANCEL_CONFIRMED, Cause.CANCEL_CONFIRMED),
    (RunOutcome.WITHDRAWN, Cause.CANCEL_CONFIRMED),
    (RunOutcome.REFUSED, Cause.FAILED),
    (RunOutcome.STALLED, Cause.FAILED),
    (RunOutcome.SHORT, Cause.PROVIDER_ENDED),
    (RunOutcome.DELIVERED, Cause.PROVIDER_ENDED),
)


def final_outcome(outcome: RunOutcome, *, cancel_requested: bool) -> RunOutcome:
    """How a run ended once the order's own wish is known: short after a cancel request is the cancel confirmed."""
    if cancel_requested and outcome is RunOutcome.SHORT:
        return RunOutcome.CANCEL_CONFIRMED
    return outcome


def terminal_status(cause: Cause, *, delivered: int, within_tolerance: bool) -> OrderStatus:
    """The status an order ends in (refund.7.2, the table of decision 17). Raises ValueError while it still runs."""
    if cause is Cause.STILL_RUNNING:
        raise ValueError("an order that still runs has no terminal status")
    if cause in _STATUS_OF_CAUSE:
        return _STATUS_OF_CAUSE[cause]
    if cause is Cause.PROVIDER_ENDED and within_tolerance:
        return OrderStatus.COMPLETED
    return OrderStatus.PARTIAL if delivered > 0 else OrderStatus.CANCELED


_STATUS_OF_CAUSE = {
    Cause.ALL_DELIVERED: OrderStatus.COMPLETED,
    Cause.CANCELED_BEFORE_CLAIM: OrderStatus.CANCELED,
    Cause.FAILED: OrderStatus.FAILED,
    Cause.CUSTOMERS_FAULT: OrderStatus.STOPPED,
}


def _delivered(runs: tuple[RunFacts, ...]) -> int:
    return sum(run.delivered for run in runs)


def _missing(runs: tuple[RunFacts, ...]) -> int:
    return sum(run.quantity - run.delivered for run in runs)
