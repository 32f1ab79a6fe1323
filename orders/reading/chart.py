"""Delivered over time beside the plan: the numbers of an order's chart and of the table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from orders.models import Order, Run
from policies.rules import pacing

MOST_POINTS = 120
GRID = 24  # steps of the band from the left edge to the right one

# Counts of several runs added up over time: each sample adds what its own run gained since that run's last one.
_SAMPLES = """
SELECT at, sum(gained) OVER (ORDER BY at, id)
FROM (SELECT s.id, s.at, s.delivered - lag(s.delivered, 1, 0) OVER (PARTITION BY s.run_id ORDER BY s.at, s.id) AS gained
      FROM orders_sample s JOIN orders_run r ON r.id = s.run_id
      WHERE r.order_id = %s AND r.kind = 'first') AS steps
ORDER BY at, id
"""


@dataclass(frozen=True, slots=True)
class Point:
    """An instant: units delivered then (None: not measured), and how many the plan expects, at least and at most."""

    at: datetime
    delivered: int | None
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """points: in order of time. units: bought."""

    units: int
    points: tuple[Point, ...]

    @property
    def measured(self) -> list[Point]:
        """The points at which something was measured: the rows of the table."""
        return [point for point in self.points if point.delivered is not None]

    def series(self) -> dict[str, object]:
        """As the page's script takes it: one list an axis, times as seconds since 1970, to be shown in the zone."""
        return {
            "units": self.units,
            "zone": timezone.get_current_timezone_name(),
            "at": [point.at.timestamp() for point in self.points],
            "delivered": [point.delivered for point in self.points],
            "least": [point.least for point in self.points],
            "most": [point.most for point in self.points],
        }


def samples(order_id: int) -> list[tuple[datetime, int]]:
    """When the delivered total of the order changed, and to what; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLES, [order_id])
        return [(at, int(total)) for at, total in cursor.fetchall()]


def chart(
    *,
    order: Order,
    runs: Sequence[Run],
    measured: Sequence[tuple[datetime, int]],
    delivered: int,
    until: datetime,
    now: datetime,
) -> Chart:
    """Put what was measured beside the planned band. until: the right edge, where the order ended or should end."""
    begun = min((run.accepted_at for run in runs if run.accepted_at), default=order.placed_at)
    last = order.ended_at or now
    known = {order.placed_at: 0, begun: 0, **dict(_thinned(measured)), last: delivered}
    band = _band(order, runs)
    edge = max(until, last)
    grid = [order.placed_at + (edge - order.placed_at) * step / GRID for step in range(GRID + 1)] if band else []
    points = (_point(at, known.get(at), band) for at in sorted({*known, *grid}))
    return Chart(order.units, tuple(points))


def _thinned(measured: Sequence[tuple[datetime, int]]) -> Sequence[tuple[datetime, int]]:
    stride = -(-len(measured) // MOST_POINTS) or 1
    return measured[::stride]


def _band(order: Order, runs: Sequence[Run]) -> tuple[pacing.BandPoint, ...]:
    """The plan of what may be sent or was; a run that waits, is held or paused has no time yet, and no plan."""
    times = [(run, run.due_at or run.accepted_at) for run in runs]
    planned = [pacing.PlannedRun(run.number, run.quantity, at) for run, at in times if at]
    window = timedelta(hours=order.start_window_hours or 0)
    return pacing.planned_band(runs=planned, pace=order.pace_per_hour, start_window=window)


def _point(at: datetime, delivered: int | None, band: Sequence[pacing.BandPoint]) -> Point:
    if not band:
        return Point(at, delivered, None, None)
    after = next((index for index, point in enumerate(band) if point.at >= at), len(band) - 1)
    left, right = band[max(after - 1, 0)], band[after]
    span = (right.at - left.at).total_seconds()
    share = min(max((at - left.at).total_seconds() / span, 0.0), 1.0) if span else 1.0
    return Point(
        at,
        delivered,
        least=round(left.latest + share * (right.latest - left.latest)),
        most=round(left.earliest + share * (right.earliest - left.earliest)),
    )
