"""How orders stand for those who ask by id: one query however many ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from policies.rules.vocabulary import OrderStatus

# Grouped before it meets the order, so that the cost is the asked orders' runs and nothing else (performance P10).
_STANDINGS = """
SELECT o.id, o.status, o.units, o.charge - o.refunded,
       sum(COALESCE(d.delivered, r.delivered)),
       (array_agg(COALESCE(d.start_count, r.start_count) ORDER BY r.number))[1]
FROM orders_order o
JOIN orders_run r ON r.order_id = o.id AND r.kind = 'first'
LEFT JOIN orders_delivery d ON d.run_id = r.id
WHERE o.user_id = %(user)s AND (o.id = ANY (%(ids)s) OR o.request_key = %(key)s)
GROUP BY o.id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """One order as its owner may know it. paid: the charge less what went back. start_count: of its first run."""

    order_id: int
    status: OrderStatus
    units: int
    paid: Decimal
    delivered: int
    start_count: int | None

    @property
    def remains(self) -> int:
        return self.units - self.delivered

    @property
    def public_word(self) -> str:
        """The status in the words of API v2."""
        return self.status.public_word(delivered=self.delivered)


def standings(*, user_id: int, order_ids: Sequence[int] = (), request_key: str | None = None) -> dict[int, Standing]:
    """The user's own orders among these ids, and the one placed under request_key. Somebody else's are not there."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, {"user": user_id, "ids": list(order_ids), "key": request_key})
        rows = cursor.fetchall()
    return {row[0]: Standing(row[0], OrderStatus(row[1]), *row[2:]) for row in rows}
