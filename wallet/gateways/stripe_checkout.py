"""Stripe Checkout: a hosted page for each payment; the truth from its session, payment intent and charge."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import stripe

from plumbing.outbound import Outbound
from wallet.gateways.answers import header_of, json_in, moment, reference_in, web_address
from wallet.gateways.base import Asked, Created, Forged, GatewayRefused, Notice, PaymentState, Truth
from wallet.gateways.stripe_wire import Door, asking, from_minor, to_minor

TOLERANCE_S = 300  # between the signing of a notice and our clock, as Stripe advises

_SIGNED_AT = re.compile(r"t=([0-9]{1,12}),")
_NAME = re.compile(r"(cs|pi)_[A-Za-z0-9_]+\Z")
_STILL_COMING = {"processing", "requires_action", "requires_capture"}
_NOT_WITHDRAWN = {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
_OF_A_SESSION = {
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
}
_OF_A_CHARGE = {
    "charge.refunded",
    "charge.refund.updated",  # a refund that failed afterwards
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class StripeCheckout:
    """Cards and whatever else the account offers. seconds: for one request, of which a call makes up to three.

    A payment's id is its Checkout session's. The payment intent is born later, with the payer, so that notices of
    refunds and chargebacks, which know only the intent, name that; `fetch` finds the session of either.
    """

    api_url: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    way: Outbound
    seconds: float = 10.0

    code = "stripe"
    confirmed_by_staff = False

    def is_ready(self) -> bool:
        """Whether both secrets are set."""
        return bool(self.api_url and self.secret_key and self.webhook_secret)

    def create(self, asked: Asked) -> Created:
        """Open a Checkout session, under the reference as idempotency key; it expires after a day.

        Raises GatewayUnavailable, GatewayRefused.
        """
        params = _session_params(asked)
        with asking():
            options: stripe.RequestOptions = {"idempotency_key": asked.reference}
            session = self._client().v1.checkout.sessions.create(params, options).to_dict()
            return Created(
                payment_id=session["id"],
                pay_url=web_address(session["url"]),
                expires_at=moment(session["expires_at"]),
            )

    def verify(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Notice:
        """Check a notice's signature with the library, and its age by `now`. Raises Forged.

        The library would compare with its own reading of the clock, and refuse nothing from the future.
        """
        signature = header_of(headers, "Stripe-Signature")
        signed_at = _SIGNED_AT.match(signature)
        if not signed_at or not signature.isascii():  # other letters would make the comparison raise
            raise Forged("no signature")
        try:
            stripe.WebhookSignature.verify_header(body, signature, self.webhook_secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            raise Forged("not signed with our secret") from None
        if abs(now.timestamp() - int(signed_at[1])) > TOLERANCE_S:
            raise Forged("signed at another time")
        try:
            return _notice(json_in(body))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Forged("not an event") from error

    def fetch(self, payment_id: str) -> Truth:
        """What the session, its payment intent and its charge say. payment_id: of a session or of an intent.

        Raises GatewayUnavailable, GatewayRefused.
        """
        with asking():
            session = self._session(payment_id)
            intent: Json = session["payment_intent"] or {}
            charge: Json = intent.get("latest_charge") or {}
            currency = (intent or session)["currency"].upper()
            received = from_minor(intent.get("amount_received", 0), currency)
            return Truth(
                payment_id=session["id"],
                reference=reference_in(session, "client_reference_id"),
                state=_state(session, intent, received),
                received=received,
                currency=currency,
                refunded=from_minor(charge.get("amount_refunded", 0), currency),
                disputed=self._disputed(intent["id"], currency) if charge.get("disputed") else Decimal(0),
            )

    def refund(self, *, payment_id: str, amount: Decimal, currency: str, key: str, reason: str) -> str:
        """Refund a part of the charge; Stripe's id of the refund.

        Stripe forgets idempotency keys after a day, so the refunds made before are looked through as well.
        Raises GatewayUnavailable, GatewayRefused.
        """
        minor = to_minor(amount, currency)
        with asking():
            intent = self._session(payment_id)["payment_intent"]
            if not intent or intent["currency"].upper() != currency:
                raise GatewayRefused(f"nothing was paid in {currency}")
            refund = self._refund_under(key, intent["id"]) or self._send(intent["id"], minor, key, reason)
            if refund["status"] in ("failed", "canceled"):
                raise GatewayRefused(f"the refund {refund['status']}: {refund.get('failure_reason') or 'no reason'}")
            return str(refund["id"])

    def _client(self) -> stripe.StripeClient:
        return stripe.StripeClient(
            self.secret_key,
            base_addresses={"api": self.api_url.rstrip("/")},
            http_client=Door(self.way, seconds=self.seconds),
            max_network_retries=0,
        )

    def _session(self, payment_id: str) -> Json:
        """The session of a session's or an intent's id, with intent and charge inside."""
        if not _NAME.match(payment_id):
            raise GatewayRefused("not a payment of Stripe's")
        sessions = self._client().v1.checkout.sessions
        if payment_id.startswith("cs_"):
            return sessions.retrieve(payment_id, {"expand": ["payment_intent.latest_charge"]}).to_dict()
        listed = sessions.list({"payment_intent": payment_id, "expand": ["data.payment_intent.latest_charge"]})
        found: list[Json] = listed.to_dict()["data"]
        if not found:
            raise GatewayRefused("no Checkout session of ours led to this payment")
        return found[0]

    def _disputed(self, intent_id: str, currency: str) -> Decimal:
        """What chargebacks have withdrawn; inquiries withdraw nothing yet."""
        disputes = self._client().v1.disputes.list({"payment_intent": intent_id, "limit": 100}).to_dict()["data"]
        withdrawn = [from_minor(one["amount"], currency) for one in disputes if one["status"] not in _NOT_WITHDRAWN]
        return sum(withdrawn, start=Decimal(0))

    def _refund_under(self, key: str, intent_id: str) -> Json | None:
        refunds = self._client().v1.refunds.list({"payment_intent": intent_id, "limit": 100}).to_dict()["data"]
        return next((refund for refund in refunds if (refund["metadata"] or {}).get("key") == key), None)

    def _send(self, intent_id: str, minor: int, key: str, reason: str) -> Json:
        metadata = {"key": key, "reason": reason[:500]}
        options: stripe.RequestOptions = {"idempotency_key": key}
        return (
            self._client()
            .v1.refunds.create({"payment_intent": intent_id, "amount": minor, "metadata": metadata}, options)
            .to_dict()
        )


def _session_params(asked: Asked) -> "stripe.params.checkout.SessionCreateParams":
    """One item at the price asked, in no other currency. The reference is what a person finds at Stripe."""
    metadata = {"reference": asked.reference}
    params: stripe.params.checkout.SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": asked.currency.lower(),
                    "unit_amount": to_minor(asked.total, asked.currency),
                    "product_data": {"name": asked.description[:250]},
                },
            }
        ],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": asked.reference,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": asked.return_url,
        "cancel_url": asked.return_url,
    }
    if asked.email:
        params["customer_email"] = asked.email
    return params


def _state(session: Json, intent: Json, received: Decimal) -> PaymentState:
    if received:
        return PaymentState.PAID
    coming = session["status"] == "complete" and intent.get("status") in _STILL_COMING
    return PaymentState.OPEN if session["status"] == "open" or coming else PaymentState.DEAD


def _notice(event: Json) -> Notice:
    """Raises LookupError, TypeError, ValueError or AttributeError for what is no event."""
    kind, about = str(event["type"]), event["data"]["object"]
    payment_id = reference = ""
    if kind in _OF_A_SESSION:
        reference = reference_in(about, "client_reference_id")
        payment_id = about["id"] if reference else ""  # other sessions of the account are not ours
    elif kind in _OF_A_CHARGE:
        reference = reference_in(about.get("metadata"), "reference")
        payment_id = about["payment_intent"] or ""
    return Notice(event_id=event["id"], payment_id=payment_id, kind=kind, reference=reference)
