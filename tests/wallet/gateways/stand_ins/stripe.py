"""As much of Stripe's wire as Checkout needs (docs.stripe.com/api), with what payers and their banks do to it."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import stripe

from plumbing.outbound import Outbound
from tests.wallet.gateways.stand_ins.server import Heard, StandIn
from wallet.gateways.stripe_checkout import StripeCheckout

KEY = "sk_test_not4you"
SECRET = "whsec_not4you"
LIVES_SECONDS = 24 * 3600  # a session, from when it is begun

Answer = tuple[int, object]


def cents(amount: Decimal) -> int:
    return int(amount * 100)


class Stripe(StandIn):
    """A Stripe account, and the adapter before it."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}  # by session
        self.charges: dict[str, dict[str, Any]] = {}  # by intent
        self.refunds: list[dict[str, Any]] = []
        self.disputes: list[dict[str, Any]] = []
        self.forgets_keys = False  # as the real one does after a day
        self._kept: dict[str, tuple[bytes, Answer]] = {}
        self._refusal = ""
        self.secrets = [KEY, SECRET]
        self.gateway = self.gateway_at(self.port)

    def gateway_at(self, port: int, *, seconds: float = 10.0) -> StripeCheckout:
        return StripeCheckout(
            api_url=f"http://127.0.0.1:{port}",
            secret_key=KEY,
            webhook_secret=SECRET,
            way=Outbound(allow={f"127.0.0.1:{port}"}),
            seconds=seconds,
        )

    def lacking_a_key(self) -> list[StripeCheckout]:
        return [replace(self.gateway, secret_key=""), replace(self.gateway, webhook_secret="")]

    def payments_asked(self) -> int:
        return len(self.sessions)

    def refuse(self, words: str) -> None:
        self._refusal = words

    # --- payers and their banks

    def pay(self, payment_id: str, amount: Decimal, currency: str) -> None:
        intent = self.intend(payment_id, "succeeded")
        intent |= {"amount_received": cents(amount), "currency": currency.lower(), "latest_charge": f"ch_{payment_id}"}
        self.charges[intent["id"]] = {"id": intent["latest_charge"], "amount_refunded": 0, "disputed": False}
        self.sessions[payment_id]["payment_status"] = "paid"
        if self.sessions[payment_id]["status"] == "open":
            self.sessions[payment_id]["status"] = "complete"

    def intend(self, payment_id: str, status: str) -> dict[str, Any]:
        """The payer has chosen how to pay; slow ways stay in `processing` for days."""
        session = self.sessions[payment_id]
        session["payment_intent"] = f"pi_{payment_id[3:]}"
        self.intents[payment_id] = {
            "id": session["payment_intent"],
            "status": status,
            "currency": session["currency"],
            "amount_received": 0,
            "latest_charge": None,
            "metadata": session["intent_metadata"],
        }
        return self.intents[payment_id]

    def expire(self, payment_id: str) -> None:
        self.sessions[payment_id]["status"] = "expired"

    def refund_elsewhere(self, payment_id: str, amount: Decimal) -> None:
        self._refund(self.intents[payment_id]["id"], cents(amount), {})

    def refunds_sent(self) -> list[Decimal]:
        return [Decimal(refund["amount"]) / 100 for refund in self.refunds if refund["metadata"]]

    def dispute(self, payment_id: str, amount: Decimal, status: str = "needs_response") -> bytes:
        intent = self.intents[payment_id]
        self.charges[intent["id"]]["disputed"] = True
        dispute = {"id": "dp_1", "amount": cents(amount), "status": status, "payment_intent": intent["id"]}
        self.disputes.append(dispute | {"object": "dispute", "metadata": {}})
        return self.event("charge.dispute.created", dispute | {"metadata": {}})

    def win_dispute(self, payment_id: str) -> None:
        for dispute in self.disputes:
            if dispute["payment_intent"] == self.intents[payment_id]["id"]:
                dispute["status"] = "won"

    # --- webhooks

    def event(self, kind: str, about: dict[str, Any]) -> bytes:
        return json.dumps(
            {"id": f"evt_{kind}_{about['id']}", "object": "event", "type": kind, "data": {"object": about}}, indent=2
        ).encode()

    def notice_of(self, payment_id: str) -> bytes:
        return self.event("checkout.session.completed", self.shown(self.sessions[payment_id], expanded=False))

    def notice_of_nothing(self) -> bytes:
        return self.event("customer.created", {"id": "cus_1", "object": "customer"})

    def sign(self, body: bytes, *, at: datetime, secret: str | None = None) -> Mapping[str, str]:
        """By the library's own scheme, which signs text; bytes that are no text get the signature of the nearest."""
        payload = body.decode(errors="replace")
        header = stripe.WebhookSignature.generate_signature_header(
            payload, SECRET if secret is None else secret, int(at.timestamp())
        )
        return {"Stripe-Signature": header}

    # --- the wire

    def answer(self, heard: Heard) -> Answer:
        if heard.headers.get("authorization") != f"Bearer {KEY}":
            return self.no(401, "Invalid API Key provided: sk_test_****4you")
        if self._refusal:
            return self.no(400, self._refusal)
        if heard.method == "GET":
            return self._read(heard)
        key = heard.headers["idempotency-key"]
        if key not in self._kept or self.forgets_keys:
            self._kept[key] = (heard.body, self._write(heard))
        asked, answer = self._kept[key]
        if asked != heard.body:
            return self.no(400, "Keys for idempotent requests can only be used once", kind="idempotency_error")
        return answer

    def no(self, status: int, words: str, *, kind: str = "invalid_request_error") -> Answer:
        return status, {"error": {"type": kind, "message": words}}

    def shown(self, session: dict[str, Any], *, expanded: bool) -> dict[str, Any]:
        """A session as the API shows it; intent and charge are ids unless they were asked for."""
        visible = {name: value for name, value in session.items() if name != "intent_metadata"}
        intent = self.intents.get(session["id"])
        if expanded and intent:
            visible["payment_intent"] = intent | {"latest_charge": self.charges.get(intent["id"])}
        return visible

    def _read(self, heard: Heard) -> Answer:
        match heard.path:
            case ["v1", "checkout", "sessions", session_id] if session_id in self.sessions:
                expanded = "payment_intent.latest_charge" in heard.query.get("expand[0]", [])
                return 200, self.shown(self.sessions[session_id], expanded=expanded)
            case ["v1", "checkout", "sessions"]:
                expanded = "data.payment_intent.latest_charge" in heard.query.get("expand[0]", [])
                wanted = heard.query["payment_intent"][0]
                found = [one for one in self.sessions.values() if one["payment_intent"] == wanted]
                return 200, self._list(self.shown(session, expanded=expanded) for session in found)
            case ["v1", ("disputes" | "refunds") as which]:
                rows = self.disputes if which == "disputes" else self.refunds
                return 200, self._list(row for row in rows if row["payment_intent"] == heard.query["payment_intent"][0])
            case _:
                return self.no(404, f"No such resource: {'/'.join(heard.path)}")

    def _write(self, heard: Heard) -> Answer:
        form = {name: values[0] for name, values in parse_qs(heard.body.decode()).items()}
        if heard.path == ["v1", "checkout", "sessions"]:
            session_id = f"cs_test_{hashlib.sha256(heard.body + bytes(len(self.sessions))).hexdigest()[:16]}"
            self.sessions[session_id] = {
                "id": session_id,
                "object": "checkout.session",
                "url": f"https://checkout.stripe.example/c/pay/{session_id}",
                "status": "open",
                "payment_status": "unpaid",
                "payment_intent": None,
                "currency": form["line_items[0][price_data][currency]"],
                "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
                "client_reference_id": form["client_reference_id"],
                "expires_at": int(time.time()) + LIVES_SECONDS,
                "intent_metadata": {"reference": form["payment_intent_data[metadata][reference]"]},
            }
            return 200, self.shown(self.sessions[session_id], expanded=False)
        metadata = {"key": form["metadata[key]"], "reason": form.get("metadata[reason]", "")}
        return 200, self._refund(form["payment_intent"], int(form["amount"]), metadata)

    def _refund(self, intent_id: str, amount: int, metadata: dict[str, str]) -> dict[str, Any]:
        self.charges[intent_id]["amount_refunded"] += amount
        refund = {"id": f"re_{len(self.refunds) + 1}", "object": "refund", "amount": amount, "status": "succeeded"}
        self.refunds.append(refund | {"payment_intent": intent_id, "metadata": metadata})
        return self.refunds[-1]

    def _list(self, rows: Any) -> dict[str, Any]:
        return {"object": "list", "data": list(rows), "has_more": False, "url": "/v1/x"}
