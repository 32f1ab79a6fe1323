"""Orders that nobody takes now: sent another way, else held with a reason, and on their way again later (11)."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from django.db import transaction

from orders.delivery import by_hand
from orders.delivery.waiting import give_times
from orders.models import Flag, LinkHold, OrderEvent
from orders.operations import flags, routing, statuses
from orders.operations.routing import Bearing
from plumbing import sql
from policies.rules.routing import PATIENCE_S, Skip

AT_ONCE = 500  # orders of one transaction

SHUT = f"""(NOT provider.enabled OR provider.paused_at IS NOT NULL OR provider.opened_at IS NOT NULL
    OR coalesce(provider.backoff_until > %(now)s + {PATIENCE_S} * interval '1 second', false))"""
# Due, and its provider takes nothing now; or no room there while another route of the service has some.
STUCK = f"""
    SELECT id FROM orders_order WHERE ended_at IS NULL AND held_reason = '' AND paused_reason = ''
      AND cancel_requested_at IS NULL AND id > %(after)s AND id IN (
        SELECT run.order_id FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
        WHERE run.state = 'queued' AND run.due_at <= %(now)s AND {SHUT})
    ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 -- constants alone are put together
CROWDED = f"""
    SELECT placed.id FROM orders_order AS placed JOIN orders_run AS run ON run.order_id = placed.id
    WHERE (run.provider_id, run.provider_service) IN (
            SELECT * FROM unnest(%(providers)s::bigint[], %(services)s::text[]))
      AND run.state = 'queued' AND run.due_at <= %(now)s AND placed.ended_at IS NULL
      AND placed.paused_reason = '' AND placed.cancel_requested_at IS NULL
      AND EXISTS (
        SELECT FROM orders_route AS route JOIN orders_provider AS provider ON provider.id = route.provider_id
        WHERE route.service_id = placed.service_id AND route.enabled AND NOT {SHUT}
          AND (route.provider_id, route.provider_service) NOT IN (
            SELECT * FROM unnest(%(providers)s::bigint[], %(services)s::text[])))
    ORDER BY run.due_at, placed.id LIMIT %(most)s FOR NO KEY UPDATE OF placed SKIP LOCKED
"""  # noqa: S608
# Whose reason is over or has become another one, or for whom another route is open.
HELD = f"""
    SELECT id FROM orders_order AS held
    WHERE held_reason <> '' AND ended_at IS NULL AND id > %(after)s AND (
        EXISTS (
            SELECT FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
            WHERE run.order_id = held.id AND run.state = 'queued' AND held.held_reason <> CASE
                WHEN NOT provider.enabled THEN 'no_provider'
                WHEN provider.paused_at IS NOT NULL THEN 'provider_paused'
                WHEN provider.opened_at IS NOT NULL THEN 'provider_silent'
                WHEN {SHUT} THEN 'provider_busy'
                ELSE '' END)
        OR EXISTS (
            SELECT FROM orders_route AS route JOIN orders_provider AS provider ON provider.id = route.provider_id
            WHERE route.service_id = held.service_id AND route.enabled AND NOT {SHUT}))
    ORDER BY id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608
DUE = "SELECT id FROM orders_run WHERE order_id = ANY (%s) AND state = 'queued' AND due_at <= %s"
NEXT = """
    SELECT DISTINCT ON (order_id) id FROM orders_run WHERE order_id = ANY (%s) AND state = 'queued'
    ORDER BY order_id, number
"""
UNSENT = "SELECT id FROM orders_order WHERE id = ANY (%s) AND status IN ('queued', 'waiting')"
MARK = """
    UPDATE orders_order SET held_reason = told.reason FROM unnest(%s::bigint[], %s::text[]) AS told(id, reason)
    WHERE orders_order.id = told.id
"""
# No due time while it is held (decision 10); how long it has waited is kept.
STOP = """
    UPDATE orders_run SET due_since = CASE WHEN due_at <= %s THEN coalesce(due_since, due_at) ELSE due_since END,
        due_at = NULL
    WHERE state = 'queued' AND due_at IS NOT NULL AND order_id = ANY (%s)
