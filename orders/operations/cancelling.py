"""Taking an order back: what was not sent at once (refund.1.4), what was by the provider's word alone (refund.7.3)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from orders.models import CancelCall, Order, OrderEvent, Run
from orders.operations import runs, statuses
from orders.operations.deciding import keep_answer
from plumbing.retrying import tried_again
from policies.rules import cancellations
from policies.rules.cancellations import CancelDecision, CancelFacts
from policies.rules.clauses import Reason
from policies.rules.vocabulary import Cause, RunOutcome, RunState

RULE = "cancellations.decide_cancel"
LONGEST_WORDS = 200
CANCELED = (Cause.CANCELED_BEFORE_CLAIM.value, Cause.CANCEL_CONFIRMED.value)


class TooLate(Exception):
    """The order can neither be taken back free of charge any more nor be asked back. reason: why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.finding)
        self.reason = reason


@tried_again
def cancel_order(*, user_id: int, order_id: int, now: datetime) -> bool:
    """Take back one of the customer's own orders, once; also for the suspended. True when it is done, False when its
    provider is to be asked.

    What was not sent ends at once and is paid back. Where something may be upstream and the service offers a cancel,
    nothing more of the order is sent from now on, its provider is asked (`delivery.canceling`), and money moves only by
    what the provider then reports. The claim takes the same lock first, so that exactly one of the two has the order. A
    decision is kept with its ground (decision 24), a refusal once for each state that the order was found in.
    Raises TooLate, and Order.DoesNotExist for what is not theirs.
    """
    by = f"customer:{user_id}"
    with transaction.atomic(durable=True):
        order = statuses.lock([order_id]).filter(user_id=user_id).get()
        if order.cause in CANCELED:
            return True
        if order.cancel_requested_at is not None and order.ended_at is None:
            return False
        facts = _facts(order)
        decided = cancellations.decide_cancel(facts)
        if decided.asks:
            order.cancel_requested_at = now
            order.save(update_fields=["cancel_requested_at"])
        if not decided.granted:
            _keep(order, facts, decided, by, now)
        if decided.granted or decided.asks:
            runs.close_queued(order_id=order_id, outcome=RunOutcome.WITHDRAWN, actor=by, now=now)
    if not decided.granted and not decided.asks:
        raise TooLate(decided.reasons[0])  # after the commit, so that the refusal stays
    return decided.granted


@transaction.atomic(durable=True)
def withdraw_rest(*, order_id: int, now: datetime) -> None:
    """End what came back to the queue of an order whose cancel is asked for: it must not go out again."""
    order = statuses.lock([order_id]).get()
    if order.cancel_requested_at is not None and order.ended_at is None:
        runs.close_queued(order_id=order_id, outcome=RunOutcome.WITHDRAWN, actor="system", now=now)


@transaction.atomic(durable=True)
def hear(*, run_id: int, accepted: bool, said: str, now: datetime) -> None:
    """Write down what a provider said of a cancel. Where none accepted it, the order goes on, and its owner reads why.

    Accepted moves no money: what was delivered is what the provider reports when the run has ended.
    """
    order_id = Run.objects.values_list("order_id", flat=True).get(pk=run_id)
    order = statuses.lock([order_id]).get()
    answer = CancelCall.Answer.ACCEPTED if accepted else CancelCall.Answer.DECLINED
    CancelCall.objects.filter(pk=run_id, answer="").update(answer=answer, said=said[:LONGEST_WORDS], lease_until=None)
    if order.cancel_requested_at is None or order.ended_at is not None or not _nobody_cancels(order_id):
        return
    order.cancel_requested_at = None
    order.save(update_fields=["cancel_requested_at"])
    CancelCall.objects.filter(run__order_id=order_id).delete()  # it may be asked for again
    facts = _facts(order, declined=True)
    _keep(order, facts, cancellations.decide_cancel(facts), "system", now)
    OrderEvent.objects.create(
        order=order, kind="cancel_declined", actor="system", facts={"said": said[:LONGEST_WORDS]}, public=False, at=now
    )
    statuses.refresh(order_ids=[order_id], actor="system", now=now)


def _nobody_cancels(order_id: int) -> bool:
    """Whether every part that may be upstream was declined."""
    first = Run.objects.first_runs().filter(order_id=order_id).exclude(state=RunState.ENDED.value)
    return not first.exclude(cancel_call__answer=CancelCall.Answer.DECLINED).exists()


def _facts(order: Order, *, declined: bool = False) -> CancelFacts:
    states = [run.state for run in statuses.runs_of([order.pk])[order.pk]]
    return CancelFacts(states, offered=order.cancel, declined=declined)


def _keep(order: Order, facts: CancelFacts, decided: CancelDecision, by: str, now: datetime) -> None:
    inputs = {"states": _once(facts.states), "offered": facts.offered, "declined": facts.declined}
    each_time = decided.asks or facts.declined
    keep_answer(order, rule=RULE, inputs=inputs, answer=decided, by=by, now=now, each_time=each_time)


def _once(states: Sequence[RunState]) -> list[str]:
    return sorted({state.value for state in states})
