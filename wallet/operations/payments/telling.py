"""What customers and staff are told about payments: mails and alarms, in the caller's transaction."""

from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings

from accounts.models import User
from accounts.operations import clear_alarm, queue_alarm, queue_mail
from wallet.models import Event, TopUp

RECEIPT = """\
Thank you. Your payment has arrived and is in your wallet.

Reference:  {reference}
Date:       {date}
Added:      {amount} {currency}
Fee:        {fee} {currency}
Paid:       {total} {currency}
Bonus:      {bonus} {currency}

Receipt: {page}
"""
CREDITED = """\
Our staff checked your payment and added {amount} {currency} to your wallet.

Reference:  {reference}
Date:       {date}
Added:      {amount} {currency}
Bonus:      {bonus} {currency}
Note:       {reason}

Receipt: {page}
"""
TAKEN_BACK = """\
A payment to your wallet was taken back: {amount} {currency} of the one below.

Reference:  {reference}
Date:       {date}

What your balance did not cover is owed and will be paid from what you add next.
Details: {page}
"""
GIVEN_BACK = """\
A payment that had been taken back is with us again: {amount} {currency} of the one below.

Reference:  {reference}
Date:       {date}
Note:       {reason}

It is in your wallet; what you owed was paid from it first.
Details: {page}
"""
REJECTED = """\
Your payment could not be accepted.

Reference:  {reference}
Date:       {date}
Reason:     {reason}

Details: {page}
"""


def page_of(top_up: TopUp) -> str:
    """The receipt page's whole address."""
    return f"{settings.SITE_URL.rstrip('/')}/wallet/top-ups/{top_up.reference}"


def tell_receipt(top_up: TopUp, *, now: datetime) -> None:
    """The payment arrived as asked."""
    subject = f"Receipt for {top_up.credited.quantize(top_up.amount)} {top_up.currency} ({top_up.reference})"
    _mail(top_up, "receipt", subject, RECEIPT, now=now)


def tell_credited(top_up: TopUp, *, reason: str, now: datetime) -> None:
    """Staff decided what a payment under review brings."""
    _mail(top_up, "receipt", f"Your payment {top_up.reference} was checked", CREDITED, now=now, reason=reason)


def tell_taken_back(top_up: TopUp, *, amount: Decimal, key: str, now: datetime) -> None:
    """Money that was credited went back to the payer. key: of the transfer."""
    _mail(top_up, key, f"Payment {top_up.reference} was taken back", TAKEN_BACK, now=now, moved=amount)


def tell_given_back(top_up: TopUp, *, amount: Decimal, reason: str, now: datetime) -> None:
    """Money that had been taken back came back to the wallet."""
    what = f"given_back:{top_up.given_back.normalize():f}"
    subject = f"Payment {top_up.reference} was given back"
    _mail(top_up, what, subject, GIVEN_BACK, now=now, moved=amount, reason=reason)


def tell_rejected(top_up: TopUp, *, reason: str, act: Event, now: datetime) -> None:
    """Staff rejected a payment. act: of the record; money that came after all may be rejected once more."""
    _mail(
        top_up, f"rejected:{act.pk}", f"Payment {top_up.reference} was not accepted", REJECTED, now=now, reason=reason
    )


def alarm_staff(top_up: TopUp, *, subject: str, body: str, cause: str, now: datetime) -> None:
    """Have a person look. cause: one occurrence of something; it makes the alarm one. A review's ends with it."""
    key = f"top_up:{top_up.pk}:{cause}"
    queue_alarm(subject=subject, body=f"{body}\n\nTop-up {top_up.reference}", key=key, now=now)


def clear_review(top_up: TopUp, *, by: str, now: datetime) -> None:
    """A review has ended, and with it every alarm about it."""
    clear_alarm(key=f"top_up:{top_up.pk}:review", now=now, by=by)


def _mail(  # one template, the same figures in each
    top_up: TopUp, what: str, subject: str, text: str, *, now: datetime, reason: str = "", moved: Decimal | None = None
) -> None:
    amount = top_up.credited if moved is None else moved
    body = text.format(
        reference=top_up.reference,
        date=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        amount=_plain(amount),
        fee=_plain(top_up.fee),
        total=_plain(top_up.total),
        bonus=_plain(top_up.bonus),
        currency=top_up.currency,
        reason=reason,
        page=page_of(top_up),
    )
    to = User.objects.values_list("email", flat=True).get(pk=top_up.user_id)
    queue_mail(to=to, subject=subject, body=body, key=f"top_up:{top_up.pk}:{what}", now=now, user_id=top_up.user_id)


def _plain(amount: Decimal) -> str:
    """At least two decimals, and no zeros after those."""
    whole, _, parts = f"{amount:f}".partition(".")
    return f"{whole}.{parts.rstrip('0').ljust(2, '0')}"
