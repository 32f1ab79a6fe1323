"""BTCPay Server against a stand-in on loopback that speaks Greenfield's wire."""

import json
from decimal import Decimal

import pytest

from plumbing.outbound import Outbound
from tests.wallet.gateways.contract import NOW, TOTAL, GatewayContract, asked, create, every_call
from tests.wallet.gateways.stand_ins.btcpay import KEY, RATE, SECRET, STORE, Server
from wallet.gateways.base import GatewayRefused, GatewayUnavailable, PaymentState
from wallet.gateways.btcpay import BtcPay


@pytest.fixture
def stage():
    server = Server()
    yield server
    server.stop()


class TestBtcPay(GatewayContract):
    """The contract of every gateway; there are no chargebacks, and signatures carry no time."""

    @pytest.fixture
    def stage(self, stage):
        return stage


# --- what is sent


def test_an_invoice_carries_our_reference_and_nothing_about_the_customer(stage):
    stage.gateway.create(asked())
    sent = json.loads(stage.heard[-1].body)

    assert (sent["amount"], sent["currency"]) == ("25.00", "USD")
    assert sent["metadata"]["orderId"] == "TU-7F3K9Q"
    assert sent["checkout"]["redirectURL"] == "https://panel.example.test/wallet/top-ups/TU-7F3K9Q"
    assert sent["checkout"]["paymentTolerance"] == 0
    assert b"ada@example.test" not in stage.heard[-1].body


@every_call
def test_there_is_no_way_past_the_guard(stage, call):
    """X6: a server on a private address must be allowed by the operator."""
    url = f"http://127.0.0.1:{stage.port}"
    shut = BtcPay(url=url, store_id=STORE, api_key=KEY, webhook_secret=SECRET, way=Outbound())
    with pytest.raises(GatewayUnavailable, match="guard"):
        call(shut)
    assert stage.heard == []


def test_an_invoice_whose_answer_was_lost_is_found_again(stage):
    """The first request was carried out, its answer never came."""
    stage.gateway.create(asked())
    stage.invoices["Inv0"] = stage.invoices["Inv1xQ"] | {"id": "Inv0", "createdTime": 1}

    assert stage.gateway.create(asked()).payment_id == "Inv0"
    assert stage.payments_asked() == 2


def test_an_invoice_of_another_reference_is_never_taken_for_ours(stage):
    stage.ignores_filters = True
    stage.gateway.create(asked("TU-1"))

    assert stage.gateway.create(asked("TU-2")).payment_id == "Inv2xQ"


def test_a_page_that_is_no_web_address_is_not_passed_on(stage):
    stage.gateway.create(asked())
    stage.invoices["Inv1xQ"]["checkoutLink"] = "javascript:alert(1)"
    with pytest.raises(GatewayUnavailable):
        create(stage.gateway)


# --- the truth


def truth_after(stage, *, status, additional="None", payments=()):
    """What is said of an invoice in a status, after payments of (amount, status)."""
    payment_id = stage.gateway.create(asked()).payment_id
    stage.invoices[payment_id] |= {"status": status, "additionalStatus": additional}
    for amount, payment_status in payments:
        stage.send(payment_id, Decimal(amount), payment_status)
    return stage.gateway.fetch(payment_id)


@pytest.mark.parametrize(
    ("status", "additional", "payments", "state", "received"),
    [
        ("New", "None", [], "open", "0"),
        ("New", "PaidPartial", [("10.00", "Settled")], "open", "10.00"),
        ("Processing", "None", [("25.00", "Processing")], "open", "0"),
        ("Processing", "PaidOver", [("30.00", "Processing")], "open", "0"),
        ("Settled", "None", [("25.00", "Settled")], "paid", "25.00"),
        ("Settled", "None", [("10.00", "Settled"), ("15.00", "Settled")], "paid", "25.00"),
        ("Settled", "PaidOver", [("30.00", "Settled")], "paid", "30.00"),
        ("Settled", "Marked", [], "paid", "0"),
        ("Expired", "None", [], "dead", "0"),
        ("Expired", "PaidPartial", [("10.00", "Processing")], "open", "0"),
        ("Expired", "PaidPartial", [("10.00", "Settled")], "paid", "10.00"),
        ("Expired", "PaidLate", [("25.00", "Processing")], "open", "0"),
        ("Expired", "PaidLate", [("25.00", "Settled")], "paid", "25.00"),
        ("Invalid", "None", [("25.00", "Invalid")], "dead", "0"),
        ("Invalid", "None", [("25.00", "Settled")], "paid", "25.00"),
        ("Invalid", "Marked", [], "dead", "0"),
    ],
)
def test_only_confirmed_payments_count(stage, status, additional, payments, state, received):
    truth = truth_after(stage, status=status, additional=additional, payments=payments)

    assert (truth.state, truth.received) == (PaymentState(state), Decimal(received))


