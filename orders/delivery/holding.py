"""Orders whose provider staff have switched off: held with a reason, and on their way again when it comes back (11)."""

from datetime import datetime

from django.db import transaction

from orders.delivery.waiting import give_times
from orders.models import LinkHold
from orders.operations import statuses
from plumbing import sql

NO_PROVIDER = "no_provider"

LOST = """
    SELECT id FROM orders_order WHERE status IN ('queued', 'waiting') AND id IN (
        SELECT run.order_id FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
        WHERE run.state = 'queued' AND run.due_at IS NOT NULL AND NOT provider.enabled)
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
FOUND = """
    SELECT id FROM orders_order AS held
    WHERE held_reason = %s AND held_reason <> '' AND ended_at IS NULL AND NOT EXISTS (
        SELECT FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
        WHERE run.order_id = held.id AND run.state = 'queued' AND NOT provider.enabled)
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
MARK = "UPDATE orders_order SET held_reason = %s WHERE id = ANY (%s)"
# No due time while it is held (decision 10); how long it has waited is kept.
STOP = """
    UPDATE orders_run SET due_since = CASE WHEN due_at <= %s THEN coalesce(due_since, due_at) ELSE due_since END,
        due_at = NULL
    WHERE state = 'queued' AND due_at IS NOT NULL AND order_id = ANY (%s)
"""


@transaction.atomic(durable=True)
def hold_and_release(*, now: datetime) -> None:
    """Hold what no provider can take, and let go what one can take again, each in a few statements for all of them.

    Whoever is locked is looked at by the next pass: it is being sent, or ended.
    """
    if lost := [order_id for (order_id,) in sql.rows(LOST)]:
        sql.execute(MARK, [NO_PROVIDER, lost])
        sql.execute(STOP, [now, lost])
        LinkHold.objects.filter(order_id__in=lost).delete()  # it may take long, and nothing of them is upstream
    if found := [order_id for (order_id,) in sql.rows(FOUND, [NO_PROVIDER])]:
        sql.execute(MARK, ["", found])
        give_times(found, now=now)
    statuses.refresh(order_ids=[*lost, *found], actor="system", now=now)
