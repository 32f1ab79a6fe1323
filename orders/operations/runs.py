"""What happens to one run for good: a provider took it, it goes back to the queue, it ended."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from orders.models import Delivery, Order, PollBatch, Run, Sample
from orders.operations import settling, statuses
from policies.rules import delivery
from policies.rules.vocabulary import Cause, RunOutcome, RunState, ServiceType

BATCH_SIZE = 1000


def go_live(*, runs: Sequence[Run], now: datetime) -> None:
    """Begin to look at runs that a provider took. `provider_order_id` is set on each, and free at its provider.

    Part of a transaction that holds the locks of orders and runs; it refreshes the orders afterwards.
    """
    for run in runs:
        run.state, run.accepted_at, run.lease_until = RunState.LIVE.value, now, None
        run.save(update_fields=["state", "provider_order_id", "accepted_at", "lease_until"])
    by_order = Order.objects.in_bulk({run.order_id for run in runs})
    Delivery.objects.bulk_create(_delivery(run, by_order[run.order_id], now) for run in runs)


def requeue(*, run: Run, due_at: datetime, due_since: datetime | None = None) -> None:
    """Put a run back that is not upstream, to be claimed at `due_at`, under the same request id as before.

    due_since: when it first became due, where the time that it has waited since then counts (refund.6.3).
    """
    run.state, run.attempt, run.lease_until = RunState.QUEUED.value, None, None
    run.due_at, run.due_since = due_at, due_since
    run.save(update_fields=["state", "due_at", "due_since", "attempt", "lease_until"])


@transaction.atomic(durable=True)
def end_run(
    *, run_id: int, outcome: RunOutcome, delivered: int, start_count: int | None, actor: str, now: datetime
) -> None:
    """End a run, and its order with the last of them. A run that has ended is left as it is, and so is one said to
    stand still that another look has seen to move since.

    delivered, start_count: the final numbers, 0 <= delivered <= the run's quantity.
    """
    close_run(run_id=run_id, outcome=outcome, delivered=delivered, start_count=start_count, actor=actor, now=now)


def close_run(
    *, run_id: int, outcome: RunOutcome, delivered: int, start_count: int | None, actor: str, now: datetime
) -> None:
    """`end_run` for a caller that has a transaction already."""
    order_id = Run.objects.values_list("order_id", flat=True).get(pk=run_id)
    order = statuses.lock([order_id]).get()
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state == RunState.ENDED.value:
        return
    seen = Delivery.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if outcome is RunOutcome.STALLED and seen and seen.delivered > delivered:
        return
    wish = order.cancel_requested_at is not None
    run.outcome = delivery.final_outcome(outcome, cancel_requested=wish).value
    run.state, run.ended_at, run.due_at, run.lease_until = RunState.ENDED.value, now, None, None
    run.delivered, run.start_count = delivered, start_count
    if seen:
        run.delivered = max(delivered, seen.delivered)  # delivered never falls
        run.start_count = start_count if start_count is not None else seen.start_count
    run.save(update_fields=["outcome", "state", "ended_at", "due_at", "lease_until", "delivered", "start_count"])
    if seen:
        _stop_looking(run, seen, now)
    _end_order(run.order_id, actor, now)


def close_queued(*, order_id: int, outcome: RunOutcome, actor: str, now: datetime) -> None:
    """End all that was not sent of an order, and the order with it. For a caller that holds the order's lock."""
    queued = Run.objects.first_runs().filter(order_id=order_id, state=RunState.QUEUED.value)
    queued.update(state=RunState.ENDED.value, outcome=outcome.value, ended_at=now, due_at=None, lease_until=None)
    _end_order(order_id, actor, now)


def _end_order(order_id: int, actor: str, now: datetime) -> None:
    runs = statuses.runs_of([order_id])[order_id]
    missing = sum(each.quantity - each.delivered for each in runs)
    cause = delivery.cause_of([each.outcome for each in runs], missing=missing)
    if cause is Cause.STILL_RUNNING:
        statuses.refresh(order_ids=[order_id], actor=actor, now=now)
    else:
        settling.settle(order_id=order_id, cause=cause, actor=actor, now=now)


def _stop_looking(run: Run, seen: Delivery, now: datetime) -> None:
    """Take the run out of its poll batch; the last point of its chart is where it ended."""
    if run.delivered > seen.delivered:
        Sample.objects.create(run=run, at=now, delivered=run.delivered)
    batch_id = seen.batch_id
    seen.delete()
    PollBatch.objects.filter(pk=batch_id).update(size=F("size") - 1)


def _delivery(run: Run, order: Order, now: datetime) -> Delivery:
    assert run.provider_order_id is not None
    return Delivery(
        run=run,
        batch_id=_batch_with_room(run.provider_id, now),
        order_id=order.pk,
        provider_order_id=run.provider_order_id,
        quantity=run.quantity,
        whole=ServiceType(order.type).is_package,
        progressed_at=now,
    )


def _batch_with_room(provider_id: int, now: datetime) -> int:
    """Count a run into a poll batch, a new one where none has room. The count is also the lock that keeps it there."""
    roomy = PollBatch.objects.select_for_update(no_key=True).filter(
        provider_id=provider_id, tier=0, size__lt=BATCH_SIZE
    )
    batch = roomy.order_by("pk").first() or PollBatch(provider_id=provider_id, due_at=now)
    batch.size += 1
    batch.save(force_insert=batch.pk is None, update_fields=["size"] if batch.pk else None)
    return batch.pk
