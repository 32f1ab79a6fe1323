"""What may happen to an order, one event at a time, and who causes it: the engine in miniature, without a database.

Each event mirrors an operation. Cancel, pause and stop are those of decisions 11, 17 and 22.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from policies.rules.delivery import OrderFacts, RunFacts, final_outcome, order_status
from policies.rules.vocabulary import Mover, OrderStatus, RunOutcome, RunState

QUANTITY = 2  # of each run: nothing, something, all
TOLERANCE = 0

MAY_BE_UPSTREAM = {RunState.SUBMITTING, RunState.UNKNOWN, RunState.LIVE, RunState.PARKED}
NOT_UPSTREAM = {RunState.QUEUED, RunState.PARKED}


class Event(NamedTuple):
    """What happened, through whom, and the order afterwards."""

    name: str
    by: Mover
    after: OrderFacts


def placed(runs: int) -> OrderFacts:
    """An order as `orders_place()` leaves it."""
    queued = RunFacts(RunState.QUEUED, QUANTITY, delivered=0, accepted=False)
    return OrderFacts(ended=None, runs=(queued,) * runs, tolerance=TOLERANCE)


def events(order: OrderFacts) -> Iterator[Event]:
    """All that may happen next. An order that has ended knows nothing more."""
    if order.ended is not None:
        return
    for name, by, after in (*_of_its_runs(order), *_of_the_whole(order), *_cancels(order), *_halts(order)):
        status = order_status(after)
        yield Event(name, by, replace(after, ended=status if status.is_terminal else None))


def _of_its_runs(order: OrderFacts) -> Iterator[Event]:
    for index, run in enumerate(order.runs):
        for name, by, after in _of_one_run(run, order):
            runs = (*order.runs[:index], after, *order.runs[index + 1 :])
            yield Event(name, by, replace(order, runs=runs, waiting=order.waiting and name != "claimed"))


def _of_one_run(run: RunFacts, order: OrderFacts) -> Iterator[tuple[str, Mover, RunFacts]]:
    if run.state is RunState.QUEUED and _may_go(order):
        for by in (Mover.SYSTEM, Mover.STAFF):  # by the claim, or by a person who delivers it by hand
            yield "claimed", by, replace(run, state=RunState.SUBMITTING)
    if run.state in (RunState.SUBMITTING, RunState.UNKNOWN):  # an answer, also a late one, or one about its request id
        yield "accepted", Mover.SYSTEM, replace(run, state=RunState.LIVE, accepted=True)
        yield "not accepted", Mover.SYSTEM, replace(run, state=RunState.QUEUED)
        yield "parked", Mover.SYSTEM, replace(run, state=RunState.PARKED)
        yield "refused", Mover.SYSTEM, _ended(run, RunOutcome.REFUSED)
    if run.state is RunState.SUBMITTING:
        yield "no clear answer", Mover.SYSTEM, replace(run, state=RunState.UNKNOWN)
    if run.state in (RunState.UNKNOWN, RunState.PARKED):
        yield "linked", Mover.STAFF, replace(run, state=RunState.LIVE, accepted=True)
        yield "resent", Mover.STAFF, replace(run, state=RunState.QUEUED)
        yield "given up", Mover.STAFF, _ended(run, RunOutcome.REFUSED)
    if run.state is RunState.LIVE:
        yield from _reported(run, order)


def _reported(run: RunFacts, order: OrderFacts) -> Iterator[tuple[str, Mover, RunFacts]]:
    short = final_outcome(RunOutcome.SHORT, cancel_requested=order.cancel_requested)
    for delivered in range(run.delivered, QUANTITY):
        yield "progress", Mover.SYSTEM, replace(run, delivered=delivered)
    for by in (Mover.SYSTEM, Mover.STAFF):  # by a report, or by the number that a person found
        for delivered in range(run.delivered, QUANTITY):
            yield "ended short", by, replace(_ended(run, short), delivered=delivered)
        yield "delivered", by, replace(_ended(run, RunOutcome.DELIVERED), delivered=QUANTITY)
    yield "stands still", Mover.SYSTEM, _ended(run, RunOutcome.STALLED)
    yield "given up unseen", Mover.STAFF, _ended(run, RunOutcome.STALLED)


def _of_the_whole(order: OrderFacts) -> Iterator[Event]:
    states = {run.state for run in order.runs}
    untouched = not states & MAY_BE_UPSTREAM and not any(run.accepted for run in order.runs)
    if RunState.QUEUED in states and untouched and _may_go(order):
        for by in (Mover.SYSTEM, Mover.STAFF):
            yield Event("must wait", by, replace(order, waiting=True))
    if order_status(order) in (OrderStatus.QUEUED, OrderStatus.WAITING):
        yield Event("no provider", Mover.SYSTEM, replace(order, held=True))
    if order.held:
        yield Event("provider back", Mover.SYSTEM, replace(order, held=False))
    if RunState.QUEUED in states and states <= {RunState.QUEUED, RunState.ENDED} and not order.paused:
        yield Event("nobody takes it", Mover.SYSTEM, _end_all(order, RunState.QUEUED, RunOutcome.STALLED))


def _cancels(order: OrderFacts) -> Iterator[Event]:
    if not order.cancel_requested:
        for by in (Mover.CUSTOMER, Mover.STAFF):
            yield Event("cancel", by, _withdraw(replace(order, cancel_requested=True)))
        return
    yield Event("cancel goes on", Mover.SYSTEM, _withdraw(order))
    if any(run.state is RunState.LIVE for run in order.runs):
        yield Event("cancel refused", Mover.SYSTEM, replace(order, cancel_requested=False))


def _halts(order: OrderFacts) -> Iterator[Event]:
    for by in (Mover.SYSTEM, Mover.STAFF):
        if not order.paused:
            yield Event("pause", by, replace(order, paused=True))
        if not any(run.state is RunState.SUBMITTING for run in order.runs):
            yield Event("stop", by, _stop(order))
    for by in Mover if order.paused else ():
        yield Event("resume", by, replace(order, paused=False))


def _may_go(order: OrderFacts) -> bool:
    """Its queued runs have a due time (decision 10)."""
    return not (order.held or order.paused or order.cancel_requested)


def _ended(run: RunFacts, outcome: RunOutcome) -> RunFacts:
    return replace(run, state=RunState.ENDED, outcome=outcome)


def _end_all(order: OrderFacts, state: RunState, outcome: RunOutcome) -> OrderFacts:
    return replace(order, runs=tuple(_ended(run, outcome) if run.state is state else run for run in order.runs))


def _withdraw(order: OrderFacts) -> OrderFacts:
    """What is provably not upstream ends with the wish; the rest waits for the provider."""
    for state in NOT_UPSTREAM:
        order = _end_all(order, state, RunOutcome.WITHDRAWN)
    return order


def _stop(order: OrderFacts) -> OrderFacts:
    """The customer's fault: what was never sent is withdrawn, what may be upstream is stopped (decision 17)."""
    for state in (RunState.LIVE, RunState.UNKNOWN):
        order = _end_all(order, state, RunOutcome.STOPPED)
    return _withdraw(order)
