"""Rate limits in the cache: exact while it is there, open while it is away (decision 7)."""

import time

from django.core.cache import cache


def allow(*, key: str, limit: int, period_seconds: int) -> bool:
    """Count one more use of `key` and say whether it is within `limit` uses in each fixed period.

    Periods start at multiples of period_seconds since the epoch. A cache that is away allows everything: nothing about
    money or orders depends on it.
    """
    counter = f"limit:{key}:{period_seconds}:{int(time.time() // period_seconds)}"
    if cache.add(counter, 1, timeout=period_seconds + 1):
        return limit >= 1
    try:
        return cache.incr(counter) <= limit
    except ValueError:  # it ended between the two calls
        return True
