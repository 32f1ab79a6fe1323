"""A customer who pays through a stand-in of Stripe on loopback, by the real adapter, view and tick."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from tests.wallet.gateways.stand_ins.stripe import KEY, SECRET, Stripe
from wallet import collecting
from wallet.gateways.base import PaymentState, Truth
from wallet.models import BonusRule, Entry, PaymentMethod, TopUp
from wallet.operations import payments

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def offer(gateway="stripe", **terms):
    """A way to pay: 2.9 % and 30 cents on top, unless the terms say otherwise."""
    usual = {"title": gateway.title(), "fee_basis_points": 290, "fee_fixed": Decimal("0.30")}
    method, _ = PaymentMethod.objects.update_or_create(gateway=gateway, defaults=usual | terms)
    return method


def give_bonus_from(amount, basis_points):
    return BonusRule.objects.create(from_amount=Decimal(amount), basis_points=basis_points)


def connect(settings, stage, *, port=None):
    """Set this installation's keys for the stand-in."""
    settings.STRIPE_API_URL = f"http://127.0.0.1:{port or stage.port}"
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, SECRET
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port or stage.port}"]


def asked_of(user, amount="50", *, gateway="stripe", key=None, now=NOW):
    """A top-up that no gateway has been told of."""
    return payments.start_top_up(
        user_id=user.pk, gateway=gateway, amount=Decimal(amount), request_key=key or uuid.uuid4(), now=now
    )


def begun(user, amount="50", *, gateway="stripe", key=None, now=NOW):
    """A top-up whose gateway waits for the payer."""
    return collecting.start_payment(
        user_id=user.pk, gateway=gateway, amount=Decimal(amount), request_key=key or uuid.uuid4(), now=now
    )


def post(client, stage, body, *, at=None, secret=None, gateway="stripe"):
    """Deliver a webhook, signed as the gateway signs."""
    headers = stage.sign(body, at=at or timezone.now(), secret=secret)
    return client.post(f"/webhooks/{gateway}", body, content_type="application/json", headers=headers)


def tick(*, now=NOW, times=5):
    """Pass after pass until nothing is due at that moment."""
    for _ in range(times):
        due = collecting.gateways_due(now=now)
        for gateway in due:
            collecting.look_after(gateway=gateway, now=now)
        if not due:
            return


def truth_of(top_up, received=None, *, state=PaymentState.PAID, **words):
    """A gateway's word: paid as asked, unless the words say otherwise."""
    paid = top_up.total if received is None else Decimal(received)
    usual = {"payment_id": "p", "reference": top_up.reference, "currency": top_up.currency, "received": paid}
    return Truth(state=state, **usual | {name: _number(value) for name, value in words.items()})


def settle(top_up, truth, *, now=NOW, **claim):
    """What came of the gateway's word, and the top-up after it."""
    outcome = payments.settle(top_up_id=top_up.pk, truth=truth, now=now, **claim)
    return outcome, TopUp.objects.get(pk=top_up.pk)


def moved(user, *kinds):
    """What each kind of transfer brought the user's accounts, by account."""
    entries = Entry.objects.filter(account__user=user, transfer__kind__in=kinds).order_by("id")
    return [(entry.transfer.kind, entry.account.kind, entry.amount) for entry in entries.select_related()]


def minutes(number):
    return timedelta(minutes=number)


def _number(value):
    try:
        return Decimal(value)
    except (ArithmeticError, ValueError, TypeError):
        return value


__all__ = [
    "NOW",
    "Stripe",
    "asked_of",
    "begun",
    "connect",
    "give_bonus_from",
    "minutes",
    "moved",
    "offer",
    "post",
    "settle",
    "tick",
    "truth_of",
]
