"""Stripe Checkout through the real library, against a stand-in on loopback that speaks Stripe's wire."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from plumbing.outbound import Outbound
from tests.wallet.gateways.contract import (
    NOW,
    TOTAL,
    DisputeContract,
    GatewayContract,
    TimedSignatureContract,
    asked,
    create,
    every_call,
)
from tests.wallet.gateways.stand_ins.stripe import KEY, SECRET, Stripe
from wallet.gateways.base import Forged, GatewayRefused, GatewayUnavailable, PaymentState
from wallet.gateways.stripe_checkout import StripeCheckout
from wallet.gateways.stripe_wire import from_minor, to_minor


@pytest.fixture
def stage():
    stand_in = Stripe()
    yield stand_in
    stand_in.stop()


class TestStripeCheckout(GatewayContract, DisputeContract, TimedSignatureContract):
    """The contract of every gateway."""

    @pytest.fixture
    def stage(self, stage):
        return stage


# --- what is sent


def test_a_session_asks_for_one_item_in_cents_under_our_reference(stage):
    stage.gateway.create(asked(total=Decimal("25.50")))
    form = {name: values[0] for name, values in parse_qs(stage.heard[0].body.decode()).items()}

    assert form["mode"] == "payment"
    assert form["line_items[0][price_data][unit_amount]"] == "2550"
    assert form["line_items[0][price_data][currency]"] == "usd"
    assert form["line_items[0][quantity]"] == "1"
    assert form["client_reference_id"] == form["payment_intent_data[metadata][reference]"] == "TU-7F3K9Q"
    assert form["adaptive_pricing[enabled]"] == "false"
    assert form["success_url"] == form["cancel_url"] == "https://panel.example.test/wallet/top-ups/TU-7F3K9Q"
    assert form["customer_email"] == "ada@example.test"
    assert stage.heard[0].headers["idempotency-key"] == "TU-7F3K9Q"


def test_a_customer_without_an_address_is_asked_for_one_there(stage):
    stage.gateway.create(asked(email=""))

    assert b"customer_email" not in stage.heard[0].body


def test_nothing_about_this_machine_is_sent(stage):
    created = stage.gateway.create(asked())
    stage.gateway.fetch(created.payment_id)

    for heard in stage.heard:
        assert set(heard.headers) <= {
            "host",
            "authorization",
            "content-type",
            "content-length",
            "idempotency-key",
            "stripe-version",
            "accept",
            "accept-encoding",
            "user-agent",
            "connection",
        }
        assert heard.headers["user-agent"] == "smmpanel"


@every_call
def test_the_library_has_no_door_but_ours(stage, call):
    """X6: an address that the guard does not let through gets no connection, whatever the library would do."""
    shut = StripeCheckout(
        api_url=f"http://127.0.0.1:{stage.port}", secret_key=KEY, webhook_secret=SECRET, way=Outbound()
    )
    with pytest.raises(GatewayUnavailable, match="guard"):
        call(shut)
    assert stage.heard == []


def test_logs_hold_no_secret_and_no_address(stage, caplog):
    with caplog.at_level(logging.INFO):
        stage.gateway.create(asked())
        with pytest.raises(GatewayRefused):
            stage.gateway.fetch("cs_test_unknown")

    assert not any(word in caplog.text for word in (KEY, SECRET, "ada@example.test"))


# --- amounts in minor units (docs.stripe.com/currencies)

WITHOUT_DECIMALS = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("25.50", "USD", 2550),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("500.00", "KRW", 500),
        ("5.12", "KWD", 5120),
        ("5.00", "ISK", 500),
        ("5", "UGX", 500),
        ("999999.99", "USD", 99999999),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)


@pytest.mark.parametrize("currency", WITHOUT_DECIMALS)
def test_currencies_without_decimals_are_counted_whole(currency):
    assert to_minor(Decimal("5.00"), currency) == 5


@pytest.mark.parametrize("currency", ["BHD", "JOD", "KWD", "OMR", "TND"])
def test_currencies_with_three_decimals_are_counted_in_thousandths(currency):
    assert to_minor(Decimal("5.01"), currency) == 5010


@pytest.mark.parametrize(
    ("amount", "currency"), [("500.50", "JPY"), ("5.50", "ISK"), ("5.50", "UGX"), ("1.005", "USD"), ("1.005", "KWD")]
)
def test_an_amount_that_stripe_cannot_charge_is_refused_and_never_rounded(stage, amount, currency):
    with pytest.raises(GatewayRefused, match=currency):
        stage.gateway.create(asked(total=Decimal(amount), currency=currency))
    assert stage.heard == []


# --- the truth


def test_a_slow_payment_is_open_until_it_arrives(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.sessions[payment_id]["status"] = "complete"
    stage.intend(payment_id, "processing")
    assert stage.gateway.fetch(payment_id).state is PaymentState.OPEN

    stage.pay(payment_id, TOTAL, "USD")
    assert stage.gateway.fetch(payment_id).state is PaymentState.PAID


def test_a_slow_payment_that_failed_is_dead(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.sessions[payment_id]["status"] = "complete"
    stage.intend(payment_id, "requires_payment_method")

    assert stage.gateway.fetch(payment_id).state is PaymentState.DEAD


def test_a_declined_card_leaves_the_session_open(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.intend(payment_id, "requires_payment_method")

    assert stage.gateway.fetch(payment_id).state is PaymentState.OPEN


@pytest.mark.parametrize(
    ("status", "withdrawn"),
    [
        ("needs_response", "25.00"),
        ("under_review", "25.00"),
        ("lost", "25.00"),
        ("won", "0"),
        ("prevented", "0"),
        ("warning_needs_response", "0"),
        ("warning_under_review", "0"),
        ("warning_closed", "0"),
    ],
)
def test_only_chargebacks_that_withdrew_money_count(stage, status, withdrawn):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    stage.dispute(payment_id, TOTAL, status)

    assert stage.gateway.fetch(payment_id).disputed == Decimal(withdrawn)


def test_several_chargebacks_add_up(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    stage.dispute(payment_id, Decimal("5.00"), "lost")
    stage.dispute(payment_id, Decimal("7.00"))

    assert stage.gateway.fetch(payment_id).disputed == Decimal("12.00")


def test_a_payment_of_the_account_that_no_session_led_to_is_refused(stage):
    with pytest.raises(GatewayRefused, match="no Checkout session"):
        stage.gateway.fetch("pi_somebody_elses")


def test_a_page_that_is_no_web_address_is_not_passed_on(stage, monkeypatch):
    monkeypatch.setattr(stage, "shown", lambda session, expanded: session | {"url": "javascript:alert(1)"})
    with pytest.raises(GatewayUnavailable):
        create(stage.gateway)


# --- refunds


def test_a_key_refunds_once_even_after_stripe_forgot_it(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    first = stage.gateway.refund(payment_id=payment_id, amount=TOTAL, currency="USD", key="payout:1", reason="asked")
    stage.forgets_keys = True
    again = stage.gateway.refund(payment_id=payment_id, amount=TOTAL, currency="USD", key="payout:1", reason="asked")

    assert again == first
    assert stage.refunds_sent() == [TOTAL]


def test_two_at_once_under_one_key_refund_once(stage, monkeypatch):
    """Neither finds a refund of the other's yet; Stripe's own idempotency decides."""
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    both_looked = threading.Barrier(2, timeout=10)
    look = StripeCheckout._refund_under

    def look_together(self, key, intent_id):
        found = look(self, key, intent_id)
        both_looked.wait()
        return found

    monkeypatch.setattr(StripeCheckout, "_refund_under", look_together)
    wanted = {"payment_id": payment_id, "amount": TOTAL, "currency": "USD", "key": "payout:1", "reason": "asked"}
    with ThreadPoolExecutor(2) as pool:
        first, second = [pool.submit(stage.gateway.refund, **wanted) for _ in range(2)]

    assert first.result() == second.result()
    assert stage.refunds_sent() == [TOTAL]


def test_a_refund_that_failed_is_refused_with_stripes_reason(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    wanted = {"payment_id": payment_id, "amount": TOTAL, "currency": "USD", "key": "payout:1", "reason": "asked"}
    stage.gateway.refund(**wanted)
    stage.refunds[0] |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}

    with pytest.raises(GatewayRefused, match="lost_or_stolen_card"):
        stage.gateway.refund(**wanted)


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_a_refund_in_other_money_than_was_paid_is_refused(stage, currency):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    with pytest.raises(GatewayRefused):
        stage.gateway.refund(payment_id=payment_id, amount=Decimal(5), currency=currency, key="payout:1", reason="")
    assert stage.refunds_sent() == []


def test_a_refund_of_what_nobody_paid_is_refused(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    with pytest.raises(GatewayRefused):
        stage.gateway.refund(payment_id=payment_id, amount=TOTAL, currency="USD", key="payout:1", reason="")


# --- notices


def verified(stage, body):
    return stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)


@pytest.mark.parametrize("kind", ["completed", "async_payment_succeeded", "async_payment_failed", "expired"])
def test_events_of_our_sessions_name_session_and_reference(stage, kind):
    payment_id = stage.gateway.create(asked()).payment_id
    session = stage.shown(stage.sessions[payment_id], expanded=False)
    notice = verified(stage, stage.event(f"checkout.session.{kind}", session))

    assert (notice.payment_id, notice.reference) == (payment_id, "TU-7F3K9Q")
    assert notice.kind == f"checkout.session.{kind}"


def test_a_session_of_somebody_else_on_the_account_is_none_of_ours(stage):
    notice = verified(stage, stage.event("checkout.session.completed", {"id": "cs_1", "client_reference_id": None}))

    assert notice.payment_id == ""


def test_a_refund_by_others_names_intent_and_reference(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    intent = stage.intents[payment_id]
    charge = {"id": "ch_1", "payment_intent": intent["id"], "metadata": intent["metadata"]}
    notice = verified(stage, stage.event("charge.refunded", charge))

    assert notice.reference == "TU-7F3K9Q"
    assert stage.gateway.fetch(notice.payment_id).payment_id == payment_id


@pytest.mark.parametrize("reference", ["x" * 25, "a\x00b", "ünï", "two words", 7, None, ["TU-1"]])
def test_a_reference_that_cannot_be_ours_is_left_out(stage, reference):
    """The account may serve other programs too; their data must fit no table of ours."""
    charge = {"id": "ch_1", "payment_intent": "pi_other", "metadata": {"reference": reference}}
    notice = verified(stage, stage.event("charge.refunded", charge))

    assert (notice.payment_id, notice.reference) == ("pi_other", "")


@pytest.mark.parametrize(
    "change", [{"id": "e" * 201}, {"id": "a\x00b"}, {"id": ""}, {"id": 7}, {"type": "k" * 81}, {"type": ""}]
)
def test_an_event_that_could_not_be_stored_is_forged(stage, change):
    event = json.loads(stage.notice_of(stage.gateway.create(asked()).payment_id)) | change
    with pytest.raises(Forged):
        verified(stage, json.dumps(event).encode())


def test_a_second_signature_while_a_secret_is_changed_is_enough(stage):
    body = stage.notice_of(stage.gateway.create(asked()).payment_id)
    old = stage.sign(body, at=NOW, secret="whsec_old")["Stripe-Signature"]
    new = stage.sign(body, at=NOW)["Stripe-Signature"].partition(",")[2]

    assert stage.gateway.verify(body=body, headers={"Stripe-Signature": f"{old},{new}"}, now=NOW).event_id


def test_the_time_that_counts_is_the_signed_one(stage):
    """An attacker who puts a fresh time before a stale signed one gains nothing."""
    body = json.dumps({"id": "evt_1"}).encode()
    stale = stage.sign(body, at=NOW.replace(year=2025))["Stripe-Signature"]
    with pytest.raises(Forged, match="not signed with our secret"):
        stage.gateway.verify(body=body, headers={"Stripe-Signature": f"t={int(NOW.timestamp())},{stale}"}, now=NOW)
