"""How often a live run is looked at: often while it is fresh or about to end, seldom while it stands still."""

from datetime import datetime, timedelta
from enum import IntEnum

FRESH_FOR = timedelta(minutes=10)  # after it was taken, or after its last units
QUIET_AFTER = timedelta(hours=3)  # without units
SOON_S = 15 * 60  # from its end, at the pace of the last look


class Tier(IntEnum):
    """How often the runs of a poll batch are looked at. Stored with the batch."""

    FAST = 0
    STEADY = 1
    STILL = 2


_TIMES_AS_LONG = {Tier.FAST: 1, Tier.STEADY: 8, Tier.STILL: 60}


def check_interval(tier: Tier, *, fastest: int) -> int:
    """Seconds between two looks at a batch of a tier. fastest: those of the fast one."""
    return fastest * _TIMES_AS_LONG[tier]


def tier_after_progress(tier: Tier, *, quantity: int, before: int, delivered: int, seconds: float) -> Tier:
    """The tier of a run that a look found further on: fast when at this pace it ends soon.

    before, delivered: units at the last look and now, before < delivered <= quantity. seconds: between the two looks. A
    run leaves the fast tier only when its end is twice as far, so that none goes to and fro.
    """
    left_s = (quantity - delivered) * seconds / (delivered - before)
    near = 2 * SOON_S if tier is Tier.FAST else SOON_S
    return Tier.FAST if left_s <= near else Tier.STEADY


def resting_since(now: datetime) -> tuple[datetime, datetime]:
    """The instants from which on a run without units is at best steady, and at best still. Rest makes none faster."""
    return now - FRESH_FOR, now - QUIET_AFTER
