"""What of payments is due at a gateway, taken by one worker at a time: the claim commits before anybody is asked.

A claim moves `due_at` or `check_at` on by a lease, so that what a killed worker had taken is due again by itself. A
claimed top-up's `checks` goes up: of two answers about it the one that was asked for later counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from plumbing import sql
from policies.rules import payments as rules
from wallet.models import GatewayEvent, Payout, TopUp

LEASE = timedelta(seconds=120)
SOON = timedelta(seconds=2)  # a notice whose top-up somebody is at

GATEWAYS = """
    SELECT gateway FROM wallet_gatewayevent WHERE due_at <= %(now)s
    UNION SELECT gateway FROM wallet_topup WHERE check_at <= %(now)s
    UNION SELECT t.gateway FROM wallet_payout p JOIN wallet_topup t ON t.id = p.top_up_id WHERE p.due_at <= %(now)s
"""
OLDEST = """
    SELECT gateway, min(due_at) FROM (
        SELECT gateway, due_at FROM wallet_gatewayevent WHERE due_at <= %(now)s
        UNION ALL SELECT gateway, check_at FROM wallet_topup WHERE check_at <= %(now)s
        UNION ALL SELECT t.gateway, p.due_at FROM wallet_payout p JOIN wallet_topup t ON t.id = p.top_up_id
            WHERE p.due_at <= %(now)s
    ) AS due
    GROUP BY gateway
"""
CLAIM_EVENTS = """
    UPDATE wallet_gatewayevent SET due_at = %(until)s, tries = tries + 1 WHERE id = ANY (ARRAY(
        SELECT id FROM wallet_gatewayevent WHERE gateway = %(gateway)s AND due_at <= %(now)s
        ORDER BY due_at, id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id, payment_id, top_up_id, tries
"""
CLAIM_TOP_UPS = """
    UPDATE wallet_topup SET check_at = %(until)s, checks = checks + 1 WHERE id = ANY (ARRAY(
        SELECT id FROM wallet_topup
        WHERE id = ANY (%(told)s::bigint[]) OR id IN (
            SELECT id FROM wallet_topup WHERE gateway = %(gateway)s AND check_at <= %(now)s
            ORDER BY check_at, id LIMIT %(limit)s)
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id, checks, payment_id
"""
CLAIM_PAYOUTS = """
    UPDATE wallet_payout SET due_at = %(until)s WHERE id = ANY (ARRAY(
        SELECT p.id FROM wallet_payout p JOIN wallet_topup t ON t.id = p.top_up_id
        WHERE t.gateway = %(gateway)s AND p.due_at <= %(now)s
        ORDER BY p.due_at, p.id LIMIT %(limit)s FOR NO KEY UPDATE OF p SKIP LOCKED))
    RETURNING id
"""


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A top-up whose gateway is to be asked. payment_id: '' when it is to be started. events: notices this answers."""

    top_up_id: int
    claim: int
    payment_id: str
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ToTrace:
    """A notice of a payment that no top-up is known by."""

    event_id: int
    payment_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class ToSend:
    """A payout to be sent back through the gateway its money came by. tries: how often nobody answered so far."""

    payout_id: int
    payment_id: str
    amount: Decimal
    currency: str
    reason: str
    tries: int


Job = ToAsk | ToTrace | ToSend


def gateways_due(*, now: datetime) -> list[str]:
    """The codes at which a notice, a top-up or a payout is due."""
    return sorted(gateway for (gateway,) in sql.rows(GATEWAYS, {"now": now}))


def oldest_due(*, now: datetime) -> dict[str, datetime]:
    """Since when the oldest notice, top-up or payout has been due, by the gateway's code."""
    return dict(sql.rows(OLDEST, {"now": now}))


def claim_due(*, gateway: str, now: datetime, limit: int) -> list[Job]:
    """Take what is due at a gateway, about `limit` of each kind; several notices of a top-up are one question."""
    values = {"gateway": gateway, "now": now, "until": now + LEASE, "limit": limit}
    with transaction.atomic(durable=True):
        events = sql.rows(CLAIM_EVENTS, values)
    told = {top_up_id for _, _, top_up_id, _ in events if top_up_id}
    with transaction.atomic(durable=True):
        jobs: list[Job] = [*_claim_top_ups(values | {"told": sql.numbers(told)}, told=told, now=now)]
    jobs += [ToTrace(event_id, payment_id, tries) for event_id, payment_id, top_up_id, tries in events if not top_up_id]
    with transaction.atomic(durable=True):
        return jobs + _claim_payouts(values)


def put_off(job: Job, *, now: datetime) -> None:
    """Nobody answered: have it asked again, after more and more time."""
    if isinstance(job, ToAsk):
        tries = max(GatewayEvent.objects.filter(pk__in=job.events).values_list("tries", flat=True), default=job.claim)
        due_at = now + rules.retry_after(tries=tries)
        TopUp.objects.filter(pk=job.top_up_id, checks=job.claim).update(check_at=due_at)
        GatewayEvent.objects.filter(pk__in=job.events, handled_at__isnull=True).update(due_at=due_at)
    elif isinstance(job, ToTrace):
        due_at = now + rules.retry_after(tries=job.tries)
        GatewayEvent.objects.filter(pk=job.event_id, handled_at__isnull=True).update(due_at=due_at)
    else:
        due_at = now + rules.retry_after(tries=job.tries + 1)
        Payout.objects.filter(pk=job.payout_id, state=Payout.State.SENDING).update(due_at=due_at)


def ask_about_payout(*, payout_id: int, now: datetime) -> None:
    """Have the gateway of a payout that failed asked about its top-up: perhaps the money had gone back before."""
    TopUp.objects.filter(payouts=payout_id).update(check_at=now)


def link_notice(*, event_id: int, top_up_id: int, now: datetime) -> None:
    """Say which top-up a notice is about; the next claim asks for it."""
    GatewayEvent.objects.filter(pk=event_id, handled_at__isnull=True).update(top_up_id=top_up_id, due_at=now)


def _claim_top_ups(values: dict[str, object], *, told: set[int], now: datetime) -> Iterable[ToAsk]:
    claimed = sql.rows(CLAIM_TOP_UPS, values)
    ids = [top_up_id for top_up_id, _, _ in claimed]
    # Somebody is settling these right now; their notices wait for the next tick, not for the end of the lease.
    busy = told - set(ids)
    if busy:
        GatewayEvent.objects.filter(top_up_id__in=busy, handled_at__isnull=True).update(due_at=now + SOON)
    about = _notices_of(ids)
    return [ToAsk(top_up_id, claim, payment_id, about.get(top_up_id, ())) for top_up_id, claim, payment_id in claimed]


def _notices_of(top_up_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Every notice without an answer, also one that an earlier claim holds: this answer will be the newer."""
    found: dict[int, tuple[int, ...]] = {}
    waiting = GatewayEvent.objects.filter(top_up_id__in=top_up_ids, handled_at__isnull=True)
    for top_up_id, event_id in waiting.values_list("top_up_id", "id"):
        found[top_up_id] = (*found.get(top_up_id, ()), event_id)
    return found


def _claim_payouts(values: dict[str, object]) -> list[Job]:
    ids = [payout_id for (payout_id,) in sql.rows(CLAIM_PAYOUTS, values)]
    payouts = Payout.objects.filter(pk__in=ids).select_related("top_up").order_by("id") if ids else []
    return [
        ToSend(payout.pk, payout.top_up.payment_id, payout.amount, payout.top_up.currency, payout.reason, payout.tries)
        for payout in payouts
        if payout.top_up
    ]
