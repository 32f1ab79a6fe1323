"""Looking at live runs: claim the most overdue batches, ask 100 ids a call, decide, write once for all."""

import logging
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from orders.delivery import batches, charging, leases, observing, stalling
from orders.models import PollBatch, Provider, ProviderLease
from orders.operations import flags, runs, statuses
from orders.providers import adapter_for
from orders.providers.base import Statuses
from plumbing import sql
from plumbing.elapsed import Elapsed
from policies.rules import delivery
from policies.rules.delivery import Step, Tier, resting_since, tier_after_progress

logger = logging.getLogger(__name__)

PASS_SECONDS = 20.0  # a pass goes on while batches are due, well inside its provider lease
BATCHES_AT_ONCE = 8  # claimed, read and written together: fewer cost more statements, more of them more memory

CLAIM = """
    UPDATE orders_pollbatch SET lease_token = %(token)s, lease_until = now() + %(seconds)s * interval '1 second'
    WHERE id = ANY (ARRAY(
        SELECT id FROM orders_pollbatch
        WHERE provider_id = %(provider)s AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until < now())
        ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id, tier, due_at
"""
# `quiet_since` only where it may be too long ago: reading an instant costs more than the rest of the row.
READ = """
    SELECT provider_order_id, run_id, order_id, quantity, delivered, start_count, word, whole,
        CASE WHEN progressed_at <= %(long_ago)s THEN progressed_at END AS quiet_since, batch_id,
        CASE WHEN progressed_at <= %(still)s THEN 2 WHEN progressed_at <= %(steady)s THEN 1 ELSE 0 END AS rest
    FROM orders_delivery WHERE batch_id = ANY (%(batches)s)
"""
# A stale report, of a worker that lost its lease, never takes anything back. The batches are named so that the database
# reads their pages and not the table; a run that was moved to another meanwhile is looked at with that one.
COUNT_UP = """
    UPDATE orders_delivery AS d SET delivered = step.delivered, progressed_at = %s
    FROM unnest(%s::bigint[], %s::int[]) AS step(run_id, delivered)
    WHERE d.batch_id = ANY (%s) AND d.run_id = step.run_id AND step.delivered > d.delivered
"""
APPLY = """
    UPDATE orders_delivery AS d SET
        delivered = step.delivered,
        start_count = step.start_count,
        word = step.word,
        progressed_at = CASE WHEN step.delivered > d.delivered THEN %s ELSE d.progressed_at END
    FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::text[]) AS step(run_id, delivered, start_count, word)
    WHERE d.batch_id = ANY (%s) AND d.run_id = step.run_id AND step.delivered >= d.delivered
      AND (d.delivered, d.start_count, d.word) IS DISTINCT FROM (step.delivered, step.start_count, step.word)
"""
SAMPLE = """
    INSERT INTO orders_sample (at, run_id, delivered) SELECT %s, run_id, delivered
    FROM unnest(%s::bigint[], %s::int[]) AS step(run_id, delivered)
"""
# Each batch is due again in its tier's turn: the seconds of all tiers, from the fastest on.
RELEASE = """
    UPDATE orders_pollbatch SET lease_token = NULL, lease_until = NULL,
        due_at = %s + (%s::int[])[tier + 1] * interval '1 second'
    WHERE lease_token = %s
"""

Row = tuple[Any, ...]
"""As READ selects it: 1 to 6 are a `RunFact`."""


class Turn(NamedTuple):
    """A batch's tier, and the seconds since the look before."""

    tier: Tier
    seconds: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """Batches that are ours until the lease runs out, by their ids, and what we know of their live runs."""

    token: uuid.UUID
    turns: Mapping[int, Turn]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Look:
    """What one round found at a provider in one claim. tiers: the runs that change tier. doubted: those whose reports
    were odd before."""

    provider_id: int
    claimed: Claimed
    said: Statuses
    steps: Sequence[Step]
    overdue: Collection[int]
    tiers: Mapping[int, Tier]
    doubted: Collection[int] = ()

    def sound_again(self) -> set[int]:
        """The runs that were doubted, and of which a report says now how they stand."""
        odd = {step.run_id for step in self.steps if step.flags}
        told = (row[1] for row in self.claimed.rows if row[0] in self.said.reports)
        return {run_id for run_id in told if run_id in self.doubted and run_id not in odd} if self.doubted else set()

    def reports_of(self, runs: Collection[int]) -> observing.Reports:
        """What the provider said of some runs."""
        reports = self.said.reports
        return (
            {row[1]: reports[row[0]] for row in self.claimed.rows if row[1] in runs and row[0] in reports}
            if runs
            else {}
        )

    def seconds_until_next(self) -> list[int]:
        """By tier. After a call that failed all are asked again soon: nobody has looked at them."""
        tiers = [Tier.FAST] * len(Tier) if self.said.failed else list(Tier)
        return [int(batches.interval(tier).total_seconds()) for tier in tiers]


