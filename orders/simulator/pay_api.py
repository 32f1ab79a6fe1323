"""The sandbox's API under `/pay/api`: asking for a payment, asking what became of it, sending money back."""

import hmac
import json
import re
from collections.abc import Mapping

from orders.simulator.connection import Request, Response
from orders.simulator.pay_buttons import amount_of
from orders.simulator.payments import Payment, PaymentRefused, Payments
from orders.simulator.webhooks import Webhooks

API = "/pay/api/payments"
URL = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?\Z", re.ASCII)  # so that it can stand in a header
CURRENCY = re.compile(r"[A-Z]{3}\Z")

Json = dict[str, object]
Params = Mapping[str, object]


def action_of(request: Request) -> str:
    """The name under which faults are asked for and requests are counted; "" for what is not the API."""
    if not request.path.startswith(API):
        return ""
    if request.path.endswith("/refunds"):
        return "refund_payment"
    return "create_payment" if request.method == "POST" else "fetch_payment"


def answer(payments: Payments, webhooks: Webhooks, request: Request, *, now: float) -> Response:
    """Carry out one request of whoever knows the secret."""
    try:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {webhooks.secret}".encode()):
            raise PaymentRefused("Wrong secret", 401)
        status, said = _said(payments, webhooks, request, now)
    except PaymentRefused as refused:
        status, said = refused.status, {"error": str(refused)}
    return Response(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode(), status)


def _said(payments: Payments, webhooks: Webhooks, request: Request, now: float) -> tuple[int, Json]:
    payment_id, _, what = request.path.removeprefix(API).strip("/").partition("/")
    match request.method, what if payment_id else "all":
        case "POST", "all":
            payment, new = payments.create(_asked(request.params), now=now)
            return (201 if new else 200), _shown(payment, request, now)
        case "GET", "":
            return 200, _shown(payments.find(payment_id), request, now)
        case "POST", "refunds":
            return _refund(payments, webhooks, payments.find(payment_id), request.params, now)
    raise PaymentRefused("No such thing", 404)


def _asked(params: Params) -> Json:
    """What a new payment keeps. Raises PaymentRefused."""
    asked: Json = {
        name: _text(params, name) for name in ("reference", "currency", "description", "return_url", "webhook_url")
    }
    if not all(URL.match(str(asked[name])) for name in ("return_url", "webhook_url")):
        raise PaymentRefused("return_url and webhook_url are addresses in plain ASCII")
    if not asked["reference"] or not CURRENCY.match(str(asked["currency"])):
        raise PaymentRefused("A payment has a reference, and a currency of three capitals")
    return asked | {"total": amount_of(_text(params, "total"))}


def _refund(payments: Payments, webhooks: Webhooks, payment: Payment, params: Params, now: float) -> tuple[int, Json]:
    key, currency = _text(params, "key"), _text(params, "currency")
    if not key or currency != payment.standing(now).currency:
        raise PaymentRefused("A refund has a key, and the currency that was paid")
    refund, new = payments.refund(payment, amount=amount_of(_text(params, "amount")), key=key, at=now)
    if new:
        webhooks.tell(payment, refund)
    return (201 if new else 200), {"id": refund.id, "amount": str(refund.amount), "currency": refund.currency}


def _shown(payment: Payment, request: Request, now: float) -> Json:
    standing = payment.standing(now)
    return {
        "id": payment.id,
        "url": f"http://{request.headers.get('host', '')}/pay/{payment.id}",
        "reference": payment.reference,
        "state": standing.state,
        "total": str(payment.total),
        "received": str(standing.received),
        "currency": standing.currency,
        "refunded": str(standing.refunded),
        "disputed": str(standing.disputed),
    }


def _text(params: Params, name: str) -> str:
    """Raises PaymentRefused for what is too long for us."""
    said = str(params.get(name, "")).strip()
    if len(said) > 2000:
        raise PaymentRefused(f"{name} is too long")
    return said
