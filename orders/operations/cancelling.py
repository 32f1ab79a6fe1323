"""Taking an order back. So far before it is sent only, when it is the customer's to decide (refund.1.4)."""

from datetime import datetime

from django.db import transaction

import policies.operations as policies
from orders.models import Order
from orders.operations import runs, statuses
from plumbing.retrying import tried_again
from policies.rules import cancellations
from policies.rules.cancellations import CancelDecision
from policies.rules.clauses import Reason
from policies.rules.vocabulary import Cause, RunOutcome, RunState

RULE = "cancellations.decide_cancel"


class AlreadySent(Exception):
    """The order is being sent, was sent or has ended: it can no longer be taken back free of charge. reason: which."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.finding)
        self.reason = reason


@tried_again
def cancel_unsent(*, user_id: int, order_id: int, now: datetime) -> None:
    """End one of the customer's own orders that was not sent, and pay all of it back, once. Also for the suspended.

    The claim takes the same lock first, so that exactly one of the two has the order. One canceled before is left as
    it is. A refusal is kept with its ground (decision 24), once for each state that the order was found in.
    Raises AlreadySent, and Order.DoesNotExist for what is not theirs.
    """
    with transaction.atomic(durable=True):
        order = statuses.lock([order_id]).filter(user_id=user_id).get()
        if order.cause == Cause.CANCELED_BEFORE_CLAIM.value:
            return
        states = [run.state for run in statuses.runs_of([order_id])[order_id]]
        decided = cancellations.decide_cancel(cancellations.CancelFacts(states))
        by = f"customer:{user_id}"
        if decided.granted:
            runs.close_queued(order_id=order_id, outcome=RunOutcome.WITHDRAWN, actor=by, now=now)
        else:
            _keep_refusal(order, states, decided, by, now)
    if not decided.granted:
        raise AlreadySent(decided.reasons[0])  # after the commit, so that the refusal stays


def _keep_refusal(order: Order, states: list[RunState], decided: CancelDecision, by: str, now: datetime) -> None:
    """Asked again while nothing has changed, it is the same refusal. The caller holds the order's lock."""
    inputs = {"states": sorted({state.value for state in states})}
    if policies.was_decided(rule=RULE, subject_type="order", subject_id=order.pk, inputs=inputs):
        return
    policies.record_decision(
        rule=RULE,
        subject_type="order",
        subject_id=order.pk,
        version_id=order.refund_policy_id,
        inputs=inputs,
        outcome=decided.outcome,
        reasons=decided.reasons,
        actor=by,
        now=now,
    )
