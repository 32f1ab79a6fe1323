"""Which users have, or lately had, orders. Reads only."""

from collections.abc import Iterable
from datetime import datetime

from plumbing import sql

WITH_ORDERS = """
    SELECT person.id FROM unnest(%s::bigint[]) AS person (id)
    WHERE EXISTS (SELECT FROM orders_order AS placed
                  WHERE placed.user_id = person.id AND (placed.ended_at IS NULL OR placed.ended_at >= %s))
"""


def with_orders(user_ids: Iterable[int], *, since: datetime) -> frozenset[int]:
    """Of these, who has an order that is open or ended since an instant. One query."""
    return frozenset(user_id for (user_id,) in sql.rows(WITH_ORDERS, [sql.numbers(user_ids), since]))
