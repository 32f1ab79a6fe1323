"""Money that goes back to a payer through the gateway it came by. Each function is one transaction.

None of them speaks to a gateway: `wallet.collecting` does, and says here what came of it.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum

from accounts.models import User
from policies.rules.payments import bonus_share
from wallet.models import Event, Payout, TopUp
from wallet.operations.audit import need, said
from wallet.operations.payments.standing import facts_of
from wallet.operations.payouts import telling
from wallet.operations.payouts.holding import (
    PERMISSION,
    PayoutEnded,
    begin,
    check_not_own,
    end,
    give_back,
    hold,
    record_act,
    take_bonus,
)

BY_HAND = "manual"  # the gateway that nothing can be sent back through
STUCK_TRIES = 10  # without an answer, or
STUCK_FOR = timedelta(hours=24)  # on its way: then a person is told
NOT_RETURNED = (Payout.State.ASKED, Payout.State.SENDING, Payout.State.PAID)


class CannotSendBack(Exception):
    """Nothing of this top-up can go back through its gateway: it was never credited, or no gateway brought it."""


class ExceedsTopUp(Exception):
    """More would go back than came in by this top-up and is still with us (`left`, account currency)."""

    def __init__(self, left: Decimal) -> None:
        super().__init__(f"only {left} of this top-up can still go back")
        self.left = left


def left_to_send_back(top_up: TopUp) -> Decimal:
    """What of a top-up can still go back through its gateway: credited, less what is gone from it in either way."""
    sent = top_up.payouts.filter(state__in=NOT_RETURNED).aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return max(top_up.credited - top_up.taken_back + top_up.given_back - sent, Decimal(0))


def send_back(*, staff: User, top_up_id: int, amount: Decimal, reason: str, key: UUID, now: datetime) -> Payout:
    """Send money back to the payer through the gateway it came by. It leaves the wallet now; a tick sends it.

    The bonus that came with it leaves in the same proportion, as far as it is unspent.
    amount: positive, whole cents, at most `left_to_send_back`. The same key again returns the first. Needs
    `wallet.can_pay_out`. Raises PermissionDenied, OwnPayout, CannotSendBack, ExceedsTopUp, InsufficientFunds,
    WalletFrozen, WalletOwes, AmountNotPossible, KeyUsedOtherwise, ValueError without a reason.
    """
    actor, why = need(staff, PERMISSION), said(reason)
    with transaction.atomic(durable=True):
        top_up = TopUp.objects.select_for_update(no_key=True).get(pk=top_up_id)
        check_not_own(staff, top_up.user_id)
        if not top_up.credited or top_up.gateway == BY_HAND:
            raise CannotSendBack(top_up.reference)
        left, before = left_to_send_back(top_up), facts_of(top_up)
        payout, is_new = begin(
            user_id=top_up.user_id, amount=amount, key=key, actor=actor, now=now, reason=why, top_up=top_up
        )
        if is_new:
            if amount > left:
                raise ExceedsTopUp(left)
            hold(payout, actor=actor, now=now)
            bonus = take_bonus(payout, share=bonus_share(payment=before, amount=amount), actor=actor, now=now)
            record_act(payout, "sending", actor=actor, now=now, reason=why, top_up=top_up.pk, bonus=bonus)
    return payout


def finish_payout(*, payout_id: int, reference: str, now: datetime) -> bool:
    """The gateway took a payout that is being sent; False when it has ended already. reference: the gateway's own."""
    with transaction.atomic(durable=True):
        if (payout := _being_sent(payout_id)) is None:
            return False
        _finish(payout, reference=reference[:200], actor="system", now=now)
    return True


def fail_payout(*, payout_id: int, error: str, now: datetime) -> bool:
    """The gateway refused to send a payout; the money is back in the wallet. False when it has ended already."""
    with transaction.atomic(durable=True):
        if (payout := _being_sent(payout_id)) is None:
            return False
        _fail(payout, kind="failed", error=error[:200], actor="system", now=now)
    return True


