"""What customers and staff are told about payouts: mails and alarms, in the caller's transaction."""

from datetime import UTC, datetime

from django.conf import settings

from accounts import operations as accounts
from accounts.models import User
from wallet.models import Payout

PAID = """\
We have paid {amount} out of your wallet.

Payout:     {number}
Date:       {date}
Reference:  {reference}

It is with your bank now, which may take a few days to show it.
Your payouts: {page}
"""
SENT_BACK = """\
We have sent {amount} back the way you paid it.

Payout:     {number}
Payment:    {payment}
Date:       {date}
Reference:  {reference}

Your payouts: {page}
"""
REFUSED = """\
We could not pay out {amount} from your wallet. The amount is back in it.

Payout:     {number}
Date:       {date}
Reason:     {reason}

Your payouts: {page}
"""
FAILED = """\
We could not send {amount} back the way you paid it. The amount is back in your wallet.

Payout:     {number}
Payment:    {payment}
Date:       {date}

Your payouts: {page}
"""


STUCK = """\
A payout of {amount} has been on its way through {gateway} since {date}, after {tries} tries.

It leaves the customer's wallet without reaching them until the gateway takes it. Look at the gateway's keys, and at
its own page for what became of it; then end it on the payout's page.

Payout:     {number}
Payment:    {payment}
Last error: {error}
"""


def alarm_stuck(payout: Payout, *, now: datetime) -> None:
    """Have staff look at a payout that a gateway does not take."""
    body = STUCK.format(
        amount=f"{payout.amount:.2f} {settings.CURRENCY}",
        gateway=payout.top_up.gateway if payout.top_up else "",
        date=payout.asked_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        tries=payout.tries,
        number=payout.pk,
        payment=payout.top_up.reference if payout.top_up else "",
        error=payout.last_error or "none",
    )
    subject = f"Payout {payout.pk} is stuck"
    accounts.queue_alarm(subject=subject, body=body, key=f"payout:{payout.pk}:stuck", now=now, lasts=True)


def clear_stuck(payout: Payout, *, now: datetime) -> None:
    """A payout has ended, however stuck it was."""
    accounts.clear_alarm(key=f"payout:{payout.pk}:stuck", now=now, by=payout.decided_by)


def tell_end(payout: Payout, *, now: datetime) -> None:
    """Say how a payout ended: paid by hand or sent back, refused by staff or by the gateway."""
    amount = f"{payout.amount:.2f} {settings.CURRENCY}"
    subject, text = {
        (Payout.State.PAID, False): (f"Your payout of {amount}", PAID),
        (Payout.State.PAID, True): (f"We sent {amount} back", SENT_BACK),
        (Payout.State.REFUSED, False): (f"Your payout of {amount} was refused", REFUSED),
        (Payout.State.FAILED, True): (f"{amount} is back in your wallet", FAILED),
    }[Payout.State(payout.state), payout.top_up_id is not None]
    body = text.format(
        amount=amount,
        number=payout.pk,
        payment=payout.top_up.reference if payout.top_up else "",
        date=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        reference=payout.reference,
        reason=payout.reason,
        page=f"{settings.SITE_URL.rstrip('/')}/wallet/payouts",
    )
    to = User.objects.values_list("email", flat=True).get(pk=payout.user_id)
    key = f"payout:{payout.pk}:{payout.state}"
    accounts.queue_mail(to=to, subject=subject, body=body, key=key, now=now, user_id=payout.user_id)
