"""The mail that confirms an order: a row of the outbox, in the transaction that places it."""

from contextlib import suppress
from datetime import datetime

from django.conf import settings

from accounts.models import User
from accounts.operations import UnfitHeader, queue_mail
from orders.operations.quoting import Quote, Request, Terms
from plumbing.templatetags.amounts import amount, count
from policies import wording

PLACED = """\
Thank you. Your order is placed and paid.

Order:     {order_id}
Service:   {service}
Link:      {link}
Quantity:  {units}
Paid:      {price}

What to expect:

{expectations}

Follow it, and see when money comes back: {page}
"""


def confirm(*, user_id: int, order_id: int, quoted: Quote, terms: Terms, request: Request, now: datetime) -> None:
    """Confirm an order, in the words that the form showed (R5). An address that takes no mail stops no order."""
    body = PLACED.format(
        order_id=order_id,
        service=quoted.offer.name,
        link=request.link,
        units=count(quoted.units),
        price=amount(quoted.price),
        expectations="\n".join(f"- {wording.reason(reason)}" for reason in terms.expectations),
        page=f"{settings.SITE_URL.rstrip('/')}/orders/{order_id}",
    )
    to = User.objects.values_list("email", flat=True).get(pk=user_id)
    with suppress(UnfitHeader):
        queue_mail(
            to=to, subject=f"Order {order_id}", body=body, key=f"order:{order_id}:placed", now=now, user_id=user_id
        )