"""

Act = Callable[[Collection[int], datetime], None]


def hold_and_release(*, now: datetime) -> None:
    """Send another way what its provider does not take, hold what nobody takes, and let go what somebody takes again.

    Whoever is locked is looked at by the next pass: it is being sent, or ended.
    """
    _all(STUCK, _move_or_hold, now)
    _ease(now)
    _all(HELD, _look_again, now)
    flags.resolve_held(now=now)
    by_hand.tell_staff(now=now)


def _all(find: str, act: Act, now: datetime) -> None:
    after: int | None = 0
    while after is not None:
        after = _some(find, act, after, now)


@transaction.atomic(durable=True)
def _some(find: str, act: Act, after: int, now: datetime) -> int | None:
    """One transaction of a pass. Answers where the next one goes on, None when this was the last."""
    order_ids = [order_id for (order_id,) in sql.rows(find, {"now": now, "after": after, "most": AT_ONCE})]
    if not order_ids:
        return None
    act(order_ids, now)
    statuses.refresh(order_ids=order_ids, actor="system", now=now)
    return order_ids[-1] if len(order_ids) == AT_ONCE else None


@transaction.atomic(durable=True)
def _ease(now: datetime) -> None:
    """Where a route is full and another one of the service has room, the longest due go there."""
    full = [way for way, room in routing.rooms().items() if room <= 0]
    if not full:
        return
    ways = {"providers": [way.provider_id for way in full], "services": [way.provider_service for way in full]}
    found = sql.rows(CROWDED, {"now": now, "most": AT_ONCE, **ways})
    by_order = _bearings(DUE, sorted({order_id for (order_id,) in found}), now)
    ready = [each for runs in by_order.values() for each in runs if each.choice.ready]
    routing.move(ready, reason={each.run_id: Skip.FULL.value for each in ready}, now=now)


def _move_or_hold(order_ids: Collection[int], now: datetime) -> None:
    by_order = _bearings(DUE, order_ids, now)
    _move(by_order, now)
    stuck = {order_id: runs[0] for order_id, runs in by_order.items() if not any(map(_goes_on, runs))}
    held = [order_id for (order_id,) in sql.rows(UNSENT, [list(stuck)])]
    if held:
        _hold({order_id: stuck[order_id] for order_id in held}, now)


def _hold(stuck: Mapping[int, Bearing], now: datetime) -> None:
    """Say why, take its due times and its link, and tell staff who does not take it."""
    order_ids = sorted(stuck)
    _mark({order_id: stuck[order_id].choice.held_reason.value for order_id in order_ids})
    sql.execute(STOP, [now, order_ids])
    LinkHold.objects.filter(order_id__in=order_ids).delete()  # it may take long, and nothing of them is upstream
    names = routing.names_of_providers()
    facts = {
        order_id: {
            "reason": each.choice.held_reason.value,
            "skipped": routing.told(each.choice.skipped, names),
        }
        for order_id, each in stuck.items()
    }
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=pk, kind="nobody_takes_it", actor="system", facts=facts[pk], public=False, at=now)
        for pk in order_ids
    )
    flags.raise_flags(Flag(order_id=pk, kind=flags.HELD, facts=facts[pk], raised_at=now) for pk in order_ids)


def _look_again(order_ids: Collection[int], now: datetime) -> None:
    by_order = _bearings(NEXT, order_ids, now)
    _move(by_order, now)
    first = {order_id: runs[0] for order_id, runs in by_order.items()}
    _mark({order_id: "" if _goes_on(run) else run.choice.held_reason.value for order_id, run in first.items()})
    give_times([order_id for order_id, run in first.items() if _goes_on(run)], now=now)


def _bearings(find: str, order_ids: Collection[int], now: datetime) -> dict[int, list[Bearing]]:
    """What the rule says of these orders' runs, by order, the first part first."""
    values = [list(order_ids), now] if find is DUE else [list(order_ids)]
    run_ids = [run_id for (run_id,) in sql.rows(find, values)]
    by_order: dict[int, list[Bearing]] = defaultdict(list)
    for each in sorted(routing.bearings(run_ids, now=now).values(), key=lambda each: (each.order_id, each.number)):
        by_order[each.order_id].append(each)
    return by_order


def _goes_on(bearing: Bearing) -> bool:
    return bearing.choice.ready or bearing.choice.waits_in_line


def _move(by_order: Mapping[int, Collection[Bearing]], now: datetime) -> None:
    """Also to a route that does not take them yet: where they wait is whose reason is told."""
    bearings = [each for runs in by_order.values() for each in runs]
    why = {each.run_id: dict(each.choice.skipped).get(each.way, Skip.OFF).value for each in bearings}
    routing.move(bearings, reason=why, now=now)


def _mark(reasons: Mapping[int, str]) -> None:
    sql.execute(MARK, [sql.numbers(reasons), sql.words(reasons.values())])
