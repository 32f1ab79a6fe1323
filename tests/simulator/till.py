"""A seller who asks the sandbox for payments, and hears its webhooks over HTTP."""

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.simulator.conftest import SECRET, Simulator

BUYER_RETURNS_TO = "http://seller.test/thanks?top-up=1"


@dataclass
class Heard:
    """One webhook as it came in."""

    at: float
    signature: str
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def signed_at(self) -> int:
        return int(self.signature.partition(",")[0].removeprefix("t="))

    @property
    def genuine(self) -> bool:
        text = f"{self.signed_at}.".encode() + self.body
        expected = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        return self.signature == f"t={self.signed_at},v1={expected}"


class Till:
    """Answers webhooks with `answer(heard)`, an HTTP status; 200 unless told otherwise."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], int] = lambda heard: 200
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/sandbox"

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.simulator.port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def ask(self, reference: str = "T-1", total: str = "10.00", *, secret: str = SECRET, **more: str) -> Any:
        asked = {
            "reference": reference,
            "total": total,
            "currency": "USD",
            "description": "Top-up T-1",
            "return_url": BUYER_RETURNS_TO,
            "webhook_url": self.url,
        }
        return self._call("POST", "/pay/api/payments", asked | more, secret)

    def create(self, reference: str = "T-1", total: str = "10.00", **more: str) -> Any:
        answer = self.ask(reference, total, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def truth(self, payment: Any) -> Any:
        return self._call("GET", f"/pay/api/payments/{payment['id']}", {}, SECRET).json()

    def refund(self, payment: Any, amount: str, *, key: str = "r-1", currency: str = "USD") -> Any:
        asked = {"key": key, "amount": amount, "currency": currency}
        return self._call("POST", f"/pay/api/payments/{payment['id']}/refunds", asked, SECRET)

    def token(self, payment: Any) -> str:
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.simulator.http.get(payment["url"]).text)
        assert found
        return found[1]

    def press(self, payment: Any, button: str, **headers: str) -> requests.Response:
        """What a browser does for a click; redirects are not followed."""
        form = {"token": self.token(payment), "do": button}
        return self.simulator.http.post(payment["url"], data=form, headers=headers, allow_redirects=False)

    def press_all(self, button: str, payments: list[Any], **other: str) -> None:
        wish = {"ids": [payment["id"] for payment in payments], "do": button} | other
        answer = self.simulator.http.post(f"{self.home}/control/payments", json=wish)
        assert answer.json() == {"done": len(payments)}

    def hear(self, count: int) -> list[Heard]:
        """Wait until so many webhooks came; all that came."""
        wait_until(lambda: len(self.heard) >= count, self.heard)
        return self.heard

    def settled(self) -> list[Any]:
        """What the sandbox says it sent, once nothing more is due."""

        def copies() -> list[Any]:
            return list(self.simulator.watch("webhooks")["webhooks"])

        wait_until(lambda: all(copy["due"] is None for copy in copies()), copies)
        return copies()

    def _call(self, method: str, path: str, asked: dict[str, str], secret: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {secret}"}
        return self.simulator.http.request(method, self.home + path, json=asked or None, headers=headers, timeout=10)

    def _handler(till) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard = Heard(time.time(), self.headers["Sandbox-Signature"], body)
                till.heard.append(heard)
                self.send_response(till.answer(heard))
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"Thank you")

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def wait_until(condition: Callable[[], bool], seen: object, *, seconds: float = 20, pause: float = 0.02) -> None:
    """seen: what the failure says, or who is asked for it. pause: seconds between two looks."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, seen() if callable(seen) else seen
        time.sleep(pause)
