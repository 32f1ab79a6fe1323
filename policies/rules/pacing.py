"""In which parts an order is sent, and the band its delivery should stay in (refund.2.3, refund.4.1, refund.4.2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.rules.vocabulary import ServiceType

BAND_POINTS = 24
_DAY = 24 * 60  # minutes
SLOWEST_SHARE = 2  # the band's late edge runs at half the stated pace
_SAYS_INSTANT = re.compile(r"\binstant(ly)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One part of an order: its place from 1, its units, and the earliest instant it may be sent."""

    number: int
    quantity: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class BandPoint:
    """How much should be delivered at an instant: if all goes fast, as stated, or slowly. Units, latest <= earliest."""

    at: datetime
    earliest: int
    expected: int
    latest: int


def plan(
    *, quantity: int, now: datetime, run_size: int | None = None, interval: timedelta | None = None
) -> tuple[PlannedRun, ...]:
    """Split an order into runs of nearly equal size, evenly spaced (refund.4.1, refund.4.2).

    Without a run size it is one run, due now.

    run_size: the most units of one run, positive. interval: between two due times, needed with a run size.
    Even spacing is the service's pace made visible, nothing else: no draw, no jitter (R16 to R18, decision 16).
    Raises ValueError for a quantity or a run size below 1, or a run size without an interval.
    """
    if quantity < 1 or (run_size is not None and run_size < 1):
        raise ValueError(f"{quantity} units in runs of {run_size}")
    if run_size is None or run_size >= quantity:
        return (PlannedRun(1, quantity, now),)
    if interval is None or interval < timedelta(0):
        raise ValueError("a run size needs an interval")
    runs = -(-quantity // run_size)
    # The i-th boundary is floor(quantity * i / runs): sizes differ by one unit at most and add up to the quantity.
    return tuple(
        PlannedRun(i + 1, quantity * (i + 1) // runs - quantity * i // runs, now + i * interval) for i in range(runs)
    )


def most_a_day(*, stated: int | None, largest: int, service_type: ServiceType) -> int | None:
    """Units that one link gets in any 24 hours: as staff state it, else as many as the service's largest order.

    stated: 0 lifts it, which is a word of its own (R18). None: no limit was meant, or the service sells packages, whose
    units say nothing about a number.
    """
    if stated == 0 or service_type.is_package:
        return None
    return largest if stated is None else stated


def under_cap(
    *, quantity: int, run_size: int | None, interval: timedelta | None, daily_cap: int | None
) -> tuple[int | None, timedelta | None]:
    """The run size and interval by which no 24 hours of an order's own plan hold more than the cap (refund.4.2, R18).

    What fits into one day's cap stays as the service paces it. daily_cap: units that one link gets in any 24 hours,
    positive; None without a cap. A run without a size is the whole order.
    """
    if daily_cap is None or quantity <= daily_cap:
        return run_size, interval
    size = min(run_size or quantity, daily_cap)
    apart = timedelta(minutes=minutes_apart(part=size, daily_cap=daily_cap))
    return size, max(interval or timedelta(0), apart)


def minutes_apart(*, part: int, daily_cap: int) -> int:
    """How far apart parts of this size are sent, at the least, where at most `daily_cap` units go out in any 24 hours.

    Whole minutes, rounded up. A part above the cap goes alone in its day.
    """
    return -(-_DAY // max(daily_cap // part, 1))


def planned_band(*, runs: Sequence[PlannedRun], pace: int | None, start_window: timedelta) -> tuple[BandPoint, ...]:
    """Delivered over time as planned (refund.2.3): the three curves behind the chart; () without a stated pace.

    pace: units an hour. start_window: how long a run may wait before it starts. The early edge starts each run when it
    is due and at the pace; the middle half a window later; the late edge a whole window later and at half the pace.
    """
    if not runs or pace is None or pace < 1:
        return ()
    start = runs[0].due_at
    end = max(run.due_at + start_window + _duration(run.quantity * SLOWEST_SHARE, pace) for run in runs)
    step = (end - start) / BAND_POINTS
    return tuple(_point(runs, start + i * step, pace, start_window) for i in range(BAND_POINTS + 1))


def _point(runs: Sequence[PlannedRun], at: datetime, pace: int, window: timedelta) -> BandPoint:
    return BandPoint(
        at=at,
        earliest=_delivered(runs, at, pace=pace, delay=timedelta(0)),
        expected=_delivered(runs, at, pace=pace, delay=window / 2),
        latest=_delivered(runs, at, pace=pace, delay=window, share=SLOWEST_SHARE),
    )


def _delivered(runs: Sequence[PlannedRun], at: datetime, *, pace: int, delay: timedelta, share: int = 1) -> int:
    return sum(_of_run(run, at - run.due_at - delay, pace, share) for run in runs)


def _of_run(run: PlannedRun, running: timedelta, pace: int, share: int) -> int:
    """Units after `running`; rounded up, so that the end of a curve is all of them."""
    microseconds = max(running // timedelta(microseconds=1), 0)
    return min(run.quantity, -(-microseconds * pace // (share * _HOUR)))


_HOUR = timedelta(hours=1) // timedelta(microseconds=1)


def _duration(units: int, pace: int) -> timedelta:
    return timedelta(hours=1) * units / pace


def is_instant(*, flagged: bool, description: str) -> bool:
    """Whether a service may be called instant: it is marked so and its description says so (R19, refund.4.3)."""
    return flagged and _SAYS_INSTANT.search(description) is not None
