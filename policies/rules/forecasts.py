"""When an order will probably begin and be done. A forecast, never a promise (refund.3.1, refund.3.2, refund.3.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

ENOUGH_SHARE = 50  # before a fiftieth is delivered, the order's own speed says little
ENOUGH_ORDERS = 10  # of fewer, nine in ten is no number that one could stand by


@dataclass(frozen=True, slots=True)
class Measured:
    """How long completed orders of one service and size took, from placing to completion.

    size: as `size_of`; sample: how many orders; p10_s, p50_s, p90_s: seconds that one in ten, half, and nine in ten,
    needed at most; start_…: the same until delivery was first seen. None: measured before that was noted.
    """

    size: int
    sample: int
    p50_s: int
    p90_s: int
    p10_s: int | None = None
    start_p10_s: int | None = None
    start_p50_s: int | None = None
    start_p90_s: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What `sample` like orders took: seconds, as of `Measured`. An order keeps it as it was when placed."""

    p50_s: int
    p90_s: int
    sample: int
    p10_s: int | None = None
    start_p10_s: int | None = None
    start_p50_s: int | None = None
    start_p90_s: int | None = None

    def starts(self, *, placed_at: datetime) -> "Window | None":
        """When delivery should begin (refund.2.3), or None: not enough data."""
        return _window(placed_at, self.start_p10_s, self.start_p50_s, self.start_p90_s)

    def ends(self, *, placed_at: datetime) -> "Window | None":
        """When it should be done, or None: not enough data."""
        return _window(placed_at, self.p10_s, self.p50_s, self.p90_s)


@dataclass(frozen=True, slots=True)
class Window:
    """An 80 % interval: of like orders a tenth came before `from_at`, a tenth after `to_at`, half by `half_at`."""

    from_at: datetime
    half_at: datetime
    to_at: datetime


def _window(placed_at: datetime, *seconds: int | None) -> Window | None:
    known = [placed_at + timedelta(seconds=each) for each in seconds if each is not None]
    return Window(*known) if len(known) == len(seconds) else None


def size_of(units: int) -> int:
    """The bucket of orders of about this size: floor(log2(units)). Raises ValueError below one unit."""
    if units < 1:
        raise ValueError(f"{units} units")
    return units.bit_length() - 1


def from_history(*, units: int, history: Iterable[Measured]) -> Forecast | None:
    """What orders of about this size took (refund.3.1), or None: not enough data (R13).

    history: of one service, a bucket at most once.
    """
    alike = next((each for each in history if each.size == size_of(units)), None)
    if alike is None or alike.sample < ENOUGH_ORDERS:
        return None
    return Forecast(
        p50_s=alike.p50_s,
        p90_s=alike.p90_s,
        sample=alike.sample,
        p10_s=alike.p10_s,
        start_p10_s=alike.start_p10_s,
        start_p50_s=alike.start_p50_s,
        start_p90_s=alike.start_p90_s,
    )


@dataclass(frozen=True, slots=True)
class Ahead:
    """A live order that goes first on the same link. forecast: as kept when it was placed, None: not enough data."""

    placed_at: datetime
    forecast: Forecast | None


def in_parts(forecast: Forecast | None, *, last_after: timedelta) -> Forecast | None:
    """When the last of several parts is done (refund.3.1), of what orders of one part's size took; None stays None.

    last_after: from the first part's due time to the last one's.
    """
    return None if forecast is None else _shifted(forecast, (timedelta(0),) * 3, (last_after,) * 3)


def behind(forecast: Forecast | None, *, ahead: Sequence[Ahead], now: datetime) -> Forecast | None:
    """The forecast of an order that waits for others on its link (refund.2.2, R18), or None: not enough data.

    It begins when all of them are done: each of its times is put off by what the slowest of them still needs in the
    same share of cases. One that is later than nine in ten of its like tells nothing about when it will be done.
    """
    if not ahead or forecast is None:
        return forecast
    left = [_left(each, now) for each in ahead]
    known = [waits for waits in left if waits is not None]
    if len(known) < len(left):
        return None
    waits = tuple(max(wait) for wait in zip(*known, strict=True))
    return _shifted(forecast, waits, waits)


def _left(ahead: Ahead, now: datetime) -> tuple[timedelta, ...] | None:
    """What an order still needs in one, five and nine of ten cases; None where that is not known."""
    window = ahead.forecast.ends(placed_at=ahead.placed_at) if ahead.forecast else None
    if window is None or window.to_at <= now:
        return None
    return tuple(max(at - now, timedelta(0)) for at in (window.from_at, window.half_at, window.to_at))


def _shifted(forecast: Forecast, start: Sequence[timedelta], end: Sequence[timedelta]) -> Forecast:
    begins = (forecast.start_p10_s, forecast.start_p50_s, forecast.start_p90_s)
    p10, half, most = (int(each.total_seconds()) for each in end)
    start_p10, start_p50, start_p90 = (
        None if known is None else known + int(wait.total_seconds()) for known, wait in zip(begins, start, strict=True)
    )
    return replace(
        forecast,
        p10_s=None if forecast.p10_s is None else forecast.p10_s + p10,
        p50_s=forecast.p50_s + half,
        p90_s=forecast.p90_s + most,
        start_p10_s=start_p10,
        start_p50_s=start_p50,
        start_p90_s=start_p90,
    )


def expected_end(
    *,
    units: int,
    delivered: int,
    now: datetime,
    started_at: datetime | None,
    pace: int | None,
    likely_end: datetime | None = None,
) -> datetime | None:
    """When the rest should be delivered (refund.3.1, refund.3.2), or None: not enough data.

    The order's own speed once it has shown one, else what like orders took, else the pace its service states.
    started_at: when its first run was accepted upstream. pace: units an hour or None. likely_end: when half of the like
    orders would be done, None where that is not known. Also None with nothing left to deliver.
    """
    missing = units - delivered
    if missing <= 0:
        return None
    if started_at is not None and delivered * ENOUGH_SHARE >= units and now > started_at:
        return now + (now - started_at) * missing / delivered
    if likely_end is not None and likely_end > now:
        return likely_end
    if pace is None or pace < 1:
        return None
    return now + timedelta(hours=1) * missing / pace
