"""Notices of gateways: stored once, found to be about a top-up or about none, and closed when they are answered."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from plumbing import sql
from wallet.gateways.base import Notice, Truth
from wallet.models import Event, GatewayEvent, TopUp
from wallet.operations.payments import telling
from wallet.operations.payments.standing import SUBJECT, SYSTEM, go_on_checking, locked, record

BODY_KEPT = 20_000  # characters of a webhook, as evidence
NO_PAYMENT = "no_payment"
REFUSED = "refused"

# One statement: of ten deliveries at once, nine wait for the first and find it.
STORE = """
    INSERT INTO wallet_gatewayevent
        (gateway, event_id, payment_id, reference, kind, body,
         received_at, due_at, handled_at, outcome, top_up_id, tries)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
    ON CONFLICT (gateway, event_id) DO NOTHING
"""


def receive_notice(*, gateway: str, notice: Notice, body: bytes, now: datetime) -> bool:
    """Store a notice whose signature was right, due at once; False when it has been stored before (R9).

    One that concerns no payment is stored as handled. body: as it came; its first 20,000 characters are kept.
    """
    concerns = bool(notice.payment_id)
    # Never by the reference alone: a second payment asked for under it would be taken for the first.
    known = TopUp.objects.filter(gateway=gateway, payment_id=notice.payment_id) if concerns else TopUp.objects.none()
    values = (
        gateway,
        notice.event_id,
        notice.payment_id,
        notice.reference,
        notice.kind,
        body.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")[:BODY_KEPT],
        now,
        now if concerns else None,
        None if concerns else now,
        "" if concerns else NO_PAYMENT,
        known.values_list("id", flat=True).first(),
    )
    with transaction.atomic(durable=True):
        return sql.execute(STORE, values) == 1


def mark_handled(events: Iterable[int], *, outcome: str, now: datetime, top_up: TopUp | None = None) -> None:
    """Close notices that have been answered."""
    columns: dict[str, Any] = {"due_at": None, "handled_at": now, "outcome": outcome[:40]}
    if top_up:
        columns |= {"top_up": top_up, "reference": top_up.reference}
    if ids := list(events):
        GatewayEvent.objects.filter(pk__in=ids, handled_at__isnull=True).update(**columns)


def top_up_of_truth(*, gateway: str, truth: Truth) -> TopUp | None:
    """The top-up that a payment is for: by the payment's own id, else by our reference on it."""
    found = TopUp.objects.filter(gateway=gateway)
    own = found.filter(payment_id=truth.payment_id).first()
    return own or (found.filter(~Q(reference=""), reference=truth.reference).first())


def note_refusal(*, top_up_id: int, claim: int, events: Iterable[int], error: str, now: datetime) -> bool:
    """The gateway knows no such payment; False when somebody asked later. It is asked again by the timetable."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if top_up.checks != claim:
            return False
        go_on_checking(top_up, now=now)
        top_up.save(update_fields=["check_at"])
        record(top_up, "unknown_to_gateway", actor=SYSTEM, now=now, reason=error[:200])
        mark_handled(events, outcome=REFUSED, top_up=top_up, now=now)
    return True


def note_odd_answer(*, top_up_id: int, error: str, now: datetime) -> None:
    """The gateway says of this payment what nobody can use. It is asked again; staff are told the first time."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        if Event.objects.filter(subject_type=SUBJECT, subject_id=top_up.pk, kind="odd_answer").exists():
            return
        record(top_up, "odd_answer", actor=SYSTEM, now=now, reason=error[:200])
        body = f"{error}. It is asked again by itself; look at the payment on the gateway's own pages."
        subject = f"A gateway's answer is of no use: {top_up.reference}"
        telling.alarm_staff(top_up, subject=subject, body=body, cause="odd_answer", now=now)


def report_second_payment(*, top_up_id: int, truth: Truth, event_id: int, now: datetime) -> None:
    """Money came by another payment under the same reference: staff are told, and nothing is credited by itself."""
    with transaction.atomic(durable=True):
        top_up = locked(top_up_id)
        record(top_up, "second_payment", actor=SYSTEM, now=now, payment=truth.payment_id, received=truth.received)
        body = f"{truth.received} {truth.currency} came by payment {truth.payment_id}, beside {top_up.payment_id}."
        subject = f"A second payment for {top_up.reference}"
        telling.alarm_staff(top_up, subject=subject, body=body, cause=f"second:{truth.payment_id}"[:100], now=now)
        mark_handled([event_id], outcome="second_payment", top_up=top_up, now=now)
