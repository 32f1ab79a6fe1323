"""Runs that staff deliver: taken, reported and finished by the claim, the rule and the operations of any other (R9)."""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from orders.delivery import claiming
from orders.models import Delivery, Flag, Handling, OrderEvent, Run, Sample
from orders.operations import flags, runs, statuses
from plumbing import sql
from policies.rules import delivery
from policies.rules.delivery import Step
from policies.rules.vocabulary import ReportFlag, RunState

TAKE = """
    UPDATE orders_run SET state = 'submitting', attempt = %s, tries = tries + 1,
        lease_until = now() + %s * interval '1 second'
    WHERE id = %s AND state = 'queued'
"""
# Due at a provider by hand, and staff were never told.
UNTOLD = """
    SELECT run.id, run.order_id FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
    WHERE provider.adapter = 'manual' AND run.state = 'queued' AND run.due_at <= %s
      AND NOT EXISTS (SELECT FROM orders_flag WHERE run_id = run.id AND order_id = run.order_id AND kind = %s)
    ORDER BY run.id LIMIT 500
"""
OVER = """
    UPDATE orders_flag AS flag
    SET resolved_at = %s, resolved_by = 'system', resolution = 'nothing is left to deliver by hand'
    FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
    WHERE flag.run_id = run.id AND flag.kind = %s AND flag.resolved_at IS NULL
      AND (run.state = 'ended' OR provider.adapter <> 'manual')
"""


class NotYours(Exception):
    """There is nothing of it to do by hand now: it is not due, has ended, went another way, or was never taken."""


class LinkBusy(Exception):
    """Another order is being delivered to its link: this one waits behind it, as it would at any provider."""


class OutOfRange(Exception):
    """A number that cannot be. field: which one; the text says what is possible."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def tell_staff(*, now: datetime) -> None:
    """Flag what is due by hand, each once, and close the flags of what no longer is."""
    kind = flags.BY_HAND
    untold = sql.rows(UNTOLD, [now, kind])
    flags.raise_flags(Flag(order_id=order_id, run_id=pk, kind=kind, raised_at=now) for pk, order_id in untold)
    sql.execute(OVER, [now, kind])


def take(*, run_id: int, actor: str, now: datetime) -> None:
    """Take a due run, once. It then owns its link, and is live under a number of our own.

    Raises NotYours, also when a colleague was faster, and LinkBusy; that it now waits behind its link is written all
    the same.
    """
    if not _take(run_id, actor, now):
        raise LinkBusy


@transaction.atomic(durable=True)
def take_over(*, run_id: int, actor: str, reason: str, now: datetime) -> None:
    """Go on with what a colleague has taken. Raises NotYours."""
    run, _ = _lock(run_id)
    Handling.objects.filter(pk=run_id).update(taken_by=actor, taken_at=now)
    _tell(run, "taken_over", actor, {"reason": reason}, now)


def report(*, run_id: int, delivered: int, start_count: int | None, actor: str, reason: str, now: datetime) -> None:
    """Say how far it is; it goes on. Raises NotYours, OutOfRange.

    delivered: units by now, never fewer than before. start_count: what the link counted before the first one.
    """
    with transaction.atomic(durable=True):
        run, seen = _lock(run_id)
        if step := _step(run, seen, "In progress", delivered, start_count):
            _progress(run, seen, step, now)
        unseen = [ReportFlag.UNSEEN.value]
        flags.resolve_kinds(run_ids=[run_id], kinds=unseen, by=actor, resolution=reason, now=now)
        _tell(run, "reported", actor, {"delivered": delivered, "reason": reason}, now)
        statuses.refresh(order_ids=[run.order_id], actor=actor, now=now)


def finish(*, run_id: int, delivered: int, start_count: int | None, actor: str, reason: str, now: datetime) -> None:
    """End it with what was delivered in all; what that pays back is the rule's to say. Raises NotYours, OutOfRange."""
    with transaction.atomic(durable=True):
        run, seen = _lock(run_id)
        word = "Completed" if delivered == run.quantity else "Partial" if delivered else "Canceled"
        step = _step(run, seen, word, delivered, start_count)
        assert step is not None
        assert step.outcome is not None
        _tell(run, "finished", actor, {"delivered": delivered, "reason": reason}, now)
        flags.resolve_flags(run_id=run_id, by=actor, resolution=reason, now=now)
        runs.close_run(
            run_id=run_id,
            outcome=step.outcome,
            delivered=step.delivered,
            start_count=step.start_count,
            actor=actor,
            now=now,
        )


