"""Why an order stands where it stands: a reason for each status, told to the customer (S13, refund.2.2, refund.6.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.rules.clauses import Clause, Params, Reason, Value, parameter
from policies.rules.clauses import refund as clause
from policies.rules.refunds import RefundFacts, decide_refund
from policies.rules.vocabulary import OrderStatus


@dataclass(frozen=True, slots=True)
class StandingFacts:
    """What the explanation may name. place: in line behind others on the same link, from 1, None if it is not.

    held_reason: a HeldReason, "" for an order that a person has to look at. paused_reason: the order's own code, "" if
    it has none. sending_stopped: nothing goes to providers now. ended: what its refund is decided on, with the cause;
    None exactly while the status is not terminal. by_hand: whether it waits for our staff instead of a machine.
    """

    status: OrderStatus
    units: int
    delivered: int
    place: int | None = None
    held_reason: str = ""
    paused_reason: str = ""
    sending_stopped: bool = False
    ended: RefundFacts | None = None
    by_hand: bool = False


CLAUSE_OF_STATUS: dict[OrderStatus, Clause] = {
    OrderStatus.QUEUED: clause.QUEUE,
    OrderStatus.WAITING: clause.NO_SPIKES,
    OrderStatus.HELD: clause.QUEUE,
    OrderStatus.SUBMITTING: clause.AUTOMATED,
    OrderStatus.UNKNOWN: clause.AUTOMATED,
    OrderStatus.PROCESSING: clause.START,
    OrderStatus.IN_PROGRESS: clause.GRADUAL,
    OrderStatus.PAUSED: clause.PAUSE_OR_SLOW,
    OrderStatus.CANCEL_REQUESTED: clause.UNDELIVERED_PART,
}
"""While it runs. An order that has ended rests on what its refund was decided by."""


def explain(order: StandingFacts, *, params: Params) -> Reason:
    """The clause an order's status rests on and a finding `status_…` with its numbers. Every status has one."""
    facts: dict[str, Value] = {
        "units": order.units,
        "delivered": order.delivered,
        "missing": max(order.units - order.delivered, 0),
    }
    return Reason(_clause(order), _finding(order), {**facts, **_of_status(order, params)})


def _finding(order: StandingFacts) -> str:
    if order.status is OrderStatus.COMPLETED and order.delivered < order.units:
        return "status_completed_minor"
    if order.status is OrderStatus.WAITING and order.place is None:
        return "status_waiting_unplaced"
    if order.status is OrderStatus.QUEUED and order.by_hand:
        return "status_queued_by_hand"
    if order.status is OrderStatus.QUEUED and order.sending_stopped:
        return "status_queued_stopped"
    if order.status is OrderStatus.HELD and order.held_reason:
        return f"status_held_{order.held_reason}"
    return f"status_{order.status.value}"


def _clause(order: StandingFacts) -> Clause:
    if order.ended is not None:
        reasons = decide_refund(order.ended).reasons
        return reasons[0].clause if reasons else clause.VARIATION
    if order.status is OrderStatus.PAUSED and not order.paused_reason:
        return clause.INTERRUPTIONS
    return CLAUSE_OF_STATUS[order.status]


def _of_status(order: StandingFacts, params: Params) -> Mapping[str, Value]:
    if order.status is OrderStatus.WAITING:
        return {"place": order.place}
    if order.status is OrderStatus.PAUSED or order.held_reason:
        return {"hours": parameter(params, "fail_after_h")}
    return {}
