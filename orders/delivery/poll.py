"""Looking at live runs: claim the most overdue batches, ask 100 ids a call, decide, write once for all."""

import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from orders.delivery import leases, stalling
from orders.models import Flag, PollBatch, Provider, ProviderLease, Sample
from orders.operations import flags, runs, statuses
from orders.providers import adapter_for
from orders.providers.base import Statuses
from plumbing import sql
from plumbing.elapsed import Elapsed
from policies.rules import delivery
from policies.rules.delivery import Step

logger = logging.getLogger(__name__)

PASS_SECONDS = 20.0  # a pass goes on while batches are due, well inside its provider lease
BATCHES_AT_ONCE = 4

CLAIM = """
    UPDATE orders_pollbatch SET lease_token = %(token)s, lease_until = now() + %(seconds)s * interval '1 second'
    WHERE id IN (
        SELECT id FROM orders_pollbatch
        WHERE provider_id = %(provider)s AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING id
"""
# `quiet_since` only where it may be too long ago: reading an instant costs more than the rest of the row.
READ = """
    SELECT provider_order_id, run_id, order_id, quantity, delivered, start_count, word, whole,
        CASE WHEN progressed_at <= %s THEN progressed_at END AS quiet_since
    FROM orders_delivery WHERE batch_id = ANY (%s)
"""
# A stale report, of a worker that lost its lease, never takes anything back.
APPLY = """
    UPDATE orders_delivery AS d SET
        delivered = step.delivered,
        start_count = step.start_count,
        word = step.word,
        progressed_at = CASE WHEN step.delivered > d.delivered THEN %s ELSE d.progressed_at END
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::text[]) AS step(run_id, delivered, start_count, word)
    WHERE d.run_id = step.run_id AND step.delivered >= d.delivered
      AND (d.delivered, d.start_count, d.word) IS DISTINCT FROM (step.delivered, step.start_count, step.word)
"""
RELEASE = "UPDATE orders_pollbatch SET lease_token = NULL, lease_until = NULL, due_at = %s WHERE lease_token = %s"
# The two thinnest batches, if one has room for both.
THIN = """
    SELECT array_agg(id ORDER BY size, id) FROM (
        SELECT id, size FROM orders_pollbatch WHERE provider_id = %s AND tier = 0 AND size > 0 ORDER BY size, id LIMIT 2
    ) AS thin
    HAVING count(*) = 2 AND sum(size) <= %s
"""
MOVE = "UPDATE orders_delivery SET batch_id = %s WHERE batch_id = %s"
COUNT = "UPDATE orders_pollbatch SET size = size + CASE id WHEN %s THEN %s ELSE -%s END WHERE id IN (%s, %s)"
DROP_EMPTY = "DELETE FROM orders_pollbatch WHERE provider_id = %s AND size = 0"

Row = tuple[Any, ...]


@dataclass(slots=True)
class Refreshed:
    """What a pass came to: runs looked at, runs with news, runs that ended."""

    looked_at: int = 0
    changed: int = 0
    ended: int = 0


def providers_due(*, now: datetime) -> list[int]:
    """Providers with batches due at whom nobody looks already. Paused ones too: what they have is still delivered."""
    due = PollBatch.objects.filter(due_at__lte=now).values_list("provider_id", flat=True).distinct()
    return sorted(set(due) - leases.taken(ProviderLease.Work.POLL))


def refresh_due_batches(*, provider_id: int, now: datetime, limit: int = BATCHES_AT_ONCE) -> Refreshed:
    """Bring the live runs of a provider's overdue batches up to date, `limit` batches at a time.

    Safe to run anywhere, twice, or to die half-way: a lease that runs out makes the batch due again, and applying the
    same report twice changes nothing.
    """
    refreshed, elapsed = Refreshed(), Elapsed(since=now)
    with leases.held(provider_id=provider_id, work=ProviderLease.Work.POLL) as lease:
        while lease and elapsed.seconds < PASS_SECONDS and _look(provider_id, now, elapsed, limit, refreshed):
            lease.renew()
        if lease:
            tidy(provider_id=provider_id)
    return refreshed


