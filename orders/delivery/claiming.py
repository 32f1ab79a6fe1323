"""The claim: which due runs one wave may send, committed before the first byte leaves (decisions 12 and 14)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from orders.models import Attempt, Provider, Wave
from orders.operations import statuses
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

# `ended_at` is read once more when the lock is ours: an order that was ended meanwhile must not take its link.
LOCK = """
    SELECT run.id, run.order_id FROM orders_run AS run JOIN orders_order AS held ON held.id = run.order_id
    WHERE run.provider_id = %s AND run.state = 'queued' AND run.due_at <= %s AND held.ended_at IS NULL
    ORDER BY run.due_at, run.order_id, run.number LIMIT %s
    FOR NO KEY UPDATE OF held SKIP LOCKED
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


@transaction.atomic(durable=True)
def claim_wave(*, provider: Provider, balance: Decimal | None, now: datetime) -> Claim:
    """Take as many due runs as the provider accepts at once, the longest due first, each from then on ours alone.

    An order goes only while it owns its link's hold, taken here and nowhere else; the others wait behind it, with no
    due time, until `wake_waiting` finds the link free. balance: the provider's, before the wave.
    """
    due = sql.rows(LOCK, [provider.pk, now, provider.concurrency])
    order_ids = sorted({order_id for _, order_id in due})
    if not due:
        return Claim((), full=False)
    sql.execute(HOLD, [order_ids])
    owners = {order_id for (order_id,) in sql.rows(OWNERS, [order_ids])}
    _let_wait([order_id for order_id in order_ids if order_id not in owners], now)
    sql.execute(GO_AHEAD, [sorted(owners)])
    ours = [run for run, order in due if order in owners]
    claimed = [_claimed(row) for row in sql.rows(TAKE, [settings.CLAIM_LEASE_SECONDS, ours])]
    if claimed:
        _record_wave(provider, claimed, balance, now)
    statuses.refresh(order_ids=order_ids, actor="system", now=now)
    return Claim(claimed, full=len(due) == provider.concurrency)


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
