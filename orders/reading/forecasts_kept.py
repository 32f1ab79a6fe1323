"""How often the 80 % interval that orders were placed with held: what staff judge the forecasts by (R13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plumbing import sql

WINDOW = timedelta(days=90)
LOOKED_AT = 200_000  # newest orders, so that the page costs no more than that however many there are
AIM_PERCENT = 80

# Only orders whose interval is over: of those placed lately, the quick ones alone have ended, and would flatter
# the forecast. What ended otherwise than complete took no time that was forecast.
_KEPT = """
SELECT service.id, service.name,
    count(*) FILTER (WHERE took BETWEEN p10_s AND p90_s),
    count(*) FILTER (WHERE took < p10_s),
    count(*) FILTER (WHERE took > p90_s OR still_live),
    count(*) FILTER (WHERE took IS NULL AND NOT still_live)
FROM (
    SELECT service_id, (forecast ->> 'p10_s')::integer AS p10_s, (forecast ->> 'p90_s')::integer AS p90_s, placed_at,
        CASE WHEN status = 'completed' THEN floor(extract(epoch FROM ended_at - placed_at)) END AS took,
        ended_at IS NULL AS still_live
    FROM orders_order
    WHERE id > (SELECT max(id) FROM orders_order) - %(looked_at)s AND placed_at > %(since)s
        AND forecast ->> 'p10_s' IS NOT NULL
) AS placed
JOIN orders_service AS service ON service.id = placed.service_id
WHERE placed_at + p90_s * interval '1 second' < %(now)s
GROUP BY service.id, service.name
ORDER BY count(*) DESC, service.id
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One service's orders whose interval is over. otherwise: ended short or canceled, and not counted in the share."""

    service_id: int
    name: str
    held: int
    early: int
    late: int
    otherwise: int

    @property
    def counted(self) -> int:
        """How many the share is of."""
        return self.held + self.early + self.late

    @property
    def percent(self) -> int | None:
        """How often the interval held, rounded down; None without an order to tell by."""
        return 100 * self.held // self.counted if self.counted else None


def forecasts_kept(*, now: datetime) -> Sequence[Kept]:
    """Each service that was forecast in the last 90 days, the most ordered first; one query."""
    return [Kept(*row) for row in sql.rows(_KEPT, {"now": now, "since": now - WINDOW, "looked_at": LOOKED_AT})]


def together(services: Sequence[Kept]) -> Kept:
    """All of them as one line."""
    held, early, late, otherwise = (
        sum(getattr(each, name) for each in services) for name in ("held", "early", "late", "otherwise")
    )
    return Kept(0, "All services", held, early, late, otherwise)
