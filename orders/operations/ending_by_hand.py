"""Ending a live run by hand: its provider stays silent for too long, or says that it ended and not with how much.

Called by staff with a reason; who may is checked by the caller's layer. The rule decides the money, not the person.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

import policies.operations as policies
from orders.models import Delivery, Flag, Order, OrderEvent, Run
from orders.operations import flags, runs, statuses
from policies.rules import delivery
from policies.rules.clauses import Params
from policies.rules.interruptions import fails_at, has_stalled
from policies.rules.vocabulary import ReportFlag, RunOutcome, RunState

# What is odd about a report that says "ended" and leaves the number to a person.
WITHOUT_A_NUMBER = [
    ReportFlag.REMAINS_MISSING.value,
    ReportFlag.IMPOSSIBLE_NUMBER.value,
    ReportFlag.CONTRADICTED.value,
]


class NotLive(Exception):
    """The run is not with its provider any more: a report, or somebody else, was faster."""


class MovedSince(Exception):
    """A report has brought more units since the person looked; the text is how many are delivered now."""


class TooEarly(Exception):
    """It has made progress within the hours of its policy; the text is when they are over."""


class NumberStated(Exception):
    """No open flag says that its provider's number cannot be used."""


class StillGoing(Exception):
    """Its provider says that it is being delivered; the text is its word."""


class NumberOutOfRange(Exception):
    """Less than is known to be delivered, or more than was bought; the text is the range."""


def fewest(run: Run, live: Delivery) -> int:
    """The fewest units that a person may find: what was reported, unless the provider itself denies it now."""
    denied = _odd(run.pk).filter(kind=ReportFlag.CONTRADICTED.value).exists()
    return 0 if denied else live.delivered


def has_no_number(run: Run) -> bool:
    """Whether its provider calls a live run ended, and open flags say that its number cannot be used."""
    live = Delivery.objects.filter(pk=run.pk).first()
    return live is not None and delivery.says_ended(live.word) and _odd(run.pk).exists()


def patience_ends(run: Run) -> datetime | None:
    """When a live run may be given up, None if it is not live."""
    live = Delivery.objects.filter(pk=run.pk).first()
    return fails_at(progressed_at=live.progressed_at, params=_params(run.order)) if live else None


@transaction.atomic(durable=True)
def give_up_silent(*, run_id: int, seen_delivered: int, actor: str, reason: str, now: datetime) -> None:
    """End a live run of which nobody can say how it stands, as one that stands still (refund.6.3).

    seen_delivered: what the person saw when deciding. Raises NotLive, MovedSince, TooEarly.
    """
    run, live = _lock(run_id, seen_delivered)
    params = _params(run.order)
    if not has_stalled(progressed_at=live.progressed_at, now=now, params=params):
        raise TooEarly(f"{fails_at(progressed_at=live.progressed_at, params=params):%Y-%m-%d %H:%M} UTC")
    _end(run, RunOutcome.STALLED, live.delivered, actor=actor, reason=reason, now=now)


@transaction.atomic(durable=True)
def end_as_found(*, run_id: int, seen_delivered: int, delivered: int, actor: str, reason: str, now: datetime) -> None:
    """End a live run that its provider calls ended, with the number that a person found (refund.7.3).

    delivered: units of this run, in all. Raises NotLive, MovedSince, NumberStated, StillGoing, NumberOutOfRange.
    """
    run, live = _lock(run_id, seen_delivered)
    if not _odd(run_id).exists():
        raise NumberStated
    if not delivery.says_ended(live.word):
        raise StillGoing(live.word)
    if not fewest(run, live) <= delivered <= run.quantity:
        raise NumberOutOfRange(f"{fewest(run, live)} to {run.quantity}")
    if delivered < live.delivered:
        live.delivered = delivered
        live.save(update_fields=["delivered"])
    outcome = RunOutcome.DELIVERED if delivered == run.quantity else RunOutcome.SHORT
    _end(run, outcome, delivered, actor=actor, reason=reason, now=now)


def _lock(run_id: int, seen_delivered: int) -> tuple[Run, Delivery]:
    """Order, run, delivery; a run that is not as the person saw it is left to them to look at again."""
    order_id = Run.objects.values_list("order_id", flat=True).get(pk=run_id)
    order = statuses.lock([order_id]).get()
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    live = Delivery.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run.state != RunState.LIVE.value or live is None:
        raise NotLive(run.state)
    if live.delivered != seen_delivered:
        raise MovedSince(str(live.delivered))
    run.order = order
    return run, live


def _odd(run_id: int) -> QuerySet[Flag]:
    return Flag.objects.filter(run_id=run_id, kind__in=WITHOUT_A_NUMBER, resolved_at__isnull=True)


def _params(order: Order) -> Params:
    return policies.params_of(order.refund_policy_id)


def _end(run: Run, outcome: RunOutcome, delivered: int, *, actor: str, reason: str, now: datetime) -> None:
    flags.resolve_flags(run_id=run.pk, by=actor, resolution=reason, now=now)
    facts = {"run": run.number, "reason": reason, "delivered": delivered}
    kind = "ended_by_hand"
    OrderEvent.objects.create(order_id=run.order_id, kind=kind, actor=actor, facts=facts, public=False, at=now)
    runs.close_run(run_id=run.pk, outcome=outcome, delivered=delivered, start_count=None, actor=actor, now=now)
