"""Which gateways there are, which may be offered, and the one that people operate."""

from decimal import Decimal

import pytest

from tests.wallet.gateways.contract import NOW, asked
from wallet.gateways import GATEWAYS, gateway_of
from wallet.gateways.answers import known_shape
from wallet.gateways.base import Created, Forged, GatewayRefused, GatewayUnusable, PaymentState, Truth

KEYS = {
    "stripe": ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"],
    "btcpay": ["BTCPAY_URL", "BTCPAY_STORE_ID", "BTCPAY_API_KEY", "BTCPAY_WEBHOOK_SECRET"],
    "sandbox": ["SANDBOX_URL", "SANDBOX_SECRET"],
}
EVERY_KEY = [key for keys in KEYS.values() for key in keys]


@pytest.fixture
def keyless(settings):
    for key in EVERY_KEY:
        setattr(settings, key, "")
    return settings


@pytest.mark.parametrize("code", GATEWAYS)
def test_each_gateway_answers_to_its_code(code):
    assert gateway_of(code).code == code


def test_an_unknown_code_is_a_key_error():
    with pytest.raises(KeyError):
        gateway_of("paypal")


def offered():
    return {code for code in GATEWAYS if gateway_of(code).is_ready()}


def test_without_keys_only_what_people_operate_is_offered(keyless):
    assert "manual" in offered()
    assert not offered() & set(KEYS)


@pytest.mark.parametrize(("code", "missing"), [(code, key) for code, keys in KEYS.items() for key in keys])
def test_a_gateway_is_offered_with_all_of_its_keys_and_not_without_one(keyless, code, missing):
    for key in KEYS[code]:
        setattr(keyless, key, "https://x.example")
    assert code in offered()
    setattr(keyless, missing, "")
    assert code not in offered()


def test_the_adapters_use_the_keys_of_the_settings(keyless):
    for key in EVERY_KEY:
        setattr(keyless, key, f"https://{key.lower()}.example")
    stripe, btcpay, sandbox = gateway_of("stripe"), gateway_of("btcpay"), gateway_of("sandbox")

    assert stripe.secret_key == "https://stripe_secret_key.example"
    assert stripe.webhook_secret == "https://stripe_webhook_secret.example"
    assert btcpay.url == "https://btcpay_url.example"
    assert btcpay.store_id == "https://btcpay_store_id.example"
    assert btcpay.api_key == "https://btcpay_api_key.example"
    assert btcpay.webhook_secret == "https://btcpay_webhook_secret.example"
    assert sandbox.url == "https://sandbox_url.example"
    assert sandbox.secret == "https://sandbox_secret.example"


# --- by hand


def test_a_payment_by_hand_is_known_by_our_reference_and_paid_on_no_page():
    assert gateway_of("manual").create(asked()) == Created(payment_id="TU-7F3K9Q", pay_url="")
    assert gateway_of("manual").confirmed_by_staff


def test_nobody_but_staff_says_what_became_of_a_payment_by_hand():
    manual = gateway_of("manual")
    with pytest.raises(GatewayRefused, match="staff"):
        manual.fetch("TU-7F3K9Q")
    with pytest.raises(Forged):
        manual.verify(body=b"{}", headers={}, now=NOW)


def test_a_payment_by_hand_is_sent_back_by_hand():
    with pytest.raises(GatewayRefused, match="by hand"):
        gateway_of("manual").refund(payment_id="TU-1", amount=Decimal(5), currency="USD", key="payout:1", reason="")


@pytest.mark.parametrize(
    "wrong",
    [
        {"received": Decimal("NaN")},
        {"received": Decimal("sNaN")},
        {"received": Decimal("1e30")},
        {"refunded": Decimal(-1)},
        {"disputed": Decimal("Infinity")},
        {"currency": "A-LONG-NAME-OF-MONEY"},
        {"currency": ""},
        {"payment_id": "p" * 201},
    ],
)
def test_what_no_column_holds_is_no_truth(wrong):
    """Each adapter takes its answers apart where that means an unusable answer."""
    right = {"payment_id": "p", "reference": "", "state": PaymentState.PAID, "received": Decimal(1), "currency": "USD"}
    assert Truth(**right)

    with pytest.raises(GatewayUnusable), known_shape("X"):
        Truth(**right | wrong)
