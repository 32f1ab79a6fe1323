"""What a gateway's word does to a top-up: judged by the rule, and carried out in one transaction."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from django.db import transaction

from policies.rules import payments as rules
from wallet.gateways.base import Truth
from wallet.models import BONUS, CASH, Event, TopUp, Transfer
from wallet.operations import moving, safeguards
from wallet.operations.accounts import BONUSES, TOP_UPS
from wallet.operations.payments import telling
from wallet.operations.payments.noticing import mark_handled
from wallet.operations.payments.standing import (
    SUBJECT,
    SYSTEM,
    WAITING,
    facts_of,
    go_on_checking,
    locked,
    record,
    sent_back,
    to_give_back,
)

OVERTAKEN = "overtaken"
UNCHANGED = "unchanged"


def settle(*, top_up_id: int, truth: Truth, now: datetime, claim: int | None = None, events: Iterable[int] = ()) -> str:
    """Judge what the gateway says of a payment, carry it out, and say what came of it in a word or two.

    claim: the top-up's `checks` when the gateway was asked. When somebody asked later, their answer is newer and this
    one is dropped (OVERTAKEN). events: ids of notices that this answers. The same truth again changes nothing.
    """
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if claim is not None and top_up.checks != claim:
            return OVERTAKEN
        outcome = carry_out(top_up, told=told_by(truth), actor=SYSTEM, now=now)
        mark_handled(events, outcome=outcome, top_up=top_up, now=now)
    return outcome


def carry_out(top_up: TopUp, *, told: rules.Told, actor: str, now: datetime) -> str:
    """Do what the rule says until there is nothing left, in the caller's transaction, under the top-up's lock."""
    done = []
    verdict = rules.judge_payment(payment=facts_of(top_up), told=told)
    while not isinstance(verdict, rules.Nothing):  # that it ends is a property of the rule, and tested as one
        done.append(_apply(verdict, top_up, told=told, actor=actor, now=now))
        verdict = rules.judge_payment(payment=facts_of(top_up), told=told)
    if told.standing is rules.Standing.PAID:
        _note_received(top_up, told)
    go_on_checking(top_up, now=now)
    top_up.save(
        update_fields=[
            "state", "finding", "received", "received_currency", "gone", "lacking",
            "credited", "taken_back", "paid_at", "check_at",
        ]
    )  # fmt: skip
    return ", ".join(done) or UNCHANGED


def expire(*, top_up_id: int, now: datetime) -> bool:
    """Close a top-up whose time is over and that no gateway can be asked about; False when nothing is to close."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if top_up.state not in WAITING or top_up.expires_at is None or top_up.expires_at > now:
            return False
        top_up.state, top_up.check_at = TopUp.State.EXPIRED, None
        top_up.save(update_fields=["state", "check_at"])
        record(top_up, "expired", actor=SYSTEM, now=now)
    return True


def told_by(truth: Truth) -> rules.Told:
    """A gateway's words as the rule takes them, in the ledger's scale: what is finer was not received."""
    received, refunded, disputed = (
        amount.quantize(moving.UNIT, rounding=ROUND_FLOOR)
        for amount in (truth.received, truth.refunded, truth.disputed)
    )
    return rules.Told(
        reference=truth.reference,
        standing=rules.Standing(truth.state.value),
        received=received,
        currency=truth.currency,
        refunded=refunded,
        disputed=disputed,
    )


def bring_in(top_up: TopUp, *, amount: Decimal, bonus: Decimal, actor: str, now: datetime, reason: str = "") -> None:
    """Add the money and its bonus to the wallet, once for ever: the key has nothing but the top-up's id in it."""
    moving.top_up(
        user_id=top_up.user_id,
        amount=amount,
        key=f"topup:{top_up.pk}",
        subject_type=SUBJECT,
        subject_id=top_up.pk,
        actor=actor,
        reason=reason,
        now=now,
    )
    if bonus:
        moving.grant_bonus(
            user_id=top_up.user_id,
            amount=bonus,
            key=f"topup:{top_up.pk}:bonus",
            subject_type=SUBJECT,
            subject_id=top_up.pk,
            actor=actor,
            now=now,
        )
    top_up.credited, top_up.bonus, top_up.paid_at, top_up.state = amount, bonus, now, TopUp.State.PAID


def give_back(top_up: TopUp, *, actor: str, reason: str, now: datetime) -> rules.GiveBack:
    """Let the wallet have again what it gave up and what its gateway says is with us after all.

    A transfer of the top-up, so that money that goes once more is taken back once more.
    """
    back = to_give_back(top_up)
    before = Transfer.objects.filter(subject_type=SUBJECT, subject_id=top_up.pk, kind=Transfer.Kind.GIVEN_BACK).count()
    legs = [(CASH, TOP_UPS, back.amount, ""), (BONUS, BONUSES, back.bonus, ":bonus")]
    for account_kind, counter, amount, ending in legs:
        if amount:
            moving.move(
                user_id=top_up.user_id,
                kind=Transfer.Kind.GIVEN_BACK,
                account_kind=account_kind,
                amount=amount,
                counter=counter,
                key=f"topup:{top_up.pk}:given_back:{before}{ending}",
                subject_type=SUBJECT,
                subject_id=top_up.pk,
                actor=actor,
                reason=reason,
                now=now,
            )
    top_up.given_back += back.amount
    return back


