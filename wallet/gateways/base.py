"""What the wallet asks of a payment gateway, in the wallet's own words. Adapters translate; they decide nothing.

A gateway never credits anybody. A notice (webhook) is only a reason to fetch the truth; `policies.rules.payments` says
what that truth means for the wallet, and one operation carries it out (`docs/adr/0009-payments.md`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

LONGEST_REFERENCE = 24
BEYOND = Decimal(10) ** 13  # what no column of an amount holds any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a customer is to pay.

    reference: ours, unique for ever, printed for the customer; gateways that know idempotency keys get it as one.
    total: in `currency` (ISO 4217), at most 2 decimals. return_url: where the payer comes back to.
    """

    reference: str
    total: Decimal
    currency: str
    email: str
    description: str
    return_url: str
    webhook_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A payment the gateway waits for. pay_url: where the customer pays; '' when our own page says how."""

    payment_id: str
    pay_url: str
    expires_at: datetime | None = None


def _check_texts(*texts: tuple[str, int, int]) -> None:
    """Raises ValueError unless each text is as long as said, least and most, and printable ASCII."""
    for text, least, most in texts:
        if not least <= len(text) <= most or not text.isascii() or not text.isprintable():
            raise ValueError("no text of a gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A webhook whose signature was right: look at this payment. event_id: unique at this gateway.

    payment_id: what to `fetch`, '' when the event concerns no payment of ours (it is stored and answered, nothing
    else). It may be another of the gateway's names for the payment than the one in Created, because a chargeback
    knows only the charge: find the top-up by what the Truth says, never by this. reference: ours, '' where unsaid.
    """

    event_id: str
    payment_id: str
    kind: str  # the gateway's own word, kept as evidence
    reference: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for what could not be stored: an account may be shared with programs unlike this one."""
        _check_texts(
            (self.event_id, 1, 200),
            (self.payment_id, 0, 200),
            (self.kind, 1, 80),
            (self.reference, 0, LONGEST_REFERENCE),
        )


class PaymentState(StrEnum):
    """Where a payment stands at its gateway."""

    OPEN = "open"  # may still be paid
    PAID = "paid"  # finally received, possibly less, more or other money than asked: `received` and `currency` say
    DEAD = "dead"  # expired, failed or canceled with nothing received


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the gateway itself says of a payment when asked. Amounts in `currency`, cumulative, never negative.

    payment_id: the one that `create` returned, whatever name was asked for. reference: the one we gave when asking, ''
    if the gateway does not say. refunded: sent back to the payer so far, or promised to him for good, by whomever.
    disputed: withdrawn from us by chargebacks that are not won.
    """

    payment_id: str
    reference: str
    state: PaymentState
    received: Decimal
    currency: str
    refunded: Decimal = Decimal(0)
    disputed: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Raises ValueError for what could not be stored, or is no sum of money at all."""
        for amount in (self.received, self.refunded, self.disputed):
            if not amount.is_finite() or not 0 <= amount < BEYOND:
                raise ValueError("no amount of a payment")
        _check_texts((self.payment_id, 1, 200), (self.currency, 1, 12))


class Forged(Exception):
    """A webhook that is not signed with our secret, too old, or not the shape its gateway sends. Answer: HTTP 400."""


class GatewayUnavailable(Exception):
    """No usable answer. Whether the request was carried out is unknown; every call here is safe to repeat."""


class GatewayUnusable(GatewayUnavailable):
    """It answered, and what it says of this one payment is of no use. That says nothing about the others."""


class GatewayRefused(Exception):
    """The gateway answered and said no; its words are the message."""


class Gateway(Protocol):
    """A way to pay. Instances are cheap, hold no connection, and are safe to share between threads."""

    code: str  # stored on top-ups: "stripe", "btcpay", "sandbox", "manual"
    confirmed_by_staff: bool  # True: there is no notice and no truth to fetch; a person says what arrived

    def is_ready(self) -> bool:
        """Whether its keys are set. One that is not is never offered."""
        ...

    def create(self, asked: Asked) -> Created:
        """Ask for a payment. Again with the same reference returns the same payment, or another that asks the same.

        Raises GatewayUnavailable, GatewayRefused.
        """
        ...

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """Check a webhook's signature on its raw bytes. headers: names in any case. Raises Forged."""
        ...

    def fetch(self, payment_id: str) -> Truth:
        """Ask what became of a payment; payment_id as in Created or in a Notice.

        Raises GatewayUnavailable (also when our keys are refused), GatewayRefused (it knows no such payment of ours).
        """
        ...

    def refund(self, *, payment_id: str, amount: Decimal, currency: str, key: str, reason: str) -> str:
        """Send money back to the payer; the gateway's name of the refund, or the address where the payer claims it.

        The same key, in whatever time, never sends twice. reason: for the gateway's records, unseen by the payer.
        Raises GatewayUnavailable, GatewayRefused.
        """
        ...