@transaction.atomic(durable=True)
def tidy(*, provider_id: int) -> None:
    """Put the two thinnest batches together and drop empty ones, so that calls stay full while orders end.

    Deliveries before batches, as whatever ends a run takes them.
    """
    for ((thin, roomy),) in sql.rows(THIN, [provider_id, runs.BATCH_SIZE]):
        moved = sql.execute(MOVE, [roomy, thin])
        sql.execute(COUNT, [roomy, moved, moved, roomy, thin])
    sql.execute(DROP_EMPTY, [provider_id])


def _look(provider_id: int, now: datetime, elapsed: Elapsed, limit: int, refreshed: Refreshed) -> bool:
    """One round: claim, read, ask, decide, apply. False when nothing was due."""
    token = uuid.uuid4()
    claim = {"token": token, "provider": provider_id, "now": now, "limit": limit}
    batches = [batch_id for (batch_id,) in sql.rows(CLAIM, {**claim, "seconds": settings.CLAIM_LEASE_SECONDS})]
    if not batches:
        return False
    rows = sql.rows(READ, [now - stalling.shortest_patience(), batches])
    overdue = stalling.overdue({row[1]: (row[2], row[8]) for row in rows if row[8]}, now=now)
    said = adapter_for(Provider.objects.get(pk=provider_id)).statuses([row[0] for row in rows])
    if said.problem:
        logger.warning(
            "provider %s: %s of %s ids not looked at: %s", provider_id, len(said.failed), len(rows), said.problem
        )
    steps = decide(rows, said, overdue)
    _apply(rows, steps, overdue, token, elapsed.now())
    ended = [step for step in steps if step.ends]
    for step in ended:
        _end(step, elapsed.now())
    refreshed.looked_at += len(rows)
    refreshed.changed += len(steps)
    refreshed.ended += len(ended)
    return True


def decide(rows: Sequence[Row], said: Statuses, overdue: Collection[int]) -> list[Step]:
    """The steps of those runs whose report says something new; the others cost a comparison.

    Ids whose call failed stay as they are and are asked for again. overdue: runs whose patience is over.
    """
    steps = []
    for row in rows:
        late = row[1] in overdue
        if row[0] in said.failed:
            steps += [delivery.unseen(row[1:7])] if late else []
            continue
        report = said.reports.get(row[0])
        if row[7] and report is not None:  # a package: the remains of one say nothing
            report = {name: value for name, value in report.items() if name != "remains"}
        step = delivery.advance(row[1:7], report, patience_over=late)
        if step is not None:
            steps.append(step)
    return steps


@transaction.atomic(durable=True)
def _apply(
    rows: Sequence[Row], steps: Sequence[Step], overdue: Collection[int], token: uuid.UUID, now: datetime
) -> None:
    """Write progress, samples, flags and first units, and give the batches back. What ends is not written here: it
    must still be news if we die before it is settled."""
    moving = [step for step in steps if not step.ends]
    before = {row[1]: row[4] for row in rows} if moving else {}
    started = {step.order_id for step in moving if step.delivered > before[step.run_id] == 0}
    list(statuses.lock(started))  # orders before deliveries, always
    if moving:
        sql.execute(APPLY, [now, *_columns(moving)])
    Sample.objects.bulk_create(Sample(run_id=s.run_id, at=now, delivered=s.delivered) for s in moving if s.sample)
    flags.raise_flags(
        Flag(order_id=s.order_id, run_id=s.run_id, kind=kind, raised_at=now) for s in steps for kind in s.flags
    )
    if overdue:
        stalling.seen_again((step for step in steps if step.run_id in overdue), now=now)
    if started:
        statuses.refresh(order_ids=started, actor="system", now=now)
    sql.execute(RELEASE, [now + timedelta(seconds=settings.POLL_SECONDS), token])


def _columns(steps: Sequence[Step]) -> tuple[str, str, str, str]:
    return (
        sql.numbers(step.run_id for step in steps),
        sql.numbers(step.delivered for step in steps),
        sql.numbers(step.start_count for step in steps),
        sql.words(step.word for step in steps),
    )


def _end(step: Step, now: datetime) -> None:
    """End one run. An order that cannot be ended is flagged and waits; the others go on (reliability 31)."""
    assert step.outcome is not None
    try:
        runs.end_run(
            run_id=step.run_id,
            outcome=step.outcome,
            delivered=step.delivered,
            start_count=step.start_count,
            actor="system",
            now=now,
        )
    except Exception as error:
        logger.exception("order %s could not be ended", step.order_id)
        flags.could_not_end(order_id=step.order_id, run_id=step.run_id, error=error, now=now)
