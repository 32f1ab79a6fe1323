"""Asking providers for refills, and how far they are (R42): taken, asked, heard, 100 a call.

A second request while one is under way is refused there, so an answer that says nothing is asked for again; what is
then refused may be under way all the same, and counts as come to nothing: nobody can follow it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from orders.delivery import leases
from orders.models import Provider, ProviderLease
from orders.operations import refilling
from orders.providers import adapter_for
from orders.providers.base import Provider as Adapter
from plumbing import sql
from policies.rules.vocabulary import RefillState

logger = logging.getLogger(__name__)

AT_ONCE = 100
MOST_TRIES = 8  # of asking; then it came to nothing
MOST_FOLLOWED = 1000  # of asking how far it is: about a week
GIVEN_UP = "The provider gave no answer."
UNENDED = "The provider never said that it has ended."
LOST = "The provider's answer was lost, and it refuses to say it again."
FOLLOW_SECONDS = 600
FIRST_WAIT_SECONDS = 60

# Words of API v2 and its dialects, lower case (api-v2 b.6). What is missing here goes on.
WORDS = {
    "completed": RefillState.COMPLETED,
    "rejected": RefillState.REJECTED,
    "canceled": RefillState.REJECTED,
    "cancelled": RefillState.REJECTED,
    "error": RefillState.FAILED,
}
WANTED = """
    FROM orders_refillcall AS call JOIN orders_run AS run ON run.id = call.run_id
    JOIN orders_provider AS provider ON provider.id = run.provider_id
    WHERE call.state IN ('asked', 'under_way') AND call.due_at <= %(now)s
      AND coalesce(call.lease_until < now(), true) AND coalesce(provider.backoff_until <= %(now)s, true)
"""
DUE = f"SELECT DISTINCT run.provider_id {WANTED} ORDER BY run.provider_id"
OLDEST = f"SELECT min(call.due_at) {WANTED}"
TAKE = f"""
    UPDATE orders_refillcall SET tries = tries + 1, lease_until = now() + %(seconds)s * interval '1 second'
    WHERE id = ANY (ARRAY(
        SELECT call.id {WANTED} AND run.provider_id = %(provider)s
        ORDER BY call.due_at, call.id LIMIT %(most)s FOR NO KEY UPDATE OF call SKIP LOCKED))
    RETURNING id, run_id, state, number, tries
"""  # noqa: S608 -- constants alone are put together
NUMBERS = "SELECT id, provider_order_id FROM orders_run WHERE id = ANY (%s)"
LATER = """
    UPDATE orders_refillcall SET lease_until = NULL, due_at = %(now)s + CASE state
        WHEN 'asked' THEN least(3600, %(first)s * 2 ^ (tries - 1)) * interval '1 second'
        ELSE %(follow)s * interval '1 second' END
    WHERE id = ANY (%(calls)s) AND state IN ('asked', 'under_way')
"""
Heard = dict[int, tuple[RefillState, int | None, str]]


class Call(NamedTuple):
    """As TAKE returns it, with the provider's id of the order."""

    pk: int
    run_id: int
    state: str
    number: int | None
    tries: int
    order: int


def providers_due(*, now: datetime) -> list[int]:
    """Providers that are to be asked, and are not being asked already."""
    asked = leases.taken(ProviderLease.Work.REFILL)
    return [provider_id for (provider_id,) in sql.rows(DUE, {"now": now}) if provider_id not in asked]


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the oldest call has been due with nobody at it."""
    ((since,),) = sql.rows(OLDEST, {"now": now})
    return since  # type: ignore[no-any-return]


def ask(*, provider_id: int, now: datetime) -> int:
    """Ask a provider for the refills that are due there, or how far they are. Returns how many were answered."""
    with leases.held(provider_id=provider_id, work=ProviderLease.Work.REFILL) as lease:
        calls = _take(provider_id, now) if lease else []
        if not calls:
            return 0
        adapter = adapter_for(Provider.objects.get(pk=provider_id))
        heard = _asked(adapter, [call for call in calls if call.state == RefillState.ASKED.value])
        heard |= _followed(adapter, [call for call in calls if call.state == RefillState.UNDER_WAY.value])
        refilling.hear(heard=heard, now=now)
        told = {"now": now, "first": FIRST_WAIT_SECONDS, "follow": FOLLOW_SECONDS}
        sql.execute(LATER, {**told, "calls": [call.pk for call in calls]})
        return len(heard)


def _take(provider_id: int, now: datetime) -> list[Call]:
    wanted = {"now": now, "provider": provider_id, "most": AT_ONCE, "seconds": settings.CLAIM_LEASE_SECONDS}
    rows = sql.rows(TAKE, wanted)
    orders = dict(sql.rows(NUMBERS, [[row[1] for row in rows]])) if rows else {}
    return [Call(pk, run_id, state, number, tries, orders[run_id]) for pk, run_id, state, number, tries in rows]


def _asked(adapter: Adapter, calls: Sequence[Call]) -> Heard:
    if not calls:
        return {}
    said = adapter.refill([call.order for call in calls])
    heard: Heard = {}
    for call in calls:
        if call.order in said.taken:
            heard[call.pk] = (RefillState.UNDER_WAY, said.taken[call.order], "")
        elif call.order in said.declined and call.tries > 1:
            heard[call.pk] = (RefillState.FAILED, None, f"{LOST} ({said.declined[call.order]})")
        elif call.order in said.declined:
            heard[call.pk] = (RefillState.REJECTED, None, said.declined[call.order])
        elif call.tries >= MOST_TRIES:
            heard[call.pk] = (RefillState.FAILED, None, GIVEN_UP)
    if len(heard) < len(calls):
        logger.warning("%s refills without an answer: %s", len(calls) - len(heard), said.problem)
    return heard


def _followed(adapter: Adapter, calls: Sequence[Call]) -> Heard:
    words = adapter.refill_words([call.number for call in calls if call.number]) if calls else {}
    ends = {call.pk: (call, WORDS.get(words.get(call.number or 0, "").strip().lower())) for call in calls}
    heard: Heard = {pk: (state, None, words[call.number or 0]) for pk, (call, state) in ends.items() if state}
    endless = {call.pk for call in calls if call.tries > MOST_FOLLOWED} - heard.keys()
    return heard | dict.fromkeys(endless, (RefillState.FAILED, None, UNENDED))
