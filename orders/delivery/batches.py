"""Poll batches: runs change tier in bulk, thin batches of a tier grow together, empty ones go.

Deliveries are locked before batches, as by whatever ends a run.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from orders.models import PollBatch
from orders.operations import runs
from plumbing import sql
from policies.rules.delivery import Tier, check_interval

LOCK = "SELECT run_id FROM orders_delivery WHERE run_id = ANY (%s::bigint[]) ORDER BY run_id FOR NO KEY UPDATE"
MOVE_SOME = """
    WITH leaving AS (
        SELECT run_id, batch_id FROM orders_delivery WHERE run_id = ANY (%s::bigint[]) AND batch_id <> %s
    ), moved AS (
        UPDATE orders_delivery AS d SET batch_id = %s FROM leaving WHERE d.run_id = leaving.run_id
    )
    SELECT batch_id, count(*) FROM leaving GROUP BY batch_id
"""
RESIZE = """
    UPDATE orders_pollbatch AS batch SET size = batch.size + change.by
    FROM unnest(%s::bigint[], %s::int[]) AS change(id, by) WHERE batch.id = change.id
"""
# The two thinnest batches of each tier, if one has room for both.
THIN = """
    SELECT array_agg(id ORDER BY size, id) FROM (
        SELECT id, size, tier, row_number() OVER (PARTITION BY tier ORDER BY size, id) AS place
        FROM orders_pollbatch WHERE provider_id = %s AND size > 0
    ) AS ranked
    WHERE place <= 2 GROUP BY tier HAVING count(*) = 2 AND sum(size) <= %s
"""
MOVE_ALL = "UPDATE orders_delivery SET batch_id = %s WHERE batch_id = %s"
COUNT = "UPDATE orders_pollbatch SET size = size + CASE id WHEN %s THEN %s ELSE -%s END WHERE id IN (%s, %s)"
DROP_EMPTY = "DELETE FROM orders_pollbatch WHERE provider_id = %s AND size = 0"


def interval(tier: Tier) -> timedelta:
    """Between two looks at a batch of a tier."""
    return timedelta(seconds=check_interval(tier, fastest=settings.POLL_SECONDS))


def change_tiers(*, provider_id: int, wanted: Mapping[int, Tier], now: datetime) -> None:
    """Move runs to batches of other tiers. Part of the caller's transaction; what has ended meanwhile is left out."""
    if not wanted:
        return
    sql.rows(LOCK, [sql.numbers(wanted)])
    for tier in sorted(set(wanted.values())):
        run_ids = [run_id for run_id, each in wanted.items() if each is tier]
        while run_ids:
            batch = _with_room(provider_id, tier, now)
            room = runs.BATCH_SIZE - batch.size
            _move(run_ids[:room], batch)
            run_ids = run_ids[room:]


@transaction.atomic(durable=True)
def tidy(*, provider_id: int) -> None:
    """Put the two thinnest batches of each tier together and drop empty ones: calls stay full while orders end."""
    for ((thin, roomy),) in sql.rows(THIN, [provider_id, runs.BATCH_SIZE]):
        moved = sql.execute(MOVE_ALL, [roomy, thin])
        sql.execute(COUNT, [roomy, moved, moved, roomy, thin])
    sql.execute(DROP_EMPTY, [provider_id])


def _with_room(provider_id: int, tier: Tier, now: datetime) -> PollBatch:
    """A batch of the tier that is not full, locked; a new one, due in its turn, where there is none."""
    roomy = PollBatch.objects.select_for_update(no_key=True).filter(
        provider_id=provider_id, tier=tier, size__lt=runs.BATCH_SIZE
    )
    found = roomy.order_by("pk").first()
    return found or PollBatch.objects.create(provider_id=provider_id, tier=tier, due_at=now + interval(tier))


def _move(run_ids: Sequence[int], batch: PollBatch) -> None:
    left = sql.rows(MOVE_SOME, [sql.numbers(run_ids), batch.pk, batch.pk])
    changes = [(batch_id, -number) for batch_id, number in left]
    changes.append((batch.pk, sum(number for _, number in left)))
    sql.execute(RESIZE, [sql.numbers(pk for pk, _ in changes), sql.numbers(by for _, by in changes)])
