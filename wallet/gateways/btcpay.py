"""BTCPay Server: an invoice for each payment through the Greenfield API, its truth from the payments it counted."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import quote, urlencode

from plumbing.outbound import Answered, Outbound, Request
from wallet.gateways.answers import header_of, json_in, known_shape, moment, reference_in, web_address
from wallet.gateways.base import (
    Asked,
    Created,
    Forged,
    GatewayRefused,
    GatewayUnavailable,
    Notice,
    PaymentState,
    Truth,
)

CENT = Decimal("0.01")
MOST_BYTES = 10_000_000  # the list of a store's pull payments has no pages

_REFUSALS = {400, 404, 422}
_INVOICE_KINDS = {
    "InvoiceReceivedPayment",
    "InvoicePaymentSettled",
    "InvoiceProcessing",
    "InvoiceExpired",
    "InvoiceSettled",
    "InvoiceInvalid",
}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class BtcPay:
    """Bitcoin and whatever else the store takes. seconds: for one request, of which a call makes up to three.

    The key needs, for this one store: view and create invoices, view pull payments, create non-approved pull payments.
    The invoice's currency is ours; what was paid in another is counted at the rate that the payer was shown.
    """

    url: str
    store_id: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    way: Outbound
    seconds: float = 10.0

    code = "btcpay"
    confirmed_by_staff = False

    def is_ready(self) -> bool:
        """Whether the server, the store and both secrets are set."""
        return bool(self.url and self.store_id and self.api_key and self.webhook_secret)

    def create(self, asked: Asked) -> Created:
        """Make an invoice, or find the one made before: Greenfield knows no idempotency keys, but finds order ids.

        The customer's address is not passed on. Raises GatewayUnavailable, GatewayRefused.
        """
        with known_shape("BTCPay"):
            invoice = self._invoice_of(asked.reference) or self._call("POST", "/invoices", _invoice_request(asked))
            if (Decimal(invoice["amount"]), invoice["currency"]) != (asked.total, asked.currency):
                raise GatewayRefused("another amount was asked under this reference before")
            return Created(
                payment_id=str(invoice["id"]),
                pay_url=web_address(invoice["checkoutLink"]),
                expires_at=moment(invoice["expirationTime"]),
            )

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """Check the HMAC of the raw bytes. Raises Forged.

        A notice that is delivered again, by hand even after days, keeps the id of its first delivery; so the scheme
        knows no age, and an old one does no harm.
        """
        signature = header_of(headers, "BTCPay-Sig").encode(errors="replace")
        right = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
        if not self.webhook_secret or not hmac.compare_digest(signature, f"sha256={right}".encode()):
            raise Forged("not signed with our secret")
        try:
            return self._notice(json_in(body))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Forged("not an event") from error

    def fetch(self, payment_id: str) -> Truth:
        """What the invoice's confirmed payments are worth. Raises GatewayUnavailable, GatewayRefused."""
        with known_shape("BTCPay"):
            invoice = self._call("GET", _path(payment_id))
            methods = self._call("GET", f"{_path(payment_id)}/payment-methods")
            received = _received(methods)
            return Truth(
                payment_id=invoice["id"],
                reference=reference_in(invoice.get("metadata"), "orderId"),
                state=_state(invoice, methods, received),
                received=received,
                currency=invoice["currency"].upper(),
                refunded=self._refunded(invoice, methods) if received else Decimal(0),
            )

    def refund(self, *, payment_id: str, amount: Decimal, currency: str, key: str, reason: str) -> str:
        """Promise the payer a sum that he claims at the address returned: a pull payment, described by its key.

        The reason is not sent, as the payer would see it. Raises GatewayUnavailable, GatewayRefused.
        """
        with known_shape("BTCPay"):
            made = [pull for pull in self._pulls_of(payment_id) if pull.get("description") == key]
            if made:
                return web_address(made[0]["viewLink"])
            wanted = {
                "name": f"Refund {payment_id}",
                "description": key,
                "refundVariant": "Custom",
                "customAmount": str(amount),
                "customCurrency": currency,
            }
            pull = self._call("POST", f"{_path(payment_id)}/refund", wanted)
            return web_address(pull["viewLink"])

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """One request below the store's address; the parsed answer."""
        headers = {"Authorization": f"token {self.api_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = Request(method=method, headers=headers, body=b"" if body is None else json.dumps(body).encode())
        url = f"{self.url.rstrip('/')}/api/v1/stores/{quote(self.store_id, safe='')}{path}"
        answer = self.way.send(url, request, deadline=self.seconds, most_bytes=MOST_BYTES)
        if not isinstance(answer, Answered):
            raise GatewayUnavailable(f"BTCPay: no answer ({answer.problem.value})")
        return _said(answer)

    def _invoice_of(self, reference: str) -> Json | None:
        """The first invoice made under a reference; archived ones count, for they were asked."""
        query = urlencode({"orderId": reference, "includeArchived": "true"})
        invoices = self._call("GET", f"/invoices?{query}")
        same = [invoice for invoice in invoices if invoice["metadata"].get("orderId") == reference]
        return min(same, key=lambda invoice: (invoice["createdTime"], invoice["id"]), default=None)

    def _pulls_of(self, payment_id: str) -> list[Json]:
        """Refunds of an invoice. Greenfield lists them by store only; BTCPay's own pages name them like this too."""
        pulls = self._call("GET", "/pull-payments?includeArchived=true")
        return [pull for pull in pulls if pull["name"] == f"Refund {payment_id}"]

    def _refunded(self, invoice: Json, methods: list[Json]) -> Decimal:
        """All that is promised back, claimed yet or not, counted like the payments; what is archived was withdrawn."""
        rates = {method["currency"]: Decimal(method["rate"]) for method in methods} | {invoice["currency"]: Decimal(1)}
        promised = [
            Decimal(pull["amount"]) * rates[pull["currency"]]
            for pull in self._pulls_of(invoice["id"])
            if not pull["archived"]
        ]
        return _cents(sum(promised, start=Decimal(0)))

    def _notice(self, event: Json) -> Notice:
        kind = str(event["type"])
        first = str(event.get("originalDeliveryId") or event["deliveryId"])
        if kind not in _INVOICE_KINDS or event["storeId"] != self.store_id:
            return Notice(event_id=first, payment_id="", kind=kind)
        reference = reference_in(event.get("metadata"), "orderId")
        return Notice(event_id=first, payment_id=str(event["invoiceId"]), kind=kind, reference=reference)


def _path(payment_id: str) -> str:
    """Of an invoice, below the store's address. Raises GatewayRefused for no id, which would list them all."""
    if not payment_id:
        raise GatewayRefused("an invoice has an id")
    return f"/invoices/{quote(payment_id, safe='')}"


def _invoice_request(asked: Asked) -> Json:
    return {
        "amount": str(asked.total),
        "currency": asked.currency,
        "metadata": {"orderId": asked.reference, "orderUrl": asked.return_url, "itemDesc": asked.description},
        # Without tolerance, so that an invoice is settled only when all of it is there.
        "checkout": {"redirectURL": asked.return_url, "redirectAutomatically": True, "paymentTolerance": 0},
    }


def _said(answer: Answered) -> Any:
    """The JSON of a success. Raises GatewayRefused for a no in Greenfield's own form, else GatewayUnavailable.

    Refused keys (401, 403) are no such no: they say nothing about a payment.
    """
    try:
        said = json_in(answer.body)
    except ValueError:
        said = None
    if 200 <= answer.status < 300 and said is not None:
        return said
    problems = said if isinstance(said, list) else [said]
    words = [str(problem["message"]) for problem in problems if isinstance(problem, dict) and problem.get("message")]
    if answer.status in _REFUSALS and words:
        raise GatewayRefused("; ".join(words))
    raise GatewayUnavailable(f"BTCPay: HTTP {answer.status}")


def _payments(methods: list[Json], status: str) -> list[tuple[Json, Decimal]]:
    """Payments in a status, each with the rate of its method."""
    return [
        (payment, Decimal(method["rate"]))
        for method in methods
        for payment in method["payments"]
        if payment["status"] == status
    ]


def _received(methods: list[Json]) -> Decimal:
    """What confirmed payments are worth, without the network fees that the payer was charged on top."""
    worth = [
        (Decimal(payment["value"]) - Decimal(payment.get("fee") or 0)) * rate
        for payment, rate in _payments(methods, "Settled")
    ]
    return _cents(sum(worth, start=Decimal(0)))


def _cents(amount: Decimal) -> Decimal:
    """Less than half a cent is the rounding of an exchange rate."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _state(invoice: Json, methods: list[Json], received: Decimal) -> PaymentState:
    """Marks made by hand at BTCPay move no money: an invoice marked settled is paid, with what was received."""
    status = invoice["status"]
    if status == "Settled":
        return PaymentState.PAID
    if status in ("New", "Processing") or _payments(methods, "Processing"):
        return PaymentState.OPEN
    if status not in ("Expired", "Invalid"):
        raise ValueError(f"unknown status {status}")
    return PaymentState.PAID if received else PaymentState.DEAD
