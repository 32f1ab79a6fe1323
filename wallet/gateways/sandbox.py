"""The sandbox of `orders.simulator`: a payment company for the demo and for tests, where no money moves."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from plumbing.outbound import Answered, Outbound, Request
from wallet.gateways.answers import header_of, json_in, known_shape, web_address
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

TOLERANCE_SECONDS = 300  # between a signature's time and ours

_REFUSALS = {404, 409, 422}
_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})\Z", re.ASCII)

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Behaves like the real ones in all that the wallet must stand. seconds: for one request."""

    url: str
    secret: str = field(repr=False)
    way: Outbound
    seconds: float = 10.0

    code = "sandbox"
    confirmed_by_staff = False

    def is_ready(self) -> bool:
        """Whether the address and the secret are set; `make run` sets both with DEMO, and production refuses them."""
        return bool(self.url and self.secret)

    def create(self, asked: Asked) -> Created:
        """Ask for a payment; its reference is the idempotency key. Raises GatewayUnavailable, GatewayRefused."""
        wanted = {
            "reference": asked.reference,
            "total": f"{asked.total:.2f}",
            "currency": asked.currency,
            "description": asked.description,
            "return_url": asked.return_url,
            "webhook_url": asked.webhook_url,
        }
        with known_shape("Sandbox"):
            payment = self._call("POST", "", wanted)
            return Created(payment_id=str(payment["id"]), pay_url=web_address(payment["url"]))

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """Check the HMAC over its time and the raw bytes, and that the time is ours. Raises Forged."""
        signature = _SIGNATURE.match(header_of(headers, "Sandbox-Signature"))
        if not signature or not self.secret:
            raise Forged("not signed")
        right = hmac.new(self.secret.encode(), f"{signature[1]}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature[2], right):
            raise Forged("not signed with our secret")
        if abs(now.timestamp() - int(signature[1])) > TOLERANCE_SECONDS:
            raise Forged("signed at another time")
        try:
            return _notice(json_in(body))
        except (LookupError, TypeError, ValueError) as error:
            raise Forged("not an event") from error

    def fetch(self, payment_id: str) -> Truth:
        """Ask what became of a payment. Raises GatewayUnavailable, GatewayRefused."""
        with known_shape("Sandbox"):
            payment = self._call("GET", _path(payment_id))
            return Truth(
                payment_id=str(payment["id"]),
                reference=str(payment["reference"]),
                state=PaymentState(payment["state"]),
                received=Decimal(payment["received"]),
                currency=str(payment["currency"]),
                refunded=Decimal(payment["refunded"]),
                disputed=Decimal(payment["disputed"]),
            )

    def refund(self, *, payment_id: str, amount: Decimal, currency: str, key: str, reason: str) -> str:
        """Send money back. The sandbox keeps no reasons. Raises GatewayUnavailable, GatewayRefused."""
        wanted = {"key": key, "amount": f"{amount:.2f}", "currency": currency}
        with known_shape("Sandbox"):
            return str(self._call("POST", f"{_path(payment_id)}/refunds", wanted)["id"])

    def _call(self, method: str, path: str, wanted: Mapping[str, str] | None = None) -> Json:
        """One request below the payments; the parsed answer."""
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        request = Request(method=method, headers=headers, body=json.dumps(wanted).encode() if wanted else b"")
        answer = self.way.send(f"{self.url.rstrip('/')}/pay/api/payments{path}", request, deadline=self.seconds)
        if not isinstance(answer, Answered):
            raise GatewayUnavailable(f"Sandbox: no answer ({answer.problem.value})")
        return _said(answer)


def _said(answer: Answered) -> Json:
    """The JSON object of a success. Raises GatewayRefused for a no in the sandbox's own form, else GatewayUnavailable.

    A refused secret (401) is no such no: it says nothing about a payment.
    """
    try:
        said = json_in(answer.body)
    except ValueError:
        said = None
    if isinstance(said, dict) and answer.status in (200, 201):
        return said
    if isinstance(said, dict) and answer.status in _REFUSALS and said.get("error"):
        raise GatewayRefused(str(said["error"]))
    raise GatewayUnavailable(f"Sandbox: HTTP {answer.status}")


def _path(payment_id: str) -> str:
    """Raises GatewayRefused for no id, which would mean all of them."""
    if not payment_id:
        raise GatewayRefused("a payment has an id")
    return f"/{quote(payment_id, safe='')}"


def _notice(event: Json) -> Notice:
    event_id, kind = event["id"], event["type"]
    if not (isinstance(event_id, str) and event_id and isinstance(kind, str)):
        raise ValueError("an event has an id and a type")
    if not kind.startswith("payment."):
        return Notice(event_id=event_id, payment_id="", kind=kind)
    return Notice(event_id=event_id, payment_id=str(event["payment"]), kind=kind, reference=str(event["reference"]))
