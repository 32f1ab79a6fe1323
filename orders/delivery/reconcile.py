"""Runs whose submission nobody can vouch for: leases that ran out, and asking where asking proves something."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.db import transaction

from orders.models import Flag, Provider, Run
from orders.operations import flags, statuses, unknowns
from orders.providers import adapter_for
from orders.providers.base import Failed, Found, NotFound
from plumbing import sql
from policies.rules.vocabulary import RunState

logger = logging.getLogger(__name__)

ASKED_AT_ONCE = 100

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
    SELECT id, request_id FROM orders_run AS run
    WHERE provider_id = %s AND state = 'unknown' AND (lease_until IS NULL OR lease_until < now())
      AND NOT EXISTS (
        SELECT FROM orders_attempt WHERE run_id = run.id AND NOT with_request_id
          AND submission NOT IN ('not_sent', 'not_accepted', 'provider_closed', 'rejected', 'unmapped'))
    ORDER BY id LIMIT %s
"""


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
    """Providers with unknown runs who can be asked about them. The others' stay held for staff (decision 13)."""
    unknown = Run.objects.filter(state=RunState.UNKNOWN.value).values("provider_id")
    return list(Provider.objects.filter(request_ids=True, pk__in=unknown).order_by("pk").values_list("pk", flat=True))


def ask_unknowns(*, provider_id: int, now: datetime) -> int:
    """Ask a provider that keeps request ids about its unknown runs. Returns how many were healed.

    "Never seen" allows sending again under the same id: should the first try still arrive, it becomes the same order.
    No answer proves nothing. Asking twice at once is harmless: whoever decides second finds it decided.
    """
    provider = Provider.objects.get(pk=provider_id)
    if not provider.request_ids:
        return 0
    asked = sql.rows(ASKABLE, [provider_id, ASKED_AT_ONCE])
    with ThreadPoolExecutor(provider.poll_concurrency) as threads:
        answers = list(threads.map(adapter_for(provider).find, [str(request_id) for _, request_id in asked]))
    return sum(_heal(run_id, answer, now) for (run_id, _), answer in zip(asked, answers, strict=True))


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
