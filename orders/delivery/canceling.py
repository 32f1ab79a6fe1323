"""Asking providers to cancel what its customer asked to cancel after it was sent (refund.7.3): fenced, asked, heard.

Asking twice is harmless, so an answer that says nothing is asked for again. Money never moves by it: the run ends by
what its provider reports.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from orders.delivery import leases
from orders.models import Flag, Provider, ProviderLease
from orders.operations import cancelling, flags
from orders.providers import adapter_for
from orders.providers.base import Cancels
from plumbing import sql

logger = logging.getLogger(__name__)

ASKED_AT_ONCE = 100
MOST_TRIES = 8  # over about four hours; then a person is told
FIRST_WAIT_SECONDS = 60
BY_HAND = "delivered by hand: staff were told"

# One that asks us to wait, or whose breaker is open, is left in peace until its time is over.
WANTED = """
    FROM orders_order AS wish JOIN orders_run AS run ON run.order_id = wish.id
    JOIN orders_provider AS provider ON provider.id = run.provider_id
    LEFT JOIN orders_cancelcall AS call ON call.run_id = run.id
    WHERE wish.cancel_requested_at IS NOT NULL AND wish.ended_at IS NULL
      AND run.state = 'live' AND run.provider_order_id IS NOT NULL AND coalesce(call.answer, '') = ''
      AND coalesce(call.due_at <= %(now)s, true) AND coalesce(call.lease_until < now(), true)
      AND coalesce(provider.backoff_until <= %(now)s, true)
"""
DUE = f"SELECT DISTINCT run.provider_id {WANTED} ORDER BY run.provider_id"
OLDEST = f"SELECT min(coalesce(call.due_at, wish.cancel_requested_at)) {WANTED}"
# Who finds a call that somebody else has just taken gets nothing; its lease decides, by the database's clock.
TAKE = f"""
    INSERT INTO orders_cancelcall AS taken (run_id, due_at, tries, lease_until, answer, said)
    SELECT run.id, %(now)s, 1, now() + %(seconds)s * interval '1 second', '', ''
    {WANTED} AND run.provider_id = %(provider)s ORDER BY run.id LIMIT %(limit)s
    ON CONFLICT (run_id) DO UPDATE SET tries = taken.tries + 1, lease_until = EXCLUDED.lease_until
    WHERE taken.answer = '' AND taken.due_at <= %(now)s AND coalesce(taken.lease_until < now(), true)
    RETURNING run_id
"""
NUMBERS = "SELECT id, order_id, provider_order_id FROM orders_run WHERE id = ANY (%s) ORDER BY id"
LATER = """
    UPDATE orders_cancelcall SET lease_until = NULL,
        due_at = %s + least(3600, %s * 2 ^ (tries - 1)) * interval '1 second'
    WHERE run_id = ANY (%s) AND answer = '' RETURNING run_id, tries
"""
QUEUED_AGAIN = """
    SELECT DISTINCT wish.id FROM orders_order AS wish JOIN orders_run AS run ON run.order_id = wish.id
    WHERE wish.cancel_requested_at IS NOT NULL AND wish.ended_at IS NULL AND run.state = 'queued' ORDER BY wish.id
"""


def withdraw_queued(*, now: datetime) -> None:
    """End what came back to the queue of orders whose cancel is asked for. The claim leaves them alone meanwhile."""
    for (order_id,) in sql.rows(QUEUED_AGAIN):
        try:
            cancelling.withdraw_rest(order_id=order_id, now=now)
        except Exception as error:
            logger.exception("order %s could not be withdrawn", order_id)
            flags.could_not_end(order_id=order_id, error=error, now=now)


def providers_due(*, now: datetime) -> list[int]:
    """Providers that are to be asked, and are not being asked already."""
    asked = leases.taken(ProviderLease.Work.CANCEL)
    return [provider_id for (provider_id,) in sql.rows(DUE, {"now": now}) if provider_id not in asked]


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the oldest cancel has been due with nobody at it."""
    ((since,),) = sql.rows(OLDEST, {"now": now})
    return since  # type: ignore[no-any-return]


def ask(*, provider_id: int, now: datetime) -> int:
    """Ask a provider to cancel what is due there, 100 at most. Returns how many were answered.

    One worker at a time: a provider that hangs holds up that one and nobody else.
    """
    with leases.held(provider_id=provider_id, work=ProviderLease.Work.CANCEL) as lease:
        return _ask(provider_id, now) if lease else 0


def _ask(provider_id: int, now: datetime) -> int:
    provider = Provider.objects.get(pk=provider_id)
    wanted = {"now": now, "provider": provider_id, "limit": ASKED_AT_ONCE, "seconds": settings.CLAIM_LEASE_SECONDS}
    taken = [run_id for (run_id,) in sql.rows(TAKE, wanted)]
    if not taken:
        return 0
    runs = sql.rows(NUMBERS, [taken])
    if provider.is_manual:
        _tell_staff([(order_id, run_id) for run_id, order_id, _ in runs], flags.CANCEL_BY_HAND, now)
        said = Cancels(accepted=frozenset(number for *_, number in runs), note=BY_HAND)
    else:
        said = adapter_for(provider).cancel([number for *_, number in runs])
    return _hear(runs, said, now)


def _hear(runs: Sequence[tuple[int, int, int]], said: Cancels, now: datetime) -> int:
    unheard = []
    for run_id, _, number in runs:
        if number not in said.accepted and number not in said.declined:
            unheard.append(run_id)
            continue
        try:
            words = said.declined.get(number, said.note)
            cancelling.hear(run_id=run_id, accepted=number in said.accepted, said=words, now=now)
        except Exception:  # it is asked for again once its lease has run out
            logger.exception("what was said of canceling run %s could not be written", run_id)
    if unheard:
        logger.warning("%s cancels without an answer: %s", len(unheard), said.problem)
        given_up = {run for run, tries in sql.rows(LATER, [now, FIRST_WAIT_SECONDS, unheard]) if tries >= MOST_TRIES}
        _tell_staff([(order, run) for run, order, _ in runs if run in given_up], flags.CANCEL_UNHEARD, now)
    return len(runs) - len(unheard)


def _tell_staff(runs: Sequence[tuple[int, int]], kind: str, now: datetime) -> None:
    flags.raise_flags(Flag(order_id=order_id, run_id=run_id, kind=kind, raised_at=now) for order_id, run_id in runs)
