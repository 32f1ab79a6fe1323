"""Orders that nobody takes: watched pass by pass, and given up after the hours of their policy."""

import logging
from datetime import datetime

from orders.delivery.stalling import shortest_patience
from orders.models import Switches
from orders.operations import flags, providers, unsent

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200  # of a pass, which shares a process with others; the next one goes on


def give_up_unsent(*, now: datetime) -> int:
    """End what has waited too long for a provider. Returns how many orders ended.

    While staff keep everything back (`Switches.stop_dispatch`) nothing is watched and nothing fails: that is our doing.
    """
    if Switches.objects.filter(stop_dispatch=True).exists():
        return 0
    providers.watch(now=now)
    long_ago = now - shortest_patience()
    found = unsent.unsent_since(long_ago=long_ago, now=now, limit=MOST_AT_ONCE)
    return sum(_give_up(order_id, long_ago, now) for order_id in found)


def _give_up(order_id: int, long_ago: datetime, now: datetime) -> bool:
    try:
        return unsent.give_up(order_id=order_id, long_ago=long_ago, now=now)
    except Exception as error:
        logger.exception("order %s could not be given up", order_id)
        flags.could_not_end(order_id=order_id, error=error, now=now)
        return False
