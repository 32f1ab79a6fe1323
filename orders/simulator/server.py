"""The process: connections in, one answer each, spoiled as asked, webhooks out, until SIGTERM."""

import asyncio
import json
import signal
import time
import zlib
from contextlib import suppress
from functools import cache

from orders.simulator.connection import LONGEST_HEAD, BadRequest, Request, Response, read_request, write_response
from orders.simulator.control import Control
from orders.simulator.faults import Faults, Picked
from orders.simulator.pay_api import action_of
from orders.simulator.pay_site import PaySite
from orders.simulator.payments import Payments
from orders.simulator.protocol import Prepared, answer
from orders.simulator.provider import Provider
from orders.simulator.webhooks import Webhooks

LOOPBACK = ("127.", "::1", "::ffff:127.")
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
REPLACED = {  # kind: HTTP status, content type and body in place of the right answer
    "http_500": (500, "application/json", b'{"message":"Server Error"}'),
    "http_502": (502, "text/html", HTML),
    "html": (200, "text/html", HTML),
    "empty": (200, "application/json", b""),
    "garbage": (200, "application/json", b'{"order": 50000'),
    "wrong_shape": (200, "application/json", b'[{"result": "ok"}, 17]'),
    "huge": (200, "application/json", b'{"order": "' + b"9" * 10_485_760 + b'"}'),
}


class Server:
    """One simulated provider, and a sandbox for payments, behind one port.

    latency: seconds before every answer of the provider's API. secret: of the sandbox, '' closes it.
    """

    def __init__(self, provider: Provider, payments: Payments, *, secret: str = "", latency: float = 0.0) -> None:
        self.provider = provider
        self.faults = Faults(seed=provider.journal.seed)
        self.webhooks = Webhooks(payments, self.faults, secret=secret, speed=provider.speed)
        self.pay_site = PaySite(payments, self.webhooks)
        self.control = Control(provider, self.faults, self.pay_site, shut_for=self._shut_for)
        self.latency = latency
        self._connections: set[asyncio.Task[None]] = set()
        self._shut_seconds = 0.0
        self._closing = asyncio.Event()  # when to stop taking connections: for good, or for `_shut_seconds`

    async def serve(self, host: str, port: int, *, ready: asyncio.Event | None = None) -> None:
        """Answer until SIGTERM or SIGINT. Raises OSError when the port cannot be had."""
        stop = asyncio.Event()

        def stopped() -> None:
            stop.set()
            self._closing.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped)
        telling = asyncio.create_task(self.webhooks.run())
        telling.add_done_callback(lambda _: stopped())
        try:
            while not stop.is_set():
                await self._take_connections(host, port, ready)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._shut_seconds)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _take_connections(self, host: str, port: int, ready: asyncio.Event | None) -> None:
        """Answer until it is time to close, then hang up on everybody."""
        self._closing.clear()
        server = await asyncio.start_server(self._connected, host, port, limit=LONGEST_HEAD, backlog=512)
        if ready:
            ready.set()
        await self._closing.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _shut_for(self, seconds: float) -> None:
        """Refuse every connection so long, from the end of this answer on."""
        self._shut_seconds = seconds
        self._closing.set()

    def respond(self, request: Request, *, local: bool) -> Response:
        """The answer to one request, spoiled where that was asked for."""
        now = time.time()
        if request.path.startswith("/control"):
            if not local:
                return Response(b'{"error":"loopback only"}', 403)
            status, said = self.control.answer(request.method, request.path, request.params, now=now)
            return _json(said, status=status)
        if request.path.startswith("/pay/"):
            return self._pay(request, now)
        if request.path.rstrip("/") != "/api/v2":
            return Response(b"simulated provider: POST /api/v2\n", 404, {"Content-Type": "text/plain"})
        if request.method != "POST":
            return _json({"error": "Incorrect request"})
        return self._api(request, now)

    def _api(self, request: Request, now: float) -> Response:
        params = {name: _text(value) for name, value in request.params.items()}
        if "idempotency-key" in request.headers:
            params.setdefault("request_id", request.headers["idempotency-key"])
        action = params.get("action", "")
        self.control.requests[action] += 1
        picked = self.faults.pick(action, params.get("link", "") if action == "add" else "")
        said = answer(self.provider, params, picked=picked, now=now)
        response = Response(said.encode()) if isinstance(said, Prepared) else _json(said)
        if action == "balance" and self.provider.request_ids:
            response.headers["X-SMM-Idempotency"] = "request_id"
        spoiled = spoil(response, picked)
        spoiled.after += self.latency
        return spoiled

    def _pay(self, request: Request, now: float) -> Response:
        action = action_of(request)
        if not action:
            return self.pay_site.respond(request, now=now)
        self.control.requests[action] += 1
        picked = self.faults.pick(action, "")
        refused = picked.argument("error")
        if refused is not None:
            return _json({"error": refused or "Something went wrong"}, status=422)
        if not picked.accepted:
            return spoil(_json({"error": "Not accepted"}, status=503), picked)
        return spoil(self.pay_site.respond(request, now=now), picked)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the other side, or we, hung up
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        local = str(peer[0]).startswith(LOOPBACK) if peer else False
        while True:
            try:
                request = await read_request(reader)
            except BadRequest as wrong:
                await write_response(writer, Response(b"", wrong.status), keep_alive=False)
                return
            if request is None:
                return
            response = self.respond(request, local=local)
            await write_response(writer, response, keep_alive=request.keep_alive)
            if response.cut or not request.keep_alive:
                return


def spoil(response: Response, picked: Picked) -> Response:
    """The response as the picked troubles leave it; the first of them that concerns answers wins."""
    for kind, argument in picked.troubles:
        spoiled = _spoiled(response, kind, argument)
        if spoiled is not None:
            return spoiled
    return response


def _spoiled(response: Response, kind: str, argument: str) -> Response | None:
    match kind:
        case "error":
            return _json({"error": argument or "Something went wrong"})
        case "http_429":
            return Response(
                b'{"error":"Too many requests"}',
                429,
                {"Content-Type": "application/json", "Retry-After": argument or "2"},
            )
        case "late":
            response.after = float(argument or 30)
            return response
        case "slow_drip":
            response.over = float(argument or 30)
            return response
        case "drop":
            response.cut = True
            return response
    return _replaced(kind)


def _replaced(kind: str) -> Response | None:
    if kind == "gzip_bomb":
        return Response(_bomb(), 200, {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    if kind not in REPLACED:
        return None
    status, content_type, body = REPLACED[kind]
    return Response(body, status, {"Content-Type": content_type})


@cache
def _bomb() -> bytes:
    """100 MB of spaces, packed into 100 kB."""
    packer = zlib.compressobj(level=9, wbits=31)  # 31: with the header of gzip
    return b"".join(packer.compress(b" " * 1_048_576) for _ in range(100)) + packer.flush()


def _json(said: object, *, status: int = 200) -> Response:
    return Response(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode(), status)


def _text(value: object) -> str:
    """A JSON value as the form would have carried it: lists of ids with commas."""
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return "" if value is None else str(value)
