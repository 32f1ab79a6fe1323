"""Orders behind another on their link: the oldest goes on when the link is free (decision 14)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from orders.models import Flag, Order
from orders.operations import flags
from plumbing import sql
from policies.rules.vocabulary import OrderStatus

TOLD_AFTER = timedelta(hours=24)

# The oldest waiting order of each link and metric that nobody holds.
NEXT = """
    WITH next AS (
        SELECT DISTINCT ON (fingerprint, metric) id FROM orders_order AS waiter
        WHERE status = 'waiting' AND NOT EXISTS (
            SELECT FROM orders_linkhold AS hold
            WHERE hold.fingerprint = waiter.fingerprint AND hold.metric = waiter.metric
        )
        ORDER BY fingerprint, metric, id
    )
    SELECT id FROM orders_order WHERE id IN (SELECT id FROM next) AND status = 'waiting'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
# Spaced from now as was agreed with the order: the old due times are gone, and all at once would be a spike.
SPACE = """
    WITH spaced AS (
        SELECT run.id, placed.run_interval_minutes,
            row_number() OVER (PARTITION BY run.order_id ORDER BY run.number) - 1 AS place
        FROM orders_run AS run JOIN orders_order AS placed ON placed.id = run.order_id
        WHERE run.state = 'queued' AND run.due_at IS NULL AND run.order_id = ANY (%s)
    )
    UPDATE orders_run AS run
    SET due_at = %s + place * coalesce(run_interval_minutes, 0) * interval '1 minute'
    FROM spaced WHERE run.id = spaced.id AND run.state = 'queued'
    RETURNING run.order_id
"""


@transaction.atomic(durable=True)
def wake_waiting(*, now: datetime) -> int:
    """Give the next in line on each free link a due time. Returns how many orders got one.

    That lets it try for the hold; only the dispatch claim gives it. So waking twice, or an order too many, is harmless.
    """
    woken = give_times([order_id for (order_id,) in sql.rows(NEXT)], now=now)
    _tell_staff(now)
    return woken


def give_times(order_ids: Sequence[int], *, now: datetime) -> int:
    """Give queued runs without a due time theirs. Returns how many orders got one. The caller has locked the orders."""
    return len({order_id for (order_id,) in sql.rows(SPACE, [list(order_ids), now])}) if order_ids else 0


def _tell_staff(now: datetime) -> None:
    waiting = Order.objects.filter(status=OrderStatus.WAITING.value, waiting_since__lte=now - TOLD_AFTER)
    order_ids = waiting.values_list("pk", flat=True)
    flags.raise_flags(Flag(order_id=order_id, kind=flags.WAITING_LONG, raised_at=now) for order_id in order_ids)
