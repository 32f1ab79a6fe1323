"""What customers and staff are told by mail about orders: rows of the outbox, in the caller's transaction."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from accounts.operations import clear_alarm, queue_alarm, queue_mail
from orders.models import Order
from plumbing.templatetags.amounts import amount as written
from policies.models import Appeal

APPEALED = """\
A customer asks a person to look at a decision on order {order} again.

{words}

Decide: {page}
"""
UPHELD = """\
You asked a person to look at a decision on order {order} again.

It stands as it was decided.

Reason: {reason}

The decision: {page}
"""
OVERTURNED = """\
You asked a person to look at a decision on order {order} again.

It was changed: {amount} more is paid back to your wallet.

Reason: {reason}

The decision: {page}
"""


def alarm_staff(appeal: Appeal, *, order_id: int, now: datetime) -> None:
    """Somebody has to decide an appeal."""
    page = f"{settings.SITE_URL.rstrip('/')}/admin/policies/appeal/{appeal.pk}/change/"
    body = APPEALED.format(order=order_id, words=appeal.words, page=page)
    queue_alarm(subject=f"Appeal about order {order_id}", body=body, key=f"appeal:{appeal.pk}", now=now)


def tell_decided(appeal: Appeal, *, order: Order, amount: Decimal | None, now: datetime) -> None:
    """What came of an appeal; the alarm about it is over.

    amount: what is paid back for it, account currency; None when it was upheld.
    """
    clear_alarm(key=f"appeal:{appeal.pk}", now=now, by=appeal.decided_by)
    text = UPHELD if amount is None else OVERTURNED
    decision = f"{settings.SITE_URL.rstrip('/')}/orders/{order.pk}/decisions/{appeal.decision.uuid}"
    body = text.format(order=order.pk, reason=appeal.reason, amount=written(amount), page=decision)
    subject = f"Your appeal about order {order.pk}: " + ("the decision stands" if amount is None else "changed")
    queue_mail(
        to=appeal.opened_by.email,
        subject=subject,
        body=body,
        key=f"appeal:{appeal.pk}:decided",
        now=now,
        user_id=order.user_id,
    )
