"""As much of BTCPay Server's Greenfield wire as a top-up needs, with what payers do to it."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from plumbing.outbound import Outbound
from tests.wallet.gateways.stand_ins.server import Heard, StandIn
from wallet.gateways.btcpay import BtcPay

KEY = "greenfield-key-not4you"
SECRET = "webhook-secret-not4you"
STORE = "3p5kQ"
RATE = Decimal("64392.23")
SATOSHI = Decimal("0.00000001")

Answer = tuple[int, object]


class Server(StandIn):
    """A BTCPay Server with one store, and the adapter before it."""

    def __init__(self) -> None:
        super().__init__()
        self.invoices: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, list[dict[str, Any]]] = {}  # by invoice; in bitcoin
        self.pulls: list[dict[str, Any]] = []
        self.ignores_filters = False  # as a server too old to know them
        self._refusal = ""
        self.secrets = [KEY, SECRET]
        self.gateway = self.gateway_at(self.port)

    def gateway_at(self, port: int, *, seconds: float = 10.0) -> BtcPay:
        return BtcPay(
            url=f"http://127.0.0.1:{port}/",
            store_id=STORE,
            api_key=KEY,
            webhook_secret=SECRET,
            way=Outbound(allow={f"127.0.0.1:{port}"}),
            seconds=seconds,
        )

    def lacking_a_key(self) -> list[BtcPay]:
        lacking = ({"url": ""}, {"store_id": ""}, {"api_key": ""}, {"webhook_secret": ""})
        return [replace(self.gateway, **one) for one in lacking]

    def payments_asked(self) -> int:
        return len(self.invoices)

    def refuse(self, words: str) -> None:
        self._refusal = words

    # --- payers, and staff at BTCPay's own pages

    def send(self, payment_id: str, amount: Decimal, status: str, fee: Decimal = Decimal(0)) -> dict[str, Any]:
        """A payer sends bitcoin worth an amount, rounded up to a satoshi as BTCPay's own page asks for it."""
        bitcoin = (amount / RATE).quantize(SATOSHI, rounding=ROUND_UP) + fee
        payments = self.payments[payment_id]
        payments.append({"id": f"tx-{len(payments)}", "value": str(bitcoin), "fee": str(fee), "status": status})
        return payments[-1]

    def pay(self, payment_id: str, amount: Decimal, currency: str) -> None:
        self.send(payment_id, amount, "Settled")
        invoice = self.invoices[payment_id]
        invoice["currency"] = currency
        asked = Decimal(invoice["amount"])
        if invoice["status"] == "Expired":
            invoice["additionalStatus"] = "PaidLate" if amount >= asked else "PaidPartial"
        elif amount >= asked:
            invoice |= {"status": "Settled", "additionalStatus": "PaidOver" if amount > asked else "None"}
        else:  # what is missing may follow until it expires
            invoice |= {"status": "Expired", "additionalStatus": "PaidPartial"}

    def expire(self, payment_id: str) -> None:
        self.invoices[payment_id]["status"] = "Expired"

    def refund_elsewhere(self, payment_id: str, amount: Decimal) -> None:
        currency = self.invoices[payment_id]["currency"]
        self.pull(payment_id, {"customAmount": str(amount), "customCurrency": currency})

    def refunds_sent(self) -> list[Decimal]:
        return [Decimal(pull["amount"]) for pull in self.pulls if pull["description"]]

    def pull(self, payment_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        pull_id = f"pull{len(self.pulls)}"
        pull = {
            "id": pull_id,
            "name": wanted.get("name") or f"Refund {payment_id}",
            "description": wanted.get("description"),
            "amount": wanted["customAmount"],
            "currency": wanted["customCurrency"],
            "archived": False,
            "viewLink": f"https://btcpay.example.test/pull-payments/{pull_id}",
        }
        self.pulls.append(pull)
        return pull

    # --- webhooks

    def event(self, payment_id: str, kind: str, **more: object) -> bytes:
        said = {
            "deliveryId": f"delivery-{kind}-{payment_id}",
            "originalDeliveryId": f"delivery-{kind}-{payment_id}",
            "isRedelivery": False,
            "webhookId": "hook",
            "type": kind,
            "timestamp": 1_795_334_400,
            "storeId": STORE,
            "invoiceId": payment_id,
            "metadata": self.invoices[payment_id]["metadata"] if payment_id in self.invoices else None,
        }
        return json.dumps(said | more, indent=2).encode()

    def notice_of(self, payment_id: str) -> bytes:
        return self.event(payment_id, "InvoiceSettled", overPaid=False)

    def notice_of_nothing(self) -> bytes:
        return json.dumps({"deliveryId": "d1", "type": "PayoutCreated", "storeId": STORE, "payoutId": "p1"}).encode()

    def sign(self, body: bytes, *, at: datetime, secret: str | None = None) -> Mapping[str, str]:
        key = (SECRET if secret is None else secret).encode()
        return {"BTCPay-Sig": f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"}

    # --- the wire

    def answer(self, heard: Heard) -> Answer:
        if heard.headers.get("authorization") != f"token {KEY}":
            return 401, {"code": "unauthenticated", "message": "Authentication is required"}
        if heard.path[:4] != ["api", "v1", "stores", STORE]:
            return 403, {"code": "missing-permission", "message": "Insufficient API Permissions"}
        if self._refusal:
            return 422, [{"path": "amount", "message": self._refusal}]
        return self._store(heard)

    def _store(self, heard: Heard) -> Answer:
        wanted = json.loads(heard.body) if heard.body else {}
        match heard.method, [part for part in heard.path[4:] if part]:  # a slash at the end changes nothing
            case "GET", ["invoices"]:
                orders = None if self.ignores_filters else heard.query.get("orderId")
                return 200, [
                    one for one in self.invoices.values() if not orders or one["metadata"]["orderId"] in orders
                ]
            case "POST", ["invoices"]:
                return 200, self._make(wanted)
            case "GET", ["pull-payments"]:
                every = heard.query.get("includeArchived") == ["true"]
                return 200, [pull for pull in self.pulls if every or not pull["archived"]]
            case method, ["invoices", invoice_id, *rest] if invoice_id in self.invoices:
                return 200, self._of_invoice(method, invoice_id, rest, wanted)
            case _:
                return 404, {"code": "invoice-not-found", "message": "The invoice was not found"}

    def _of_invoice(self, method: str, invoice_id: str, rest: list[str], wanted: dict[str, Any]) -> object:
        if (method, rest) == ("POST", ["refund"]):
            return self.pull(invoice_id, wanted)
        return self._methods(invoice_id) if rest == ["payment-methods"] else self.invoices[invoice_id]

    def _make(self, wanted: dict[str, Any]) -> dict[str, Any]:
        invoice_id = f"Inv{len(self.invoices) + 1}xQ"
        self.payments[invoice_id] = []
        self.invoices[invoice_id] = {
            "id": invoice_id,
            "storeId": STORE,
            "amount": wanted["amount"],
            "currency": wanted["currency"],
            "metadata": wanted["metadata"],
            "checkoutLink": f"https://btcpay.example.test/i/{invoice_id}",
            "createdTime": 1_795_334_400 + len(self.invoices),
            "expirationTime": 1_795_335_300,
            "status": "New",
            "additionalStatus": "None",
        }
        return self.invoices[invoice_id]

    def _methods(self, invoice_id: str) -> list[dict[str, Any]]:
        lightning = {"paymentMethodId": "BTC-LN", "currency": "BTC", "rate": str(RATE), "payments": []}
        chain = {"paymentMethodId": "BTC-CHAIN", "currency": "BTC", "rate": str(RATE)}
        return [chain | {"payments": self.payments[invoice_id]}, lightning]
