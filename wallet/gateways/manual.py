"""Bank transfer and other payments by hand: a person sees the money and says so."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from wallet.gateways.base import Asked, Created, Forged, GatewayRefused, Notice, Truth


class Manual:
    """The customer sends money with our reference; staff confirm what arrived."""

    code = "manual"
    confirmed_by_staff = True

    def is_ready(self) -> bool:
        """It needs no key; whether it is offered, and the account to pay to, is said by its payment method."""
        return True

    def create(self, asked: Asked) -> Created:
        """Nobody has to be asked: the payment is known by our reference."""
        return Created(payment_id=asked.reference, pay_url="")

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """No bank calls us. Raises Forged."""
        raise Forged("nobody sends notices of payments by hand")

    def fetch(self, payment_id: str) -> Truth:
        """No bank can be asked. Raises GatewayRefused."""
        raise GatewayRefused("staff say what became of a payment by hand")

    def refund(self, *, payment_id: str, amount: Decimal, currency: str, key: str, reason: str) -> str:
        """Raises GatewayRefused."""
        raise GatewayRefused("a payment by hand is sent back by hand")
