"""Runs whose submission nobody can vouch for: leases that ran out, and asking where asking proves something."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from orders.delivery import leases
from orders.models import Flag, Provider, ProviderLease
from orders.operations import flags, statuses, unknowns
from orders.providers import adapter_for
from orders.providers.base import Failed, Found, NotFound
from plumbing import sql
from plumbing.elapsed import Elapsed

logger = logging.getLogger(__name__)

PASS_SECONDS = 10.0  # as long as its answers come; then the next tick goes on

EXPIRED = (
    "SELECT DISTINCT order_id FROM orders_run WHERE state = 'submitting' AND lease_until < now() ORDER BY order_id"
)
# The order first, then the run, and the run once more by its state: its worker may be writing the answer right now.
LOCK = "SELECT id FROM orders_order WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED"
GIVE_UP = """
    UPDATE orders_run SET state = 'unknown' WHERE state = 'submitting' AND lease_until < now() AND order_id = %s
    RETURNING id
"""
# Only where every try that may have arrived carried the id: a provider that learned of request ids since then answers
# "never seen" about an order that it has.
ASKABLE = """
    run.state = 'unknown' AND (run.lease_until IS NULL OR run.lease_until < now())
    AND NOT EXISTS (
        SELECT FROM orders_attempt WHERE run_id = run.id AND NOT with_request_id
            AND submission NOT IN ('not_sent', 'not_accepted', 'provider_closed', 'rejected', 'unmapped'))
"""
# One that asks us to wait, or whose breaker is open, is left in peace until its time is over.
ASKED = f"""
    SELECT provider.id FROM orders_provider AS provider
    WHERE provider.request_ids AND provider.adapter <> 'manual'
      AND (provider.backoff_until IS NULL OR provider.backoff_until <= %(now)s)
      AND EXISTS (SELECT FROM orders_run AS run WHERE run.provider_id = provider.id AND {ASKABLE})
    ORDER BY provider.id
"""  # noqa: S608 -- constants alone are put together
# Who asks has each run's lease, and an answer that proves nothing leaves it to run out: it is asked about again then,
# after all others whose turn comes before.
TAKE = f"""
    UPDATE orders_run SET lease_until = now() + %(seconds)s * interval '1 second'
    WHERE id = ANY (ARRAY(
        SELECT run.id FROM orders_run AS run WHERE run.provider_id = %(provider)s AND {ASKABLE}
        ORDER BY run.lease_until NULLS FIRST, run.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id, request_id
"""  # noqa: S608


class Unknown(NamedTuple):
    """A run to be asked about, and the id by which its provider knows it if it has it."""

    run_id: int
    request_id: UUID


def expire_leases(*, now: datetime) -> int:
    """Call unknown what was claimed and never answered: its worker died, and nobody can tell before or after sending.

    The attempt stays, so that the worker, if it lives after all, may still write down the answer. Order by order, so
    that one that cannot be written keeps no other from it (reliability 31); there are as many as died in a wave.
    """
    return sum(_give_up(order_id, now) for (order_id,) in sql.rows(EXPIRED))


def _give_up(order_id: int, now: datetime) -> int:
    try:
        with transaction.atomic(durable=True):
            lost = sql.rows(GIVE_UP, [order_id]) if sql.rows(LOCK, [order_id]) else []
            flags.raise_flags(
                Flag(
                    order_id=order_id,
                    run_id=run_id,
                    kind=flags.UNKNOWN,
                    facts={"reason": "lease_ran_out"},
                    raised_at=now,
                )
                for (run_id,) in lost
            )
            statuses.refresh(order_ids=[order_id], actor="system", now=now)
            return len(lost)
    except Exception:
        logger.exception("order %s keeps a claim that ran out", order_id)
        return 0


def providers_due(*, now: datetime) -> list[int]:
    """Providers who can be asked about unknown runs now, and are not being asked already.

    The others' stay held for staff (decision 13).
    """
    asked = leases.taken(ProviderLease.Work.ASK)
    return [provider_id for (provider_id,) in sql.rows(ASKED, {"now": now}) if provider_id not in asked]


def ask_unknowns(*, provider_id: int, now: datetime) -> int:
    """Ask a provider that keeps request ids about its unknown runs. Returns how many were healed.

    "Never seen" allows sending again under the same id: should the first try still arrive, it becomes the same order.
    No answer proves nothing. As many are asked about at once as it takes calls, the longest waiting first, until none
    is left or none of a round is answered: one that hangs costs one deadline, and is asked again when the lease on it
    has run out.
    """
    provider = Provider.objects.get(pk=provider_id)
    healed, elapsed = 0, Elapsed(since=now)
    lease = leases.Lease(provider_id, ProviderLease.Work.ASK)
    while provider.request_ids and elapsed.seconds < PASS_SECONDS and lease.renew():
        unknown = _take(provider)
        answers = _ask(provider, unknown)
        healed += sum(_heal(each.run_id, said, now) for each, said in zip(unknown, answers, strict=True))
        if unknown and all(isinstance(said, Failed) for said in answers):
            return healed
        if len(unknown) < provider.poll_concurrency:
            break
    lease.give_back()
    return healed


def _take(provider: Provider) -> list[Unknown]:
    wanted = {"provider": provider.pk, "most": provider.poll_concurrency, "seconds": settings.CLAIM_LEASE_SECONDS}
    return [Unknown(*row) for row in sql.rows(TAKE, wanted)]


def _ask(provider: Provider, unknown: Sequence[Unknown]) -> list[Found | NotFound | Failed]:
    with ThreadPoolExecutor(provider.poll_concurrency) as threads:
        return list(threads.map(adapter_for(provider).find, [str(each.request_id) for each in unknown]))


def _heal(run_id: int, answer: Found | NotFound | Failed, now: datetime) -> bool:
    """Act on an answer. False when it proved nothing, or nothing was left to decide."""
    try:
        match answer:
            case Found(provider_order_id=found):
                unknowns.link_run(
                    run_id=run_id, provider_order_id=found, actor="system", reason="found by request id", now=now
                )
            case NotFound():
                unknowns.retry_run(run_id=run_id, reason="not known to the provider", now=now)
            case Failed(problem=problem):
                logger.info("run %s stays unknown: %s", run_id, problem)
                return False
    except (unknowns.AlreadyDecided, unknowns.IdTaken) as error:
        logger.info("run %s: %r", run_id, error)
        return False
    except Exception:
        logger.exception("run %s stays unknown", run_id)
        return False
    return True