def say_sent(*, staff: User, payout_id: int, reference: str, now: datetime) -> Payout:
    """Staff found that a payout being sent has gone. reference: where they found it; the customer reads it.

    Needs `wallet.can_pay_out`. Raises PermissionDenied, OwnPayout, PayoutEnded, ValueError without a reference.
    """
    actor, text = need(staff, PERMISSION), said(reference)
    with transaction.atomic(durable=True):
        payout = _to_decide(payout_id, staff=staff)
        _finish(payout, reference=text, actor=actor, now=now)
    return payout


def say_not_sent(*, staff: User, payout_id: int, reason: str, now: datetime) -> Payout:
    """Staff found that a payout being sent has not gone and shall not; the money is back in the wallet.

    Nobody may be asking the gateway meanwhile: `wallet.collecting.say_not_sent` sees to it. Needs `wallet.can_pay_out`.
    Raises PermissionDenied, OwnPayout, PayoutEnded, ValueError without a reason.
    """
    actor, why = need(staff, PERMISSION), said(reason)
    with transaction.atomic(durable=True):
        payout = _to_decide(payout_id, staff=staff)
        _fail(payout, kind="not_sent", error=why, actor=actor, now=now)
    return payout


def alarm_stuck(*, now: datetime) -> None:
    """Have a person look, once for each payout that a gateway does not take: its keys are gone, or it never answers."""
    told = Event.objects.filter(subject_type="payout", kind="stuck")
    stuck = Q(tries__gte=STUCK_TRIES) | Q(asked_at__lte=now - STUCK_FOR)
    untold = ~Exists(told.filter(subject_id=OuterRef("pk")))
    sending = Payout.objects.filter(stuck, untold, state=Payout.State.SENDING, due_at__isnull=False)
    for payout_id in sending.order_by("id").values_list("pk", flat=True):
        with transaction.atomic(durable=True):
            payout = _being_sent(payout_id)
            if (
                payout is not None and not told.filter(subject_id=payout_id).exists()
            ):  # another pass may have been faster
                record_act(payout, "stuck", actor="system", now=now, reason=payout.last_error, tries=payout.tries)
                telling.alarm_stuck(payout, now=now)


def retry_payout(*, payout_id: int, error: str, due_at: datetime) -> None:
    """Nobody knows whether the gateway took it: it is asked again at `due_at`, under the same key."""
    with transaction.atomic(durable=True):
        if (payout := _being_sent(payout_id)) is not None:
            payout.tries, payout.last_error, payout.due_at = payout.tries + 1, error[:200], due_at
            payout.save(update_fields=["tries", "last_error", "due_at"])


def _finish(payout: Payout, *, reference: str, actor: str, now: datetime) -> None:
    end(payout, state=Payout.State.PAID, actor=actor, now=now, reference=reference)
    record_act(payout, "paid", actor=actor, now=now, reference=reference)


def _fail(payout: Payout, *, kind: str, error: str, actor: str, now: datetime) -> None:
    payout.last_error = error
    give_back(payout, state=Payout.State.FAILED, actor=actor, now=now)
    record_act(payout, kind, actor=actor, now=now, reason=error)


def _to_decide(payout_id: int, *, staff: User) -> Payout:
    if (payout := _being_sent(payout_id)) is None:
        raise PayoutEnded(Payout.objects.get(pk=payout_id).get_state_display())
    check_not_own(staff, payout.user_id)
    return payout


def _being_sent(payout_id: int) -> Payout | None:
    """The payout under its locks while it is being sent. Its top-up first: settling reads both."""
    TopUp.objects.select_for_update(no_key=True, of=("self",)).filter(payouts=payout_id).first()
    payout = Payout.objects.select_for_update(no_key=True).get(pk=payout_id)
    return payout if payout.state == Payout.State.SENDING else None