@transaction.atomic(durable=True)
def _take(run_id: int, actor: str, now: datetime) -> bool:
    order_id = Run.objects.filter(pk=run_id).values_list("order_id", flat=True).first()
    order = statuses.lock([order_id] if order_id else []).first()
    run = Run.objects.by_hand().select_for_update(no_key=True, of=("self",)).filter(pk=run_id).first()
    if order is None or run is None or order.ended_at is not None:
        raise NotYours
    if Handling.objects.filter(pk=run_id, taken_by=actor).exists() and run.state == RunState.LIVE.value:
        return True
    if run.state != RunState.QUEUED.value or run.due_at is None or run.due_at > now:
        raise NotYours
    if order.paused_reason or order.cancel_requested_at:
        raise NotYours
    owned = order.pk in claiming.own_links([order.pk], now=now)
    if owned:
        _go_live(run, actor, now)
    statuses.refresh(order_ids=[order.pk], actor=actor, now=now)
    return owned


def _go_live(run: Run, actor: str, now: datetime) -> None:
    """Through the same states as any run: claimed, then taken. Its number there is its own."""
    sql.execute(TAKE, [uuid4(), settings.CLAIM_LEASE_SECONDS, run.pk])
    statuses.refresh(order_ids=[run.order_id], actor=actor, now=now)
    run.provider_order_id = run.pk
    runs.go_live(runs=[run], now=now)
    Handling.objects.create(run=run, taken_by=actor, taken_at=now)
    _tell(run, "taken", actor, {}, now)


def _lock(run_id: int) -> tuple[Run, Delivery]:
    order_id = Run.objects.filter(pk=run_id).values_list("order_id", flat=True).first()
    list(statuses.lock([order_id] if order_id else []))
    run = Run.objects.by_hand().select_for_update(no_key=True, of=("self",)).filter(pk=run_id).first()
    seen = Delivery.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None or seen is None:
        raise NotYours
    return run, seen


def _progress(run: Run, seen: Delivery, step: Step, now: datetime) -> None:
    if step.delivered > seen.delivered:
        seen.progressed_at = now
    seen.delivered, seen.start_count, seen.word = step.delivered, step.start_count, step.word
    seen.save(update_fields=["delivered", "start_count", "word", "progressed_at"])
    if step.sample:
        Sample.objects.create(run=run, at=now, delivered=step.delivered)


def _step(run: Run, seen: Delivery, word: str, delivered: int, start_count: int | None) -> Step | None:
    """What the report of a person comes to, by the rule that reads those of providers. None: nothing new."""
    if not seen.delivered <= delivered <= run.quantity:
        raise OutOfRange("delivered", f"From {seen.delivered:,}, which were reported before, to {run.quantity:,}.")
    if start_count is not None and seen.start_count is not None and start_count != seen.start_count:
        raise OutOfRange("start_count", f"It was reported as {seen.start_count:,}, and stays that.")
    fact = (run.pk, run.order_id, run.quantity, seen.delivered, seen.start_count, seen.word)
    told = {"status": word, "remains": run.quantity - delivered, "start_count": start_count}
    return delivery.advance(fact, told)


def _tell(run: Run, kind: str, actor: str, facts: dict[str, object], now: datetime) -> None:
    """A line in the timeline that staff read."""
    known = {"run": run.number, **facts}
    OrderEvent.objects.create(order_id=run.order_id, kind=kind, actor=actor, facts=known, public=False, at=now)
