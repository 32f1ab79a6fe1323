"""Refills: asked for by a rule (R42), one at a time, and what their providers say of them. No money moves for any."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

import policies.operations as policies
from orders.models import Order, OrderEvent, Refill, RefillCall
from orders.models.run import RunQuerySet
from orders.operations import statuses
from orders.operations.deciding import keep_answer
from plumbing.retrying import tried_again
from policies.rules import refills
from policies.rules.clauses import Reason
from policies.rules.refills import RefillDecision, RefillFacts
from policies.rules.vocabulary import OrderStatus, RefillState, RunState

RULE = "refills.decide_refill"
LONGEST_WORDS = 200


class NotNow(Exception):
    """The order is not refilled now. reason: why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.finding)
        self.reason = reason


@tried_again
def request_refill(*, user_id: int, order_id: int, now: datetime) -> int:
    """Ask for a refill of one of the customer's own orders; also for the suspended. Returns its id.

    Of two at once, one is asked for: the order's lock comes first, and the database keeps one open. Each part that a
    provider has delivered is asked for there (`delivery.refilling`). A decision is kept with its ground, a refusal once
    while nothing changes. Raises NotNow, and Order.DoesNotExist for what is not theirs.
    """
    by = f"customer:{user_id}"
    with transaction.atomic(durable=True):
        order = statuses.lock([order_id]).filter(user_id=user_id).get()
        facts = _facts(order, now)
        decided = refills.decide_refill(facts)
        keep_answer(order, rule=RULE, inputs=asdict(facts), answer=decided, by=by, now=now, each_time=decided.granted)
        refill_id = _begin(order, by, now) if decided.granted else None
    if refill_id is None:
        raise NotNow(decided.reasons[0])  # after the commit, so that the refusal stays
    return refill_id


def foresee(order: Order, *, now: datetime) -> RefillDecision | None:
    """What would be decided now; None while the order is under way. Writes nothing."""
    return refills.decide_refill(_facts(order, now)) if order.ended_at else None


def _facts(order: Order, now: datetime) -> RefillFacts:
    asks = order.refill and order.status == OrderStatus.COMPLETED.value  # otherwise nothing else matters
    tries = list(Refill.objects.filter(order=order).order_by("-pk")) if asks else []
    last = tries[0] if tries else None
    period = refills.period(
        completed_at=order.ended_at or now,
        days=order.refill_days,
        last_ended_at=last.ended_at if last else None,
        params=policies.params_of(order.refund_policy_id),
    )
    return RefillFacts(
        sold=order.refill,
        status=OrderStatus(order.status),
        paid_back=order.refunded > 0,
        over=period.ends_at is not None and now > period.ends_at,
        ends_at=_told(period.ends_at),
        under_way=last is not None and last.ended_at is None,
        waits=now < period.free_at,
        free_at=_told(period.free_at),
        tries=len(tries),
        most=order.refill_max,
        reachable=asks and _delivered(order).exists(),
    )


def words_of(*, user_id: int, refill_ids: Collection[int]) -> dict[int, RefillState]:
    """How far the customer's own refills are, by their ids."""
    own = Refill.objects.filter(pk__in=refill_ids, order__user_id=user_id)
    return {pk: RefillState(state) for pk, state in own.values_list("pk", "state")}


def last_word(*, user_id: int, order_id: int) -> RefillState | None:
    """How far the last refill of the customer's own order is, None without one."""
    last = Refill.objects.filter(order_id=order_id, order__user_id=user_id).order_by("-pk").first()
    return RefillState(last.state) if last else None


@transaction.atomic(durable=True)
def hear(*, heard: Mapping[int, tuple[RefillState, int | None, str]], now: datetime) -> None:
    """Write down what came of calls, by their ids: how far each is, the provider's number for it, its words.

    A call that has ended stays as it is. With the last of its calls a refill ends, and its order's timeline says so.
    """
    order_ids = RefillCall.objects.filter(pk__in=heard).values_list("refill__order_id", flat=True)
    list(statuses.lock(sorted(set(order_ids))))
    calls = RefillCall.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=heard)
    for call in calls.select_related("refill").order_by("pk"):
        if RefillState(call.state).is_terminal:
            continue
        state, number, said = heard[call.pk]
        call.state, call.number, call.said = state.value, number or call.number, said[:LONGEST_WORDS]
        call.save(update_fields=["state", "number", "said"])
        _sum_up(call.refill, now)


def _begin(order: Order, by: str, now: datetime) -> int:
    refill = Refill.objects.create(order=order, asked_at=now, asked_by=by)
    RefillCall.objects.bulk_create(RefillCall(refill=refill, run=run, due_at=now) for run in _delivered(order))
    OrderEvent.objects.create(order=order, kind="refill_asked", actor=by, at=now)
    return refill.pk


def _delivered(order: Order) -> RunQuerySet:
    """The parts of which a provider that can be asked has delivered something."""
    first = order.runs.first_runs().filter(state=RunState.ENDED.value, delivered__gt=0)
    return first.filter(provider_order_id__isnull=False).exclude(provider__adapter="manual")


def _sum_up(refill: Refill, now: datetime) -> None:
    """Under way with the first that is taken; ended with the last, done when any of them is."""
    calls = list(refill.calls.all())
    states = {RefillState(call.state) for call in calls}
    ends = all(state.is_terminal for state in states)
    best = next(state for state in _BEST_FIRST if state in states)
    refill.state = best.value if ends else RefillState.UNDER_WAY.value if _begun(states) else RefillState.ASKED.value
    refill.ended_at = now if ends else None
    refill.save(update_fields=["state", "ended_at"])
    if ends:
        said = next((call.said for call in calls if call.said), "")
        OrderEvent.objects.create(
            order_id=refill.order_id, kind=f"refill_{refill.state}", actor="system", facts={"said": said}, at=now
        )


_BEST_FIRST = (
    RefillState.COMPLETED,
    RefillState.UNDER_WAY,
    RefillState.ASKED,
    RefillState.FAILED,
    RefillState.REJECTED,
)


def _begun(states: set[RefillState]) -> bool:
    return states != {RefillState.ASKED}


def _told(at: datetime | None) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC" if at else ""
