"""Measuring when completed orders began and ended: what forecasts are read from (R13)."""

from datetime import datetime, timedelta

from django.db import transaction

from orders.models import ServiceHistory
from plumbing import sql

WINDOW = timedelta(days=90)
NEWEST = 200  # of a size: what happened lately says more than what happened once
LOOKED_AT = 20_000  # newest completions of a service, so that a pass stays short whatever is sold

# Parts that a customer chose say how long they chose, not how long the service takes.
# size: floor(log2(units)), exactly: the number of binary digits less one. percentile_disc names a time that an order
# did take, so that at least half of them, or nine in ten, took no longer. began: when progress was first seen, which is
# the end at the latest.
_MEASURE = """
INSERT INTO orders_servicehistory AS known
    (service_id, size, sample, p10_s, p50_s, p90_s, start_p10_s, start_p50_s, start_p90_s, measured_at)
SELECT service_id, size, count(*),
       percentile_disc(0.1) WITHIN GROUP (ORDER BY took),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY took),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY took),
       percentile_disc(0.1) WITHIN GROUP (ORDER BY began),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY began),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY began), %(now)s
FROM (
    SELECT s.id AS service_id, done.id, done.placed_at, done.size, done.took,
           row_number() OVER (PARTITION BY s.id, done.size ORDER BY done.ended_at DESC, done.id DESC) AS newest
    FROM orders_service AS s
    CROSS JOIN LATERAL (
        SELECT id, placed_at, ended_at, length(ltrim(units::bit(32)::text, '0')) - 1 AS size,
               greatest(extract(epoch FROM ended_at - placed_at), 0)::integer AS took
        FROM orders_order
        WHERE service_id = s.id AND status = 'completed' AND ended_at > %(since)s AND ended_at <= %(now)s
            AND drip_runs IS NULL
        ORDER BY ended_at DESC LIMIT %(looked_at)s) AS done
) AS ranked
CROSS JOIN LATERAL (
    SELECT least(
        greatest(coalesce(extract(epoch FROM min(seen.at) - ranked.placed_at), ranked.took), 0), ranked.took
    )::integer AS began
    FROM orders_run AS run JOIN orders_sample AS seen ON seen.run_id = run.id
    WHERE run.order_id = ranked.id AND run.kind = 'first') AS progress
WHERE newest <= %(newest)s
GROUP BY service_id, size
ORDER BY service_id, size
ON CONFLICT (service_id, size) DO UPDATE
SET sample = excluded.sample, p10_s = excluded.p10_s, p50_s = excluded.p50_s, p90_s = excluded.p90_s,
    start_p10_s = excluded.start_p10_s, start_p50_s = excluded.start_p50_s, start_p90_s = excluded.start_p90_s,
    measured_at = excluded.measured_at
WHERE known.measured_at <= excluded.measured_at
"""


def measure(*, now: datetime) -> int:
    """Measure each service by size, over the newest orders of the last 90 days. Returns how many sizes were measured.

    A size in which nothing was completed for that long is forgotten. Safe to run beside itself.
    """
    bounds = {"now": now, "since": now - WINDOW, "newest": NEWEST, "looked_at": LOOKED_AT}
    with transaction.atomic(durable=True):
        measured = sql.execute(_MEASURE, bounds)
        ServiceHistory.objects.filter(measured_at__lt=now).delete()
    return measured
