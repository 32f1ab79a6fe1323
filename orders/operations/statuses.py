"""The one writer of an order's status, and the facts it follows from, for many orders at once (decision 11)."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from orders.models import Flag, Order, OrderEvent, Run
from orders.operations import flags
from plumbing import sql
from policies.rules import delivery
from policies.rules.delivery import OrderFacts, RunFacts
from policies.rules.vocabulary import Cause, OrderStatus, RunOutcome, RunState

logger = logging.getLogger(__name__)

WRITE = """
    UPDATE orders_order SET
        status = moved.status,
        cause = moved.cause,
        ended_at = CASE WHEN moved.cause <> '' THEN %s::timestamptz END
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS moved(id, before, status, cause)
    WHERE orders_order.id = moved.id AND orders_order.status = moved.before
"""


class Overtaken(Exception):
    """An order has not the status that its step begins with: whoever wrote it did not hold the order's lock."""


@dataclass(frozen=True, slots=True)
class Move:
    """One order's step from a status to the next. cause: why it ended, None for a step that does not end it.

    clauses: ids of the clauses applied. facts: what the timeline may say about the step.
    """

    order_id: int
    before: OrderStatus
    after: OrderStatus
    cause: Cause | None = None
    clauses: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


def lock(order_ids: Collection[int]) -> QuerySet[Order]:
    """Lock orders in id order, as every transaction on orders begins (decision 14). Needs a transaction."""
    return Order.objects.select_for_update(no_key=True).filter(pk__in=order_ids).order_by("pk")


def refresh(*, order_ids: Collection[int], actor: str, now: datetime) -> None:
    """Bring the status of live orders in line with what is true of them; those it fits already are left alone.

    Never ends an order: that moves money, and `settling.settle` does it. Needs a transaction, whose orders it locks.
    An order whose step no table knows keeps its status and is flagged, so that the others go on (reliability 31).
    """
    orders = list(lock(order_ids))
    runs = runs_of(order_ids)
    steps = (Move(order.pk, OrderStatus(order.status), _status(order, runs[order.pk])) for order in orders)
    news = [step for step in steps if step.after is not step.before and not step.after.is_terminal]
    write([step for step in news if _is_possible(step, actor, now)], actor=actor, now=now)


def _is_possible(move: Move, actor: str, now: datetime) -> bool:
    try:
        delivery.check_transition(move.before, move.after, actor=actor)
    except delivery.IllegalTransition:
        logger.exception("order %s keeps its status", move.order_id)
        facts = {"before": move.before.value, "after": move.after.value}
        flags.raise_flags([Flag(order_id=move.order_id, kind=flags.ODD_STATUS, facts=facts, raised_at=now)])
        return False
    return True


def write(moves: Sequence[Move], *, actor: str, now: datetime) -> None:
    """Write statuses and one event for each, in two statements. Nothing else does. The caller holds the row locks.

    Raises IllegalTransition for a step that the table of transitions does not know, and Overtaken, having written
    nothing that stays, when an order does not stand where its step begins.
    """
    if not moves:
        return
    for move in moves:
        delivery.check_transition(move.before, move.after, actor=actor)
    ids = sql.numbers(move.order_id for move in moves)
    before = sql.words(move.before.value for move in moves)
    after = sql.words(move.after.value for move in moves)
    causes = sql.words(move.cause.value if move.cause else "" for move in moves)
    if sql.execute(WRITE, [now, ids, before, after, causes]) != len(moves):
        raise Overtaken(f"one of the orders {ids}")
    OrderEvent.objects.bulk_create(_event(move, actor, now) for move in moves)


def runs_of(order_ids: Iterable[int]) -> Mapping[int, tuple[RunFacts, ...]]:
    """The facts of each order's runs of kind first; delivered is the delivery row's while a run lives."""
    columns = ("order_id", "state", "quantity", "done", "accepted_at", "outcome")
    first = Run.objects.first_runs().filter(order_id__in=order_ids).order_by("number")
    rows = first.annotate(done=Coalesce("delivery__delivered", "delivered")).values_list(*columns)
    found: dict[int, tuple[RunFacts, ...]] = defaultdict(tuple)
    for order_id, state, quantity, done, accepted_at, outcome in rows:
        ended = RunOutcome(outcome) if outcome else None
        found[order_id] += (RunFacts(RunState(state), quantity, done, accepted_at is not None, ended),)
    return found


def _status(order: Order, runs: tuple[RunFacts, ...]) -> OrderStatus:
    return delivery.order_status(
        OrderFacts(
            ended=OrderStatus(order.status) if order.ended_at else None,
            runs=runs,
            tolerance=order.tolerance,
            cancel_requested=order.cancel_requested_at is not None,
            paused=order.paused_reason != "",
            held=order.held_reason != "",
            waiting=order.waiting_since is not None,
        )
    )


def _event(move: Move, actor: str, now: datetime) -> OrderEvent:
    return OrderEvent(
        order_id=move.order_id,
        kind="status",
        status=move.after.value,
        actor=actor,
        clauses=list(move.clauses),
        facts=dict(move.facts),
        at=now,
    )
