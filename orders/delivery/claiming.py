"""The claim: which due runs one wave may send, committed before the first byte leaves (decisions 12 and 14)."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from orders.delivery.capping import put_off
from orders.delivery.spacing import space_late
from orders.models import Attempt, Provider, Wave
from orders.operations import routing, statuses
from orders.providers.base import AddRequest
from plumbing import sql
from policies.rules.vocabulary import ServiceType

# What these types deliver is counted from their lines, or is one package (api-v2 b.3).
WITHOUT_QUANTITY = frozenset(
    {
        ServiceType.PACKAGE,
        ServiceType.CUSTOM_COMMENTS,
        ServiceType.CUSTOM_COMMENTS_PACKAGE,
        ServiceType.MENTIONS_CUSTOM_LIST,
    }
)

DUE = """
    SELECT EXISTS (SELECT FROM orders_run AS run WHERE run.provider_id = %s AND run.state = 'queued'
        AND run.due_at <= %s AND NOT run.provider_service = ANY (%s))
"""
# What may be sent now: of an order that goes on, at a provider that takes something.
SENDABLE = """
    run.provider_id = %(provider)s AND run.state = 'queued' AND run.due_at <= %(now)s
    AND NOT run.provider_service = ANY (%(full)s)
    AND held.ended_at IS NULL AND held.paused_reason = '' AND held.cancel_requested_at IS NULL
    AND provider.enabled AND provider.paused_at IS NULL AND NOT EXISTS (SELECT FROM orders_switches WHERE stop_dispatch)
"""
RUNS = """
    FROM orders_run AS run JOIN orders_order AS held ON held.id = run.order_id
    JOIN orders_provider AS provider ON provider.id = run.provider_id
"""
IN_TURN = "ORDER BY run.due_at, run.order_id, run.number"
LOCK = f"""
    SELECT run.id {RUNS} WHERE {SENDABLE} {IN_TURN} LIMIT %(most)s FOR NO KEY UPDATE OF held SKIP LOCKED
"""
# That statement saw runs as they were when it began, and may have locked an order whose run was moved, held or put off
# meanwhile. Who changes a run holds its order's lock, so what is read now stays true.
STILL_SENDABLE = f"""
    SELECT run.id, run.order_id, run.provider_service {RUNS} WHERE run.id = ANY (%(runs)s) AND {SENDABLE} {IN_TURN}
"""
# One order a link and metric. Always in this order, so that two providers' waves cannot wait for each other.
HOLD = """
    INSERT INTO orders_linkhold (fingerprint, metric, order_id)
    SELECT fingerprint, metric, id FROM orders_order WHERE id = ANY (%s) ORDER BY fingerprint, metric, id
    ON CONFLICT DO NOTHING
"""
OWNERS = "SELECT order_id FROM orders_linkhold WHERE order_id = ANY (%s)"
WAIT = """
    UPDATE orders_order SET waiting_since = coalesce(waiting_since, %s) WHERE id = ANY (%s)
