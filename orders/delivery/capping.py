"""The daily cap: a part that would bring more to a link in 24 hours than its order allows waits its time (R18)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from orders.models import OrderEvent
from plumbing import sql
from policies.rules.clauses import refund as clause

# wanted: how much of the cap a part needs, with those of its order before it in this wave. so_far: what the link got of
# the metric in the last 24 hours, from whatever order, the newest first; what has ended counts as delivered, what may
# have been sent counts whole, as of now. A part is due again once the newest delivery that leaves no room is a day old.
# Cost: for each part of a wave, the orders that its link ever had.
_PUT_OFF = """
    WITH asked AS (
        SELECT run.id, held.fingerprint, held.metric, held.daily_cap,
            sum(run.quantity) OVER (PARTITION BY run.order_id ORDER BY run.due_at, run.number) AS wanted
        FROM orders_run AS run JOIN orders_order AS held ON held.id = run.order_id
        WHERE run.id = ANY (%(runs)s) AND held.daily_cap IS NOT NULL
    ), sent AS (
        SELECT asked.id, asked.wanted, asked.daily_cap, got.at,
            sum(got.units) OVER (PARTITION BY asked.id ORDER BY got.at DESC, got.id DESC) AS so_far
        FROM asked CROSS JOIN LATERAL (
            SELECT run.id,
                CASE WHEN run.state = 'ended' THEN run.delivered ELSE run.quantity END AS units,
                coalesce(run.accepted_at, %(now)s) AS at
            FROM orders_order AS placed JOIN orders_run AS run ON run.order_id = placed.id
            WHERE placed.fingerprint = asked.fingerprint AND placed.metric = asked.metric
                AND (run.accepted_at > %(now)s - interval '24 hours' OR run.state IN ('submitting', 'unknown'))
        ) AS got
    ), room AS (
        SELECT id, max(at) + interval '24 hours' AS at FROM sent WHERE so_far + wanted > daily_cap GROUP BY id
    )
    UPDATE orders_run AS run SET due_at = room.at, due_since = NULL
    FROM room WHERE run.id = room.id AND run.state = 'queued'
    RETURNING run.id, run.order_id, run.due_at
"""
_CAPS = "SELECT id, daily_cap FROM orders_order WHERE id = ANY (%s)"


def put_off(run_ids: Sequence[int], *, now: datetime) -> Collection[int]:
    """Move what the cap leaves no room for to when it has room, and tell so on its timeline. Returns those runs.

    Part of a claim, which holds the orders' locks and their links: nobody else sends to these links meanwhile.
    """
    late = sql.rows(_PUT_OFF, {"runs": list(run_ids), "now": now}) if run_ids else []
    if late:
        _tell({order_id: due_at for _, order_id, due_at in late}, now)
    return {run_id for run_id, _, _ in late}


def _tell(due: Mapping[int, datetime], now: datetime) -> None:
    caps: Mapping[int, int] = dict(sql.rows(_CAPS, [list(due)]))
    OrderEvent.objects.bulk_create(_event(order_id, caps[order_id], at, now) for order_id, at in due.items())


def _event(order_id: int, cap: int, due_at: datetime, now: datetime) -> OrderEvent:
    facts = {"cap": cap, "wait_s": int((due_at - now).total_seconds())}
    return OrderEvent(
        order_id=order_id, kind="daily_cap", actor="system", clauses=[clause.NO_SPIKES.id], facts=facts, at=now
    )