def _apply(verdict: rules.Verdict, top_up: TopUp, *, told: rules.Told, actor: str, now: datetime) -> str:
    if isinstance(verdict, rules.Review | rules.Resolved):
        top_up.lacking = rules.lacking(payment=facts_of(top_up), told=told)
    match verdict:
        case rules.Credit(amount, bonus):
            return _credit_as_asked(top_up, amount, bonus, told=told, actor=actor, now=now)
        case rules.TakeBack():
            return _take_back(top_up, verdict, actor=actor, now=now)
        case rules.Reversed(chargeback):
            return _reverse(top_up, told, chargeback=chargeback, actor=actor, now=now)
        case rules.Review(finding):
            return _put_under_review(top_up, finding, told=told, actor=actor, now=now)
        case rules.Expire():
            top_up.state = TopUp.State.EXPIRED
            record(top_up, "expired", actor=actor, now=now)
            return "expired"
    top_up.state, top_up.finding = state_of_credited(top_up), ""
    record(top_up, "resolved", actor=actor, now=now)
    return "resolved"


def _note_received(top_up: TopUp, told: rules.Told) -> None:
    """What arrived for money that was credited stays on the row: less of it is what is lacking, and under review."""
    same = top_up.credited and top_up.received_currency == told.currency
    before = (top_up.received or Decimal(0)) if same else Decimal(0)
    top_up.received, top_up.received_currency = max(before, told.received), told.currency
    top_up.gone = told.gone


def _credit_as_asked(
    top_up: TopUp, amount: Decimal, bonus: Decimal, *, told: rules.Told, actor: str, now: datetime
) -> str:
    bring_in(top_up, amount=amount, bonus=bonus, actor=actor, now=now)
    top_up.received, top_up.finding = told.received, ""
    record(top_up, "credited", actor=actor, now=now, amount=amount, bonus=bonus)
    telling.tell_receipt(top_up, now=now)
    return "credited"


def _take_back(top_up: TopUp, verdict: rules.TakeBack, *, actor: str, now: datetime) -> str:
    before = Transfer.objects.filter(subject_type=SUBJECT, subject_id=top_up.pk, kind=Transfer.Kind.TAKEN_BACK).count()
    moving.take_back(
        user_id=top_up.user_id,
        amount=verdict.amount,
        bonus=verdict.bonus,
        key=f"topup:{top_up.pk}:taken_back:{before}",
        subject_type=SUBJECT,
        subject_id=top_up.pk,
        actor=actor,
        reason="",
        now=now,
    )
    top_up.taken_back += verdict.amount
    if top_up.state == TopUp.State.PAID:
        top_up.state = state_of_credited(top_up)
    act = record(top_up, "taken_back", actor=actor, now=now, amount=verdict.amount, chargeback=verdict.chargeback)
    telling.tell_taken_back(top_up, amount=verdict.amount, key=f"taken_back:{before}", now=now)
    if verdict.chargeback:
        _freeze(top_up, act, actor=actor, now=now)
    return "taken_back"


def _reverse(top_up: TopUp, told: rules.Told, *, chargeback: bool, actor: str, now: datetime) -> str:
    top_up.state, top_up.finding, top_up.paid_at = TopUp.State.REVERSED, "", now
    act = record(
        top_up, "reversed", actor=actor, now=now, received=told.received, gone=told.gone, chargeback=chargeback
    )
    if chargeback:
        _freeze(top_up, act, actor=actor, now=now)
    return "reversed"


def _put_under_review(top_up: TopUp, finding: str, *, told: rules.Told, actor: str, now: datetime) -> str:
    top_up.state, top_up.finding = TopUp.State.REVIEW, finding
    act = record(
        top_up,
        "review",
        actor=actor,
        now=now,
        finding=finding,
        received=told.received,
        currency=told.currency,
        gone=told.gone,
    )
    body = f"{finding}: asked for {top_up.total} {top_up.currency}, received {told.received} {told.currency}."
    subject = f"A payment needs a look: {top_up.reference}"
    telling.alarm_staff(top_up, subject=subject, body=body, cause=f"review:{act.pk}", now=now)
    return f"review {finding}"


def _freeze(top_up: TopUp, act: Event, *, actor: str, now: datetime) -> None:
    reason = f"Chargeback of payment {top_up.reference}"
    safeguards.freeze(user_id=top_up.user_id, reason=reason, actor=actor, now=now)
    body = "The payer had the payment charged back. The wallet is frozen until staff unfreeze it."
    telling.alarm_staff(top_up, subject=reason, body=body, cause=f"chargeback:{act.pk}", now=now)


def state_of_credited(top_up: TopUp) -> str:
    """Paid, until nothing of what was credited is left: all was sent back or taken back."""
    standing = top_up.taken_back - top_up.given_back
    left = top_up.credited - standing - sent_back(top_up)
    return TopUp.State.PAID if left > 0 or standing <= 0 else TopUp.State.REVERSED
