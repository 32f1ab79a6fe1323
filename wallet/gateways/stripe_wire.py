"""The Stripe library on our terms: through the one way out, with errors in our words and amounts in minor units."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import stripe

from plumbing.outbound import Answered, Outbound, Request
from wallet.gateways.answers import known_shape
from wallet.gateways.base import GatewayRefused, GatewayUnavailable

stripe.enable_telemetry = False  # it would number this machine in a file and report how long calls took

# The library adds others that describe the machine it runs on.
_SENT = ("Authorization", "Content-Type", "Idempotency-Key", "Stripe-Version")

# docs.stripe.com/currencies: amounts without decimals; with three, of which the last is 0; and with two that are 00.
_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_SMALLEST = {"ISK": 100, "UGX": 100} | dict.fromkeys(_THREE_DECIMALS, 10)


class Door(stripe.HTTPClient):
    """The library's HTTP client over `plumbing.outbound`: one guarded try, then the library's own error."""

    name = "smmpanel"

    def __init__(self, way: Outbound, *, seconds: float) -> None:
        super().__init__()
        self._way = way
        self._seconds = seconds

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """One exchange. Raises stripe.APIConnectionError, marked as not to be retried."""
        kept = {name: value for name, value in (headers or {}).items() if name in _SENT}
        request = Request(method=method.upper(), headers=kept, body=(post_data or "").encode())
        answer = self._way.send(url, request, deadline=self._seconds)
        if not isinstance(answer, Answered):
            raise stripe.APIConnectionError(answer.problem.value)  # type: ignore[no-untyped-call]
        return answer.body.decode(errors="replace"), answer.status, answer.headers

    def close(self) -> None:
        """Nothing is kept open."""


@contextmanager
def asking() -> Iterator[None]:
    """Inside, the library is called and its answer read. Raises GatewayRefused, GatewayUnavailable and nothing else.

    Refused keys count as unavailable: they say nothing about a payment. The library's errors are not chained, because
    they carry whole requests and answers.
    """
    try:
        with known_shape("Stripe"):
            yield
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as refusal:
        raise GatewayRefused(refusal.user_message or "refused without a word") from None
    except stripe.APIConnectionError as error:
        raise GatewayUnavailable(f"Stripe: no answer ({error.user_message})") from None
    except stripe.StripeError as error:
        raise GatewayUnavailable(f"Stripe: {type(error).__name__}, HTTP {error.http_status}") from None


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount as Stripe counts it. currency: ISO 4217. Raises GatewayRefused for one that cannot be charged."""
    minor = amount.scaleb(_exponent(currency))
    if minor != minor.to_integral_value() or int(minor) % _SMALLEST.get(currency, 1):
        raise GatewayRefused(f"{currency} has no amount as small as in {amount}")
    return int(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """What Stripe counts, as an amount. Raises TypeError for anything but an integer."""
    if not isinstance(minor, int):
        raise TypeError("amounts are integers")
    return Decimal(minor).scaleb(-_exponent(currency))


def _exponent(currency: str) -> int:
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
