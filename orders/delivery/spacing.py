"""Parts of an order that fell due together while nothing was sent: spaced anew, never sent at once (R18)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from plumbing import sql

# Every part but the next is due one interval after the one before it, counted from now. A tenth of an interval is not
# late: parts that go out on time keep their plan, and nothing is written for them.
_SPACE_LATE = """
    WITH queued AS (
        SELECT run.id, run.due_at, placed.run_interval_minutes * interval '1 minute' AS gap,
            row_number() OVER (PARTITION BY run.order_id ORDER BY run.due_at, run.number) - 1 AS place
        FROM orders_run AS run JOIN orders_order AS placed ON placed.id = run.order_id
        WHERE run.state = 'queued' AND run.due_at IS NOT NULL AND run.order_id = ANY (%(orders)s)
            AND placed.run_interval_minutes > 0
    )
    UPDATE orders_run AS run SET due_at = %(now)s + place * gap, due_since = NULL
    FROM queued WHERE run.id = queued.id AND place > 0 AND queued.due_at < %(now)s + (place - 0.1) * gap
    RETURNING run.id
"""


def space_late(order_ids: Sequence[int], *, now: datetime) -> Collection[int]:
    """Leave each order one part to be sent now, and the others their time after it. Returns the runs that must wait.

    The caller has locked the orders and sends their next parts in the same transaction.
    """
    return {run_id for (run_id,) in sql.rows(_SPACE_LATE, {"orders": list(order_ids), "now": now})} if order_ids else ()