"""
NOT_DUE = "UPDATE orders_run SET due_at = NULL, due_since = NULL WHERE state = 'queued' AND order_id = ANY (%s)"
GO_AHEAD = "UPDATE orders_order SET waiting_since = NULL WHERE waiting_since IS NOT NULL AND id = ANY (%s)"
# Whoever finds the run still queued sends it; the attempt is the right to write down what came of it.
TAKE = """
    UPDATE orders_run AS run SET
        state = 'submitting', attempt = gen_random_uuid(), tries = tries + 1,
        lease_until = now() + %s * interval '1 second'
    FROM orders_order AS held
    WHERE held.id = run.order_id AND run.id = ANY (%s) AND run.state = 'queued'
    RETURNING run.id, run.order_id, run.attempt,
        run.provider_service, held.link, held.type, run.quantity, run.request_id, held.fields
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that is ours to send, once. attempt: allows us to record the answer, and nobody else."""

    run_id: int
    order_id: int
    attempt: UUID
    request: AddRequest


@dataclass(frozen=True, slots=True)
class Claim:
    """One wave. full: there may be more due than it took."""

    claimed: Sequence[Claimed]
    full: bool


def is_due(*, provider_id: int, now: datetime) -> bool:
    """Whether a claim may find something: a provider with nothing to send, or no room for it, is not called."""
    full = [way.provider_service for way, room in routing.rooms(provider_id).items() if room <= 0]
    ((due,),) = sql.rows(DUE, [provider_id, now, full])
    return bool(due)


@transaction.atomic(durable=True)
def claim_wave(*, provider: Provider, balance: Decimal | None, now: datetime, most: int | None = None) -> Claim:
    """Take as many due runs as the provider accepts at once, the longest due first, each from then on ours alone.

    Of an order whose parts have fallen due together, one goes and the others are spaced anew. What its link's daily cap
    leaves no room for gets a later time.

    An order goes only while it owns its link's hold, taken here and nowhere else; the others wait behind it, with no
    due time, until `wake_waiting` finds the link free. What has no room at its service there stays due, in its place,
    and keeps nobody from another (R12). balance: the provider's, before the wave. most: its calls at once, or fewer.
    """
    most = provider.concurrency if most is None else most
    rooms = routing.rooms(provider.pk)
    full = [way.provider_service for way, room in rooms.items() if room <= 0]
    asked = {"provider": provider.pk, "now": now, "full": full}
    locked = [run_id for (run_id,) in sql.rows(LOCK, {**asked, "most": most})]
    found = sql.rows(STILL_SENDABLE, {**asked, "runs": locked}) if locked else []
    due = _with_room(found, {way.provider_service: room for way, room in rooms.items()})
    if not due:
        return Claim((), full=len(locked) == most)
    order_ids = sorted({order_id for _, order_id in due})
    owners = own_links(order_ids, now=now)
    late = space_late(sorted(owners), now=now)
    ours = [run for run, order in due if order in owners and run not in late]
    full_day = put_off(ours, now=now)
    ours = [run for run in ours if run not in full_day]
    claimed = [_claimed(row) for row in sql.rows(TAKE, [settings.CLAIM_LEASE_SECONDS, ours])]
    if claimed:
        _record_wave(provider, claimed, balance, now)
    statuses.refresh(order_ids=order_ids, actor="system", now=now)
    return Claim(claimed, full=len(locked) == most)


def own_links(order_ids: Sequence[int], *, now: datetime) -> set[int]:
    """Take the links of orders whose turn it is, and answer which own theirs; the others wait behind somebody.

    Part of a claim, which holds the orders' locks.
    """
    sql.execute(HOLD, [order_ids])
    owners = {order_id for (order_id,) in sql.rows(OWNERS, [order_ids])}
    _let_wait([order_id for order_id in order_ids if order_id not in owners], now)
    sql.execute(GO_AHEAD, [sorted(owners)])
    return owners


def _with_room(found: Sequence[tuple[Any, ...]], rooms: Mapping[str, int]) -> list[tuple[int, int]]:
    """Runs and their orders, first come, first served, as long as each service has room."""
    taken: Counter[str] = Counter()
    due = []
    for run_id, order_id, provider_service in found:
        taken[provider_service] += 1
        if taken[provider_service] <= rooms.get(provider_service, len(found)):
            due.append((run_id, order_id))
    return due


def _let_wait(order_ids: Sequence[int], now: datetime) -> None:
    """All queued runs lose their due time: a later part must not go before the first one."""
    if order_ids:
        sql.execute(WAIT, [now, order_ids])
        sql.execute(NOT_DUE, [order_ids])


def _record_wave(provider: Provider, claimed: Sequence[Claimed], balance: Decimal | None, now: datetime) -> None:
    wave = Wave.objects.create(provider=provider, started_at=now, sent=len(claimed), balance_before=balance)
    Attempt.objects.bulk_create(
        Attempt(
            id=each.attempt,
            run_id=each.run_id,
            wave=wave,
            started_at=now,
            provider_service=each.request.provider_service,
            with_request_id=provider.request_ids,
        )
        for each in claimed
    )


def _claimed(row: tuple[Any, ...]) -> Claimed:
    run_id, order_id, attempt, provider_service, link, kind, quantity, request_id, fields = row
    request = AddRequest(
        provider_service=provider_service,
        link=link,
        quantity=None if ServiceType(kind) in WITHOUT_QUANTITY else quantity,
        request_id=str(request_id),
        fields=json.loads(fields),
    )
    return Claimed(run_id=run_id, order_id=order_id, attempt=attempt, request=request)