@dataclass(frozen=True, slots=True)
class Pass:
    """One worker's turn at a provider. limit: batches a round. doubted: runs whose reports were odd before it."""

    provider: Provider
    now: datetime
    elapsed: Elapsed
    limit: int
    doubted: Collection[int]


@dataclass(slots=True)
class Refreshed:
    """What a pass came to: runs looked at, runs with news, runs that ended."""

    looked_at: int = 0
    changed: int = 0
    ended: int = 0


def providers_due(*, now: datetime) -> list[int]:
    """Providers with batches due at whom nobody looks already, the longest overdue first. Paused ones too: what they
    have is still delivered."""
    due = (
        PollBatch.objects.filter(due_at__lte=now, provider__in=Provider.objects.called())
        .values_list("provider_id")
        .annotate(since=Min("due_at"))
    )
    taken = leases.taken(ProviderLease.Work.POLL)
    return [provider_id for provider_id, _ in due.order_by("since", "provider_id") if provider_id not in taken]


def refresh_due_batches(*, provider_id: int, now: datetime, limit: int | None = None) -> Refreshed:
    """Bring the live runs of a provider's overdue batches up to date, `limit` batches at a time: without one, as many
    as calls go out at once, so that each line is kept busy for ten calls before all wait for the writing.

    Safe to run anywhere, twice, or to die half-way: a lease that runs out makes the batch due again, and applying the
    same report twice changes nothing.
    """
    provider = Provider.objects.get(pk=provider_id)
    turn = Pass(provider, now, Elapsed(since=now), limit or provider.poll_concurrency, observing.doubted(provider_id))
    refreshed = Refreshed()
    with leases.held(provider_id=provider_id, work=ProviderLease.Work.POLL) as lease:
        while lease and turn.elapsed.seconds < PASS_SECONDS and _look(turn, refreshed):
            lease.renew()
        if lease:
            batches.tidy(provider_id=provider_id)
    return refreshed


def _look(turn: Pass, refreshed: Refreshed) -> bool:
    """One round: claim, read, ask, decide, apply. False when nothing was due."""
    claims = list(_claims(turn))
    if not claims:
        return False
    ids = [row[0] for claimed in claims for row in claimed.rows]
    said = adapter_for(turn.provider).statuses(ids)
    if said.problem:
        logger.warning(
            "provider %s: %s of %s ids not looked at: %s", turn.provider.pk, len(said.failed), len(ids), said.problem
        )
    for claimed in claims:
        _take_in(claimed, said, turn, refreshed)
    return True


def _claims(turn: Pass) -> Iterator[Claimed]:
    left = turn.limit
    while left > 0:
        claimed = claim_and_read(provider_id=turn.provider.pk, now=turn.now, limit=min(left, BATCHES_AT_ONCE))
        if claimed is None:
            return
        left -= len(claimed.turns)
        yield claimed


def _take_in(claimed: Claimed, said: Statuses, turn: Pass, refreshed: Refreshed) -> None:
    """Decide and write what was said of the runs of one claim."""
    rows = claimed.rows
    overdue = stalling.overdue({row[1]: (row[2], row[8]) for row in rows if row[8]}, now=turn.now)
    steps = decide(rows, said, overdue)
    answered = [row for row in rows if row[0] not in said.failed] if said.failed else rows
    tiers = tiers_wanted(answered, steps, claimed.turns)
    apply(Look(turn.provider.pk, claimed, said, steps, overdue, tiers, turn.doubted), turn.elapsed.now())
    ended = [step for step in steps if step.ends]
    for step in ended:
        _end(step, turn.elapsed.now())
    refreshed.looked_at += len(rows)
    refreshed.changed += len(steps)
    refreshed.ended += len(ended)


