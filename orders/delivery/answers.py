"""Writing down what became of tries: only by the attempt that claimed the run, never more than was proved."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from orders.delivery.claiming import Claimed
from orders.models import Attempt, Flag, LinkHold, Run
from orders.operations import flags, parking, providers, routing, runs, statuses
from orders.operations.routing import Bearing
from orders.providers.classify import Classified
from policies.rules.routing import Skip
from policies.rules.vocabulary import RunOutcome, RunState, Submission

logger = logging.getLogger(__name__)

LINK_BUSY = "link_busy"  # the provider has an order on this link that is not ours: only this run has to wait
LINK_BUSY_SECONDS = 60

MAY_GO_AGAIN = (Submission.NOT_SENT, Submission.NOT_ACCEPTED, Submission.PROVIDER_CLOSED)
# After these a run may take another route: it provably has none, and the reason is the provider and not the order.
MAY_MOVE_ON = {Submission.NOT_SENT: Skip.SILENT, Submission.PROVIDER_CLOSED: Skip.PAUSED}
PROVIDERS_OWN_NO = ("service", "quantity")  # another one may have that service, and other limits
CAME_TO_NOTHING = (Submission.NOT_SENT, Submission.UNKNOWN)  # what the breaker counts
WAITS_A_WHILE = (Submission.NOT_SENT, Submission.NOT_ACCEPTED)
MAY_BE_UPSTREAM = [state.value for state in (RunState.SUBMITTING, RunState.UNKNOWN, RunState.LIVE, RunState.PARKED)]


def record(*, provider_id: int, outcomes: Sequence[tuple[Claimed, Classified]], now: datetime) -> None:
    """Apply the answers of one provider to the runs that were claimed for it.

    A run whose attempt is no longer ours is left alone. Runs that no route takes end, and their orders with them, one
    by one.
    Answers that cannot be written together are written each alone; one that cannot at all is lost, and its run is
    unknown once its lease has run out (reliability 31).
    """
    try:
        refused = _write(provider_id, {claimed.attempt: said for claimed, said in outcomes}, now)
    except Exception:
        logger.exception("the answers to %s tries could not be written", len(outcomes))
        for outcome in outcomes if len(outcomes) > 1 else ():
            record(provider_id=provider_id, outcomes=[outcome], now=now)
        return
    for claimed, _ in outcomes:
        if claimed.attempt in refused:
            _end_refused(claimed, now)


def _end_refused(claimed: Claimed, now: datetime) -> None:
    try:
        runs.end_run(
            run_id=claimed.run_id, outcome=RunOutcome.REFUSED, delivered=0, start_count=None, actor="system", now=now
        )
    except Exception as error:
        logger.exception("order %s could not be ended", claimed.order_id)
        flags.could_not_end(order_id=claimed.order_id, run_id=claimed.run_id, error=error, now=now)


@transaction.atomic(durable=True)
def _write(provider_id: int, said: Mapping[UUID, Classified], now: datetime) -> set[UUID]:
    """Write down what was said. Answers the attempts of ours whose run nobody takes."""
    order_ids = set(Run.objects.filter(attempt__in=said).values_list("order_id", flat=True))
    list(statuses.lock(order_ids))
    mine = Run.objects.select_for_update(no_key=True).filter(attempt__in=said).order_by("pk")
    answered = {
        run: said[run.attempt]
        for run in mine.filter(state__in=[RunState.SUBMITTING.value, RunState.UNKNOWN.value])
        if run.attempt
    }
    attempts = {run.pk: run.attempt for run in answered if run.attempt}
    _keep_evidence(said, now)
    _tell_of_late_acceptances(said, attempts.values(), now)
    _resolve_late(answered, now)
    _accept(provider_id, answered, now)
    others = _other_ways(answered, now)
    for run, each in answered.items():
        if each.submission in MAY_GO_AGAIN:
            _put_back(run, each, now)
        elif each.submission is Submission.UNMAPPED:
            _set_aside(run, RunState.PARKED, flags.UNMAPPED, each, now)
        elif each.submission is Submission.UNKNOWN:
            _set_aside(run, RunState.UNKNOWN, flags.UNKNOWN, each, now)
        elif each.submission is Submission.REJECTED and run.pk in others:
            runs.requeue(run=run, due_at=now, due_since=run.due_since or run.due_at)
    moved = routing.move(others.values(), reason={run.pk: each.reason for run, each in answered.items()}, now=now)
    closed = [run for run, each in answered.items() if each.submission is Submission.PROVIDER_CLOSED]
    _let_go({run.order_id for run in closed if run.pk not in moved})
    statuses.refresh(order_ids=order_ids, actor="system", now=now)
    refused = [run for run, each in answered.items() if each.submission is Submission.REJECTED]
    return {attempts[run.pk] for run in refused if run.pk not in others}


def _other_ways(answered: Mapping[Run, Classified], now: datetime) -> dict[int, Bearing]:
    """The runs for which another route is there, by a proof that this one has them not (adr/0019).

    Put back, a run leaves for a route that takes it now. Refused, it also waits for one that will.
    """
    learned = {run.pk: MAY_MOVE_ON[each.submission] for run, each in answered.items() if each.submission in MAY_MOVE_ON}
    refused = {
        run.pk
        for run, each in answered.items()
        if each.submission is Submission.REJECTED and each.reason in PROVIDERS_OWN_NO
    }
    if not learned and not refused:
        return {}
    found = routing.bearings([*learned, *refused], now=now, learned=learned)
    return {pk: each for pk, each in found.items() if each.moves and (each.choice.ready or pk in refused)}


def _keep_evidence(said: Mapping[UUID, Classified], now: datetime) -> None:
    """Also of answers that come too late to change anything: staff decide by them."""
    for attempt, each in said.items():
        Attempt.objects.filter(pk=attempt).update(
            answered_at=now,
            submission=each.submission.value,
            reason=each.reason,
            detail=each.detail,
            provider_order_id=each.provider_order_id,
        )


def _tell_of_late_acceptances(said: Mapping[UUID, Classified], ours: Collection[UUID], now: datetime) -> None:
    """A try that was given up was taken after all. Where the next one carries the same request id it is the same order,
    as long as there is a next one."""
    taken = {pk: each for pk, each in said.items() if each.submission is Submission.ACCEPTED and pk not in ours}
    tries = Attempt.objects.filter(pk__in=taken).select_related("run") if taken else ()
    flags.raise_flags(
        Flag(
            order_id=each.run.order_id,
            run_id=each.run_id,
            kind=flags.TAKEN_LATE,
            facts={"provider_order_id": taken[each.pk].provider_order_id},
            raised_at=now,
        )
        for each in tries
        if each.run.provider_order_id != taken[each.pk].provider_order_id
        and not (each.with_request_id and each.run.state != RunState.ENDED.value)
    )


def _resolve_late(answered: Mapping[Run, Classified], now: datetime) -> None:
    """An answer after the run's lease, with the attempt still ours, settles what had been unknown."""
    for run, each in answered.items():
        if run.state == RunState.UNKNOWN.value and each.submission is not Submission.UNKNOWN:
            flags.resolve_flags(run_id=run.pk, by="system", resolution=f"late answer: {each.submission.value}", now=now)


