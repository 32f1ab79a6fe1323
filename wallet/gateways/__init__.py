"""The ways to pay: which adapters there are, and which have their keys."""

from collections.abc import Callable

from django.conf import settings

from plumbing.outbound import outbound
from wallet.gateways.base import Gateway
from wallet.gateways.btcpay import BtcPay
from wallet.gateways.manual import Manual
from wallet.gateways.sandbox import Sandbox
from wallet.gateways.stripe_checkout import StripeCheckout


def _stripe() -> Gateway:
    return StripeCheckout(
        api_url=settings.STRIPE_API_URL,
        secret_key=settings.STRIPE_SECRET_KEY,
        webhook_secret=settings.STRIPE_WEBHOOK_SECRET,
        way=outbound(),
    )


def _btcpay() -> Gateway:
    return BtcPay(
        url=settings.BTCPAY_URL,
        store_id=settings.BTCPAY_STORE_ID,
        api_key=settings.BTCPAY_API_KEY,
        webhook_secret=settings.BTCPAY_WEBHOOK_SECRET,
        way=outbound(),
    )


def _sandbox() -> Gateway:
    return Sandbox(url=settings.SANDBOX_URL, secret=settings.SANDBOX_SECRET, way=outbound())


GATEWAYS: dict[str, Callable[[], Gateway]] = {  # by the code that top-ups keep
    Manual.code: Manual,
    StripeCheckout.code: _stripe,
    BtcPay.code: _btcpay,
    Sandbox.code: _sandbox,
}


def gateway_of(code: str) -> Gateway:
    """The adapter of a code, ready or not, with the keys of this installation's settings. Raises KeyError."""
    return GATEWAYS[code]()