def claim_and_read(*, provider_id: int, now: datetime, limit: int) -> Claimed | None:
    """Take a provider's most overdue batches, None where none is due."""
    token = uuid.uuid4()
    turns = _claim(provider_id, token, now, limit)
    if not turns:
        return None
    steady, still = resting_since(now)
    since = {"long_ago": now - stalling.shortest_patience(), "steady": steady, "still": still}
    return Claimed(token, turns, sql.rows(READ, {**since, "batches": list(turns)}))


def _claim(provider_id: int, token: uuid.UUID, now: datetime, limit: int) -> dict[int, Turn]:
    """Take the most overdue batches."""
    wanted = {"token": token, "provider": provider_id, "now": now, "limit": limit}
    claimed = sql.rows(CLAIM, {**wanted, "seconds": settings.CLAIM_LEASE_SECONDS})
    return {
        batch_id: Turn(Tier(tier), (batches.interval(Tier(tier)) + (now - due_at)).total_seconds())
        for batch_id, tier, due_at in claimed
    }


def tiers_wanted(rows: Sequence[Row], steps: Sequence[Step], turns: Mapping[int, Turn]) -> dict[int, Tier]:
    """The live runs that belong into another tier than their batch's, and which: by progress, else by rest."""
    news = {step.run_id: step for step in steps}
    wanted = {}
    for row in rows:
        (tier, seconds), step = turns[row[9]], news.get(row[1])
        belongs: int = max(tier, row[10])
        if step is not None and step.delivered > row[4]:
            belongs = tier_after_progress(
                tier, quantity=row[3], before=row[4], delivered=step.delivered, seconds=seconds
            )
        if belongs != tier and not (step and step.ends):
            wanted[row[1]] = Tier(belongs)
    return wanted


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
def apply(look: Look, now: datetime) -> None:
    """Write progress, samples, flags, tiers and first units, and give the batches back. What ends is not written here:
    it must still be news if we die before it is settled."""
    moving = [step for step in look.steps if not step.ends]
    before = {row[1]: row for row in look.claimed.rows} if look.steps else {}
    begun = [step for step in look.steps if step.delivered > before[step.run_id][4] == 0]
    started = {step.order_id for step in begun if not step.ends}
    list(statuses.lock(started))  # orders before deliveries, always
    _write(moving, before, list(look.claimed.turns), now)
    if sampled := [step for step in moving if step.sample]:
        sql.execute(SAMPLE, [now, *_numbers(sampled)])
    observing.observe(look.steps, look.reports_of({step.run_id for step in look.steps if step.flags}), now=now)
    observing.believe_again(look.sound_again(), now=now)
    charging.compare(begun, look.reports_of({step.run_id for step in begun}), now=now)
    if look.overdue:
        stalling.seen_again((step for step in look.steps if step.run_id in look.overdue), now=now)
    if started:
        statuses.refresh(order_ids=started, actor="system", now=now)
    batches.change_tiers(provider_id=look.provider_id, wanted=look.tiers, now=now)
    sql.execute(RELEASE, [now, look.seconds_until_next(), look.claimed.token])


def _write(steps: Sequence[Step], before: Mapping[int, Row], batch_ids: Sequence[int], now: datetime) -> None:
    """Most steps move a number alone, and a start count or word that stays costs as much to write as the number."""
    counted: list[Step] = []
    told: list[Step] = []
    for step in steps:
        same = (step.start_count, step.word) == before[step.run_id][5:7]
        (counted if same else told).append(step)
    if counted:
        sql.execute(COUNT_UP, [now, *_numbers(counted), batch_ids])
    if told:
        starts, words = sql.numbers(step.start_count for step in told), sql.words(step.word for step in told)
        sql.execute(APPLY, [now, *_numbers(told), starts, words, batch_ids])


def _numbers(steps: Sequence[Step]) -> tuple[str, str]:
    return sql.numbers(step.run_id for step in steps), sql.numbers(step.delivered for step in steps)


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
