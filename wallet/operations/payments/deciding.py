"""What staff decide about top-ups: what arrived by hand, what is credited after a review, what is rejected."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from plumbing import sql
from policies.rules import payments as rules
from wallet.models import Event, TopUp
from wallet.operations import moving
from wallet.operations.audit import need, said
from wallet.operations.corrections import money_rules
from wallet.operations.payments import telling
from wallet.operations.payments.asking import ONE_AT_A_TIME
from wallet.operations.payments.settling import bring_in, carry_out, give_back, state_of_credited
from wallet.operations.payments.standing import BY_HAND, SUBJECT, UNDECIDED, WAITING, locked, record

MAY_CONFIRM = "wallet.can_confirm_top_up"


class NotWaiting(Exception):
    """The top-up is not in a state that allows this. Its text is the state it is in."""


class OwnPayment(Exception):
    """Nobody decides on a payment of their own."""


class BankReferenceUsed(Exception):
    """Another top-up was confirmed with this line of the bank statement. Its text is that top-up's reference."""


class SecondReasonNeeded(Exception):
    """More is to be credited than was received, or other money was: that needs a reason of its own."""


class SecondPersonNeeded(Exception):
    """So much beyond what was asked for is not credited by who said that it arrived. Its text says how much is."""


class CreditNotPossible(ValueError):
    """More than was received and more than was asked for, or a second credit. Its text says which."""


def confirm_manual(
    *, staff: User, top_up_id: int, received: Decimal, reference: str, now: datetime, currency: str = ""
) -> TopUp:
    """Say what arrived for a payment by hand: credited when it is what was asked for, otherwise put under review.

    received: positive, at most 5 decimals. reference: of the bank statement's line; one line is one payment.
    currency: the top-up's own unless it says another. Needs `wallet.can_confirm_top_up`. Raises PermissionDenied,
    NotWaiting, OwnPayment, BankReferenceUsed, AmountNotPossible, ValueError without a reference.
    """
    actor, line = need(staff, MAY_CONFIRM), " ".join(said(reference).split())[:120]
    moving.check_amount(received)
    with transaction.atomic(durable=True):
        top_up = _locked_for(staff, top_up_id)
        if top_up.gateway != BY_HAND or top_up.state not in (*WAITING, TopUp.State.EXPIRED):
            raise NotWaiting(top_up.get_state_display())
        _check_unused(line, top_up=top_up)
        top_up.bank_reference = line
        top_up.save(update_fields=["bank_reference"])
        told = rules.Told(
            reference=top_up.reference,
            standing=rules.Standing.PAID,
            received=received,
            currency=currency or top_up.currency,
        )
        record(top_up, "confirmed", actor=actor, now=now, received=received, currency=told.currency, line=line)
        carry_out(top_up, told=told, actor=actor, now=now)
    return top_up


def resolve_review(
    *, staff: User, top_up_id: int, credit: Decimal, reason: str, now: datetime, second_reason: str = ""
) -> TopUp:
    """End a review: credit so much; 0 when it was credited before. Money that came back is then given back by itself.

    Up to what was received, in the account currency; beyond that, or for other money, up to what was asked for and with
    `second_reason`. Beyond the amount asked for by more than `MoneyRules.second_person_above`, not by the person who
    said what arrived. The bonus comes along when it is at least the amount asked for. reason: the customer reads it.
    Needs `wallet.can_confirm_top_up`. Raises PermissionDenied, NotWaiting, OwnPayment, SecondReasonNeeded,
    SecondPersonNeeded, CreditNotPossible, AmountNotPossible, ValueError without a reason.
    """
    actor, why = need(staff, MAY_CONFIRM), said(reason)[:200]
    with transaction.atomic(durable=True):
        top_up = _locked_for(staff, top_up_id)
        if top_up.state != TopUp.State.REVIEW:
            raise NotWaiting(top_up.get_state_display())
        given_back = None
        if top_up.credited:
            given_back = _close(top_up, credit, actor=actor, reason=why, now=now)
        else:
            _check_credit(top_up, credit, second_reason=second_reason.strip())
            _check_second_person(top_up, credit, actor=actor)
            bonus = top_up.bonus if credit >= top_up.amount else Decimal(0)
            bring_in(top_up, amount=credit, bonus=bonus, actor=actor, reason=why, now=now)
            telling.tell_credited(top_up, reason=why, now=now)
        top_up.check_at = None
        top_up.save(update_fields=["state", "credited", "bonus", "given_back", "paid_at", "check_at"])
        telling.clear_review(top_up, by=actor, now=now)
        record(
            top_up,
            "review_ended",
            actor=actor,
            now=now,
            reason=why,
            credited=credit,
            given_back=given_back,
            finding=top_up.finding,
            second_reason=second_reason.strip() or None,
        )
    return top_up


