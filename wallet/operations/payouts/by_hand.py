"""Payouts by hand: a customer asks for cash, and staff say what became of it. Each function is one transaction."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from plumbing.secrets import Secret
from wallet.models import Payout
from wallet.operations.audit import need, said
from wallet.operations.payouts.holding import (
    PERMISSION,
    begin,
    check_few_wait,
    check_free,
    check_not_own,
    end,
    give_back,
    hold,
    locked,
    move_out,
    record_act,
)
from wallet.operations.refusals import KeyUsedOtherwise


def payouts_of(user_id: int) -> "QuerySet[Payout]":
    """A customer's payouts, the newest first."""
    return Payout.objects.filter(user_id=user_id).order_by("-id")


def destination_of(payout: Payout) -> str:
    """Where the customer wants it, readable. For its owner and for staff who may pay out.

    Raises plumbing.secrets.SecretUnreadable when none of FIELD_KEYS opens it.
    """
    return Secret(payout.destination).reveal()


def ask_payout(*, user_id: int, amount: Decimal, destination: str, request_key: UUID, now: datetime) -> Payout:
    """A customer asks for cash back; staff pay it out or refuse it.

    amount: positive, account currency, whole cents. destination: an IBAN or the like in the customer's words. The same
    request_key again returns the first payout, whatever has become of it. Raises AmountNotPossible, InsufficientFunds,
    WalletFrozen, WalletOwes, TooManyWaiting, KeyUsedOtherwise, ValueError without a destination; then nothing has
    changed.
    """
    wanted = Secret.of(said(destination)).sealed()
    actor = f"customer:{user_id}"
    with transaction.atomic(durable=True):
        payout, is_new = begin(user_id=user_id, amount=amount, key=request_key, actor=actor, now=now, to=wanted)
        if is_new:
            hold(payout, actor=actor, now=now)
            check_few_wait(user_id)
            record_act(payout, "asked", actor=actor, now=now)
    return payout


def withdraw_payout(*, user_id: int, payout_id: int, now: datetime) -> Payout:
    """The customer changes their mind before staff decide; the money is back at once.

    Raises Payout.DoesNotExist (also for another's), PayoutEnded.
    """
    actor = f"customer:{user_id}"
    with transaction.atomic(durable=True):
        payout = locked(payout_id, Payout.State.ASKED, user_id=user_id)
        give_back(payout, state=Payout.State.WITHDRAWN, actor=actor, now=now)
        record_act(payout, "withdrawn", actor=actor, now=now)
    return payout


def pay_out(*, staff: User, payout_id: int, reference: str, now: datetime) -> Payout:
    """Say that a payout has been made. reference: of the bank transfer; the customer reads it.

    Needs `wallet.can_pay_out`. Raises PermissionDenied, PayoutEnded, OwnPayout, WalletFrozen, WalletOwes,
    ValueError without a reference.
    """
    actor, text = need(staff, PERMISSION), said(reference)
    with transaction.atomic(durable=True):
        payout = locked(payout_id, Payout.State.ASKED)
        check_not_own(staff, payout.user_id)
        check_free(payout.user_id)
        end(payout, state=Payout.State.PAID, actor=actor, now=now, reference=text)
        record_act(payout, "paid", actor=actor, now=now, reference=text)
    return payout


def refuse_payout(*, staff: User, payout_id: int, reason: str, now: datetime) -> Payout:
    """Refuse a payout; the money is back in the wallet at once. reason: the customer reads it.

    Needs `wallet.can_pay_out`. Raises PermissionDenied, PayoutEnded, OwnPayout, ValueError without a reason.
    """
    actor, text = need(staff, PERMISSION), said(reason)
    with transaction.atomic(durable=True):
        payout = locked(payout_id, Payout.State.ASKED)
        check_not_own(staff, payout.user_id)
        give_back(payout, state=Payout.State.REFUSED, actor=actor, now=now, reason=text)
        record_act(payout, "refused", actor=actor, now=now, reason=text)
    return payout


def record_payout(
    *, staff: User, user_id: int, amount: Decimal, reference: str, reason: str, key: UUID, now: datetime
) -> Payout:
    """Record a payout that staff have made already; also from a frozen wallet, as it is a fact.

    reference: of the bank transfer. The same key again returns the first. Needs `wallet.can_pay_out`. Raises
    PermissionDenied, OwnPayout, AmountNotPossible, InsufficientFunds, KeyUsedOtherwise, ValueError without a reference
    or reason.
    """
    actor, why, text = need(staff, PERMISSION), said(reason), said(reference)
    check_not_own(staff, user_id)
    with transaction.atomic(durable=True):
        payout, is_new = begin(user_id=user_id, amount=amount, key=key, actor=actor, now=now, reason=why)
        if is_new:
            move_out(payout, actor=actor, now=now)
            end(payout, state=Payout.State.PAID, actor=actor, now=now, reference=text)
            record_act(payout, "recorded", actor=actor, now=now, reason=why, reference=text)
        elif payout.reference != text:
            raise KeyUsedOtherwise(f"{key} belongs to {payout}")
    return payout
