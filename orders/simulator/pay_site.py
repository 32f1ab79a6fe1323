"""The sandbox over HTTP: its API, the hosted page, and its part of `/control`."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit

from orders.simulator import pay_api, pay_page
from orders.simulator.connection import Request, Response
from orders.simulator.pay_buttons import STAYS, press
from orders.simulator.payments import Payment, PaymentRefused, Payments
from orders.simulator.webhooks import Webhooks

PLAIN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'{back}"  # browsers apply it to where the form's answer redirects, too
)


class PaySite:
    """Payments, and those who hear of them. Closed while it has no secret."""

    def __init__(self, payments: Payments, webhooks: Webhooks) -> None:
        self.payments = payments
        self.webhooks = webhooks

    def respond(self, request: Request, *, now: float) -> Response:
        """The answer to a request under `/pay`."""
        if not self.webhooks.secret:
            return _html(pay_page.refusal("The sandbox is closed: it was started without SANDBOX_SECRET."), status=503)
        if pay_api.action_of(request):
            return pay_api.answer(self.payments, self.webhooks, request, now=now)
        if request.path == pay_page.STYLES_AT:
            return Response(pay_page.STYLES, 200, {"Content-Type": "text/css; charset=utf-8"} | PLAIN)
        try:
            return self._page(request, self.payments.find(request.path.removeprefix("/pay/")), now)
        except PaymentRefused as refused:
            return _html(pay_page.refusal(str(refused)), status=refused.status)

    def forget(self) -> None:
        """Begin anew."""
        self.payments.forget()
        self.webhooks.forget()

    def control(self, method: str, path: str, asked: Mapping[str, object], *, now: float) -> dict[str, object] | None:
        """What `/control` says of payments; None where that is no path of ours. Raises ValueError."""
        match method, path:
            case "GET", "/control/webhooks":
                return {"webhooks": [copy.shown() for copy in self.webhooks.copies]}
            case "GET", "/control/payments":
                return {"payments": [_happened(payment) for payment in self.payments.by_id.values()]}
            case "POST", "/control/payments":
                return self._press_for_all(asked, now)
        return None

    def _press_for_all(self, asked: Mapping[str, object], now: float) -> dict[str, object]:
        ids = asked.get("ids")
        if not isinstance(ids, list):
            raise ValueError("ids is a list of payments")
        other = {name: asked[name] for name in ("amount", "currency") if name in asked}
        try:
            for payment_id in ids:
                self._press(self.payments.find(str(payment_id)), str(asked.get("do", "")), now, **other)
        except PaymentRefused as refused:
            raise ValueError(str(refused)) from None
        return {"done": len(ids)}

    def _page(self, request: Request, payment: Payment, now: float) -> Response:
        token = hmac.new(self.webhooks.secret.encode(), f"page:{payment.id}".encode(), hashlib.sha256).hexdigest()
        if request.method in ("GET", "HEAD"):
            back = "{0.scheme}://{0.netloc}".format(urlsplit(payment.return_url))
            return _html(pay_page.page(payment, token=token, now=now, speed=self.webhooks.speed), back=f" {back}")
        if request.method != "POST" or not _is_ours(request, token):
            raise PaymentRefused("This did not come from the page itself. Open the page and try again.", 403)
        button = str(request.params.get("do", ""))
        self._press(payment, button, now)
        return Response(b"", 303, {"Location": request.path if button in STAYS else payment.return_url} | PLAIN)

    def _press(self, payment: Payment, button: str, now: float, **other: object) -> None:
        happening = press(self.payments, payment, button, now=now, speed=self.webhooks.speed, **other)
        self.webhooks.tell(payment, happening)


def _happened(payment: Payment) -> dict[str, object]:
    happenings = [asdict(happening) | {"amount": str(happening.amount)} for happening in payment.happenings]
    return {"id": payment.id, "reference": payment.reference, "happened": happenings}


def _is_ours(request: Request, token: str) -> bool:
    """Whether a form came from our page: it carries the page's token, and no browser says that it came from others."""
    host = request.headers.get("host", "")
    same_origin = request.headers.get("origin", f"http://{host}") in (f"http://{host}", f"https://{host}")
    same_site = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    return (
        same_origin and same_site and hmac.compare_digest(str(request.params.get("token", "")).encode(), token.encode())
    )


def _html(text: str, *, status: int = 200, back: str = "") -> Response:
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY.format(back=back)}
    return Response(text.encode(), status, headers | PLAIN)