def _accept(provider_id: int, answered: Mapping[Run, Classified], now: datetime) -> None:
    """A provider's id belongs to one run. Given a second time it proves nothing about the second."""
    given = {run: each for run, each in answered.items() if each.submission is Submission.ACCEPTED}
    ids = [each.provider_order_id for each in given.values()]
    known = Run.objects.filter(provider_id=provider_id, provider_order_id__in=ids)
    taken = set(known.values_list("provider_order_id", flat=True))
    live = []
    for run, each in given.items():
        if each.provider_order_id in taken:
            _set_aside(run, RunState.UNKNOWN, flags.SAME_ID, each, now)
            continue
        taken.add(each.provider_order_id)
        run.provider_order_id = each.provider_order_id
        live.append(run)
    runs.go_live(runs=live, now=now)


def _set_aside(run: Run, state: RunState, kind: str, said: Classified, now: datetime) -> None:
    """Keep the run where it is, neither sent again nor refunded, until there is proof or a person decides."""
    run.state = state.value
    run.save(update_fields=["state"])
    facts = {"reason": said.reason, "provider_order_id": said.provider_order_id}
    flags.raise_flags([Flag(order_id=run.order_id, run_id=run.pk, kind=kind, facts=facts, raised_at=now)])


def _put_back(run: Run, said: Classified, now: datetime) -> None:
    """To be sent again; what never even reaches the provider is parked after some tries."""
    if said.submission is Submission.NOT_SENT and parking.never_lands(run):
        parking.park(run=run, reason=said.reason, now=now)
        return
    wait = LINK_BUSY_SECONDS if said.reason == LINK_BUSY else 0
    runs.requeue(run=run, due_at=now + timedelta(seconds=wait), due_since=run.due_since or run.due_at)


def _let_go(order_ids: set[int]) -> None:
    """A closed provider may stay closed for long: orders with nothing upstream do not keep their link from others.

    After "not sent" and "later" the hold stays: the wait is short, and the order keeps its place.
    """
    begun = Q(state__in=MAY_BE_UPSTREAM) | Q(accepted_at__isnull=False)
    upstream = Run.objects.filter(begun, order_id__in=order_ids)
    LinkHold.objects.filter(order_id__in=order_ids).exclude(order_id__in=upstream.values("order_id")).delete()


def learn(*, provider_id: int, said: Sequence[Classified], now: datetime) -> None:
    """What the answers of one wave say about the provider itself."""
    closed = [each.provider_problem for each in said if each.provider_problem]
    if closed:
        providers.shut(provider_id=provider_id, problem=closed[0], now=now)
        return
    if any(each.submission is Submission.ACCEPTED for each in said):
        providers.recover(provider_id=provider_id, now=now)
    elif failed := _failed(said):
        providers.fail(provider_id=provider_id, times=failed, now=now)
    waits = [each for each in said if each.submission in WAITS_A_WHILE and each.reason != LINK_BUSY]
    if waits:
        wait = max(each.retry_after_s or 0 for each in waits)
        providers.back_off(provider_id=provider_id, now=now, wait_seconds=wait or None)


def _failed(said: Sequence[Classified]) -> int:
    """How many failures in a row a wave adds: none where somebody answered; "later" without a time counts once."""
    later = [each for each in said if each.submission is Submission.NOT_ACCEPTED and each.reason != LINK_BUSY]
    lost = [each for each in said if each.submission in CAME_TO_NOTHING]
    if len(later) + len(lost) < len(said):
        return 0
    return len(lost) or int(not any(each.retry_after_s for each in later))