def test_without_an_id_nothing_is_asked(stage):
    """An invoice's address without its id is that of them all."""
    with pytest.raises(GatewayRefused):
        stage.gateway.fetch("")
    assert stage.heard == []


def test_a_status_nobody_knows_is_no_answer(stage):
    with pytest.raises(GatewayUnavailable):
        truth_after(stage, status="Frozen")


def test_network_fees_on_top_are_not_the_customers_money(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.send(payment_id, TOTAL, "Settled", fee=Decimal("0.0001"))
    stage.invoices[payment_id]["status"] = "Settled"

    assert stage.gateway.fetch(payment_id).received == TOTAL


# --- refunds


def paid(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    stage.pay(payment_id, TOTAL, "USD")
    return payment_id


def test_a_refund_is_an_address_where_the_payer_claims_it_and_keeps_the_reason_to_us(stage):
    payment_id = paid(stage)
    claim = stage.gateway.refund(
        payment_id=payment_id, amount=Decimal("10.00"), currency="USD", key="payout:7", reason="he shouted at us"
    )
    sent = json.loads(stage.heard[-1].body)

    assert claim == "https://btcpay.example.test/pull-payments/pull0"
    assert (sent["refundVariant"], sent["customAmount"], sent["customCurrency"]) == ("Custom", "10.00", "USD")
    assert b"shouted" not in stage.heard[-1].body


def test_a_refund_in_bitcoin_counts_at_the_rate_that_was_paid(stage):
    payment_id = paid(stage)
    stage.pull(payment_id, {"customAmount": str(Decimal(5) / RATE), "customCurrency": "BTC"})

    assert stage.gateway.fetch(payment_id).refunded == Decimal("5.00")


def test_refunds_of_others_and_withdrawn_ones_do_not_count(stage):
    payment_id = paid(stage)
    stage.pull(payment_id, {"name": "Refund Inv999", "customAmount": "3.00", "customCurrency": "USD"})
    stage.pull(payment_id, {"name": "Salary", "customAmount": "3.00", "customCurrency": "USD"})
    stage.pull(payment_id, {"customAmount": "3.00", "customCurrency": "USD"})["archived"] = True

    assert stage.gateway.fetch(payment_id).refunded == 0


def test_a_refund_that_staff_withdrew_at_btcpay_is_not_made_anew(stage):
    payment_id = paid(stage)
    wanted = {"payment_id": payment_id, "amount": TOTAL, "currency": "USD", "key": "payout:1", "reason": "asked"}
    first = stage.gateway.refund(**wanted)
    stage.pulls[0]["archived"] = True

    assert stage.gateway.refund(**wanted) == first
    assert len(stage.pulls) == 1


# --- notices


def verified(stage, body):
    return stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)


@pytest.mark.parametrize(
    "kind",
    [
        "InvoiceReceivedPayment",
        "InvoicePaymentSettled",
        "InvoiceProcessing",
        "InvoiceExpired",
        "InvoiceSettled",
        "InvoiceInvalid",
    ],
)
def test_events_that_may_change_the_truth_name_invoice_and_reference(stage, kind):
    payment_id = stage.gateway.create(asked()).payment_id
    notice = verified(stage, stage.event(payment_id, kind))

    assert (notice.payment_id, notice.reference, notice.kind) == (payment_id, "TU-7F3K9Q", kind)


def test_a_redelivery_is_the_same_event(stage):
    payment_id = stage.gateway.create(asked()).payment_id
    first = verified(stage, stage.event(payment_id, "InvoiceSettled"))
    again = verified(stage, stage.event(payment_id, "InvoiceSettled", deliveryId="another", isRedelivery=True))

    assert again.event_id == first.event_id


def test_an_event_of_another_store_is_none_of_ours(stage):
    payment_id = stage.gateway.create(asked()).payment_id

    assert verified(stage, stage.event(payment_id, "InvoiceSettled", storeId="other")).payment_id == ""


def test_an_invoice_without_data_of_ours_is_named_without_a_reference(stage):
    assert verified(stage, stage.event("InvX", "InvoiceSettled")).reference == ""
