"""A pass at a rehearsal, with the open orders among its cases: the policies know no orders (decision 3)."""

from datetime import datetime

from orders.reading.rehearsal_cases import OPEN_ORDERS
from policies.operations import rehearsing


def work_on(*, rehearsal_id: int, now: datetime) -> None:
    """Go on with a rehearsal; harmless while somebody else is at it."""
    rehearsing.work_on(rehearsal_id=rehearsal_id, also=(OPEN_ORDERS,), now=now)
