"""Deciding about a run that is unknown or parked: it is theirs after all, it never arrived, or it is given up.

Called by `reconcile` on proof and by staff with a reason; who may is checked by the caller's layer.
"""

from datetime import datetime

from django.db import transaction

from orders.models import OrderEvent, Run
from orders.operations import flags, parking, runs, statuses
from policies.rules.vocabulary import RunOutcome, RunState


class AlreadyDecided(Exception):
    """The run is no longer unknown or parked: an answer, or somebody else, was faster."""


class DecidedSince(Exception):
    """The run is undecided again, about another try than the one that the person looked at."""


class IdTaken(Exception):
    """The provider's order belongs to another run."""


def standing(run: Run) -> str:
    """What a person sees of a run when deciding about it: passed back as `seen`, so that nobody decides about another
    try than the one that they looked at."""
    return f"{run.state} {run.tries}"


@transaction.atomic(durable=True)
def link_run(
    *, run_id: int, provider_order_id: int, actor: str, reason: str, now: datetime, seen: str | None = None
) -> None:
    """The provider has it, as this order of its own: follow it there. Raises AlreadyDecided, DecidedSince, IdTaken."""
    run = _lock(run_id, seen)
    if Run.objects.filter(provider_id=run.provider_id, provider_order_id=provider_order_id).exists():
        raise IdTaken(str(provider_order_id))
    run.provider_order_id = provider_order_id
    runs.go_live(runs=[run], now=now)
    _decided(run, "linked", actor, reason, now)


@transaction.atomic(durable=True)
def resend_run(*, run_id: int, actor: str, reason: str, now: datetime, seen: str | None = None) -> None:
    """The provider does not have it: send it again, under the same request id. Raises AlreadyDecided, DecidedSince."""
    run = _lock(run_id, seen)
    runs.requeue(run=run, due_at=now)
    _decided(run, "resent", actor, reason, now)


@transaction.atomic(durable=True)
def retry_run(*, run_id: int, reason: str, now: datetime) -> None:
    """The provider proves that it does not have it: send it again, or park it after too many times.

    Raises AlreadyDecided, also for a parked run: a person has that.
    """
    run = _lock(run_id)
    if run.state == RunState.PARKED.value:
        raise AlreadyDecided(run.state)
    if not parking.never_lands(run):
        runs.requeue(run=run, due_at=now)
        _decided(run, "resent", "system", reason, now)
        return
    flags.resolve_flags(run_id=run_id, by="system", resolution=reason, now=now)
    parking.park(run=run, reason=reason, now=now)
    _tell(run, "parked", "system", reason, now)


@transaction.atomic(durable=True)
def refund_run(*, run_id: int, actor: str, reason: str, now: datetime, seen: str | None = None) -> None:
    """Give it up as undelivered: the run ends refused, and its order is settled with the last of its runs.

    Raises AlreadyDecided, DecidedSince.
    """
    run = _lock(run_id, seen)
    _decided(run, "given_up", actor, reason, now)
    runs.close_run(run_id=run_id, outcome=RunOutcome.REFUSED, delivered=0, start_count=None, actor=actor, now=now)


def _lock(run_id: int, seen: str | None = None) -> Run:
    order_id = Run.objects.values_list("order_id", flat=True).get(pk=run_id)
    statuses.lock([order_id]).get()
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state not in flags.UNDECIDED:
        raise AlreadyDecided(run.state)
    if seen is not None and seen != standing(run):
        raise DecidedSince(run.state)
    return run


def _decided(run: Run, kind: str, actor: str, reason: str, now: datetime) -> None:
    flags.resolve_flags(run_id=run.pk, by=actor, resolution=reason, now=now)
    _tell(run, kind, actor, reason, now)


def _tell(run: Run, kind: str, actor: str, reason: str, now: datetime) -> None:
    """A line in the timeline that staff read, and the order's status."""
    facts = {"run": run.number, "reason": reason, "provider_order_id": run.provider_order_id}
    OrderEvent.objects.create(order_id=run.order_id, kind=kind, actor=actor, facts=facts, public=False, at=now)
    statuses.refresh(order_ids=[run.order_id], actor=actor, now=now)
