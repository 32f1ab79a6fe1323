"""Where orders stand in line behind another on their link: numbers only, whoever the others belong to (R18)."""

from collections.abc import Mapping, Sequence

from plumbing import sql

# Of all customers' orders on a link, none but how many is read; each count is a range of the index of waiting ones.
_PLACES = """
SELECT mine.id, (
    SELECT count(*) FROM orders_order AS other
    WHERE other.status = 'waiting' AND other.fingerprint = mine.fingerprint AND other.metric = mine.metric
      AND other.id <= mine.id)
FROM orders_order AS mine
WHERE mine.status = 'waiting' AND mine.user_id = %s AND mine.id = ANY (%s)
"""


def places(*, user_id: int, order_ids: Sequence[int]) -> Mapping[int, int]:
    """The places, from 1, of the user's own orders among these that wait. One query however many; the rest are absent.

    Number 1 goes next, when the order that is being delivered to its link and metric is done (decision 14).
    """
    return dict(sql.rows(_PLACES, [user_id, list(order_ids)])) if order_ids else {}
