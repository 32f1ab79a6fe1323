"""Taking an order back. So far before it is sent only, when it is the customer's to decide (refund.1.4)."""

from datetime import datetime

from django.db import transaction

from orders.operations import runs, statuses
from policies.rules.cancellations import is_free_to_cancel
from policies.rules.vocabulary import Cause, RunOutcome


class AlreadySent(Exception):
    """The order is being sent, was sent or has ended, so that it can no longer be taken back free of charge."""


def cancel_unsent(*, user_id: int, order_id: int, now: datetime) -> None:
    """End one of the customer's own orders that was not sent, and pay all of it back, once. Also for the suspended.

    The claim takes the same lock first, so that exactly one of the two has the order. One canceled before is left as
    it is. Raises AlreadySent, and Order.DoesNotExist for what is not theirs.
    """
    with transaction.atomic(durable=True):
        order = statuses.lock([order_id]).filter(user_id=user_id).get()
        if order.cause == Cause.CANCELED_BEFORE_CLAIM.value:
            return
        states = [run.state for run in statuses.runs_of([order_id])[order_id]]
        if not is_free_to_cancel(states):
            raise AlreadySent
        by = f"customer:{user_id}"
        runs.close_queued(order_id=order_id, outcome=RunOutcome.WITHDRAWN, actor=by, now=now)