def reject(*, staff: User, top_up_id: int, reason: str, now: datetime) -> TopUp:
    """End a top-up of which nothing was credited; money that comes later is put under review.

    A line of the bank statement that it was confirmed with is free for another top-up; the record keeps it.
    reason: the customer reads it. Needs `wallet.can_confirm_top_up`. Raises PermissionDenied, NotWaiting, OwnPayment,
    ValueError without a reason.
    """
    actor, why = need(staff, MAY_CONFIRM), said(reason)[:200]
    with transaction.atomic(durable=True):
        top_up = _locked_for(staff, top_up_id)
        if top_up.state not in UNDECIDED or top_up.credited:
            raise NotWaiting(top_up.get_state_display())
        line, top_up.bank_reference = top_up.bank_reference, ""
        top_up.state, top_up.check_at = TopUp.State.REJECTED, None
        top_up.save(update_fields=["state", "check_at", "bank_reference"])
        telling.clear_review(top_up, by=actor, now=now)
        facts = {"finding": top_up.finding or None, "line": line or None}
        act = record(top_up, "rejected", actor=actor, now=now, reason=why, **facts)
        telling.tell_rejected(top_up, reason=why, act=act, now=now)
    return top_up


def _locked_for(staff: User, top_up_id: int) -> TopUp:
    top_up = locked(top_up_id)
    if top_up.user_id == staff.pk:
        raise OwnPayment(top_up.reference)
    return top_up


def _check_unused(line: str, *, top_up: TopUp) -> None:
    """One line of a bank statement pays one top-up, as its constraint says too; the lock lets the second be told so."""
    sql.rows(ONE_AT_A_TIME, [f"bank:{top_up.gateway}:{line.casefold()}"])
    others = TopUp.objects.filter(gateway=top_up.gateway, bank_reference__iexact=line).exclude(pk=top_up.pk)
    if other := others.first():
        raise BankReferenceUsed(other.reference)


def _close(top_up: TopUp, amount: Decimal, *, actor: str, reason: str, now: datetime) -> Decimal | None:
    """What was given back, None when nothing was."""
    if amount:
        raise CreditNotPossible("it was credited before; correct the wallet by an adjustment")
    back = None
    if top_up.finding == rules.RETURNED and (back := give_back(top_up, actor=actor, reason=reason, now=now).amount):
        telling.tell_given_back(top_up, amount=back, reason=reason, now=now)
    top_up.state = state_of_credited(top_up)
    return back or None


def _check_credit(top_up: TopUp, amount: Decimal, *, second_reason: str) -> None:
    moving.check_amount(amount)
    arrived = (top_up.received or Decimal(0)) if top_up.received_currency == top_up.currency else Decimal(0)
    if amount <= arrived:
        return
    if amount > top_up.amount:
        raise CreditNotPossible(f"{amount} is more than was received and more than was asked for")
    if not second_reason:
        raise SecondReasonNeeded(f"only {arrived} {top_up.currency} was received")


def _check_second_person(top_up: TopUp, amount: Decimal, *, actor: str) -> None:
    """Whoever says what arrived could say anything; what was asked for bounds it, and the owner's limit above that."""
    alone = top_up.amount + money_rules().second_person_above
    confirmed = Event.objects.filter(subject_type=SUBJECT, subject_id=top_up.pk, kind="confirmed", actor=actor)
    if amount > alone and confirmed.exists():
        raise SecondPersonNeeded(f"you said what arrived, so another person credits more than {alone:.2f} of it")
