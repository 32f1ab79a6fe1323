"""A top-up under its lock: the facts a rule looks at, and the record of what is done about it."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum

from policies.rules import payments as rules
from wallet.models import BONUS, Entry, Event, Payout, TopUp, Transfer
from wallet.operations import audit

BY_HAND = "manual"  # the gateway whose payments a person finds on a bank statement
SYSTEM = "system"
SUBJECT = "top_up"  # of transfers and events
WAITING = (TopUp.State.CREATED, TopUp.State.PENDING)
UNDECIDED = (*WAITING, TopUp.State.EXPIRED, TopUp.State.REVIEW)  # with nothing credited: money may still come
SENT_BACK = (Payout.State.SENDING, Payout.State.PAID)


def locked(top_up_id: int, **of: int) -> TopUp:
    """The top-up, locked before its payouts and the wallet. Raises TopUp.DoesNotExist."""
    return TopUp.objects.select_for_update(no_key=True).get(pk=top_up_id, **of)


def facts_of(top_up: TopUp) -> rules.PaymentFacts:
    """What the rule may look at, read under the top-up's lock."""
    return rules.PaymentFacts(
        reference=top_up.reference,
        currency=top_up.currency,
        total=top_up.total,
        amount=top_up.amount,
        bonus=top_up.bonus,
        stage=rules.PaymentStage(top_up.state),
        finding=top_up.finding,
        received=top_up.received or Decimal(0),
        credited=top_up.credited,
        taken_back=top_up.taken_back,
        given_back=top_up.given_back,
        gone=top_up.gone,
        lacking=top_up.lacking,
        **_on_its_way_back(top_up),
    )


def sent_back(top_up: TopUp) -> Decimal:
    """What went, or is going, back through the gateway out of the wallet's own money."""
    return _on_its_way_back(top_up)["sent_back"]


def to_give_back(top_up: TopUp) -> rules.GiveBack:
    """What the wallet gets again when the review of money that came back ends now."""
    return rules.judge_return(payment=facts_of(top_up), bonus_gone=_bonus_gone(top_up))


def _bonus_gone(top_up: TopUp) -> Decimal:
    """What of its bonus the wallet gave up and did not get again: what was spent by then was not given up."""
    kinds, payouts = (Transfer.Kind.TAKEN_BACK, Transfer.Kind.GIVEN_BACK), top_up.payouts.values("pk")
    own = Q(subject_type=SUBJECT, subject_id=top_up.pk, kind__in=kinds)
    sent = Q(subject_type="payout", subject_id__in=payouts, kind=Transfer.Kind.BONUS)
    legs = Entry.objects.filter(account__kind=BONUS, transfer__in=Transfer.objects.filter(own | sent))
    return -(legs.aggregate(total=Sum("amount"))["total"] or Decimal(0))


def _on_its_way_back(top_up: TopUp) -> dict[str, Decimal]:
    """By name of the rule's facts: all that was sent back, and what of it no gateway has taken yet."""
    sums = top_up.payouts.filter(state__in=SENT_BACK).aggregate(
        sent_back=Sum("amount"), sending=Sum("amount", filter=Q(state=Payout.State.SENDING))
    )
    return {name: total or Decimal(0) for name, total in sums.items()}


def record(top_up: TopUp, kind: str, *, actor: str, now: datetime, reason: str = "", **facts: object) -> Event:
    """Add a row to the record of the top-up."""
    return audit.record(
        subject_type=SUBJECT,
        subject_id=top_up.pk,
        user_id=top_up.user_id,
        kind=kind,
        actor=actor,
        now=now,
        reason=reason,
        **facts,
    )


def go_on_checking(top_up: TopUp, *, now: datetime) -> None:
    """Set when its gateway is asked again by ourselves: never, once there is nothing more to expect or to ask."""
    waits = top_up.state in UNDECIDED and not top_up.credited and top_up.gateway != BY_HAND
    top_up.check_at = (
        rules.next_check(created_at=top_up.created_at, expires_at=top_up.expires_at, now=now) if waits else None
    )
