"""A small HTTP server on a free port of 127.0.0.1, on which a test plays somebody else's service."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Heard:
    """One request. path: decoded, in its parts; headers: names in lower case."""

    method: str
    path: list[str]
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


class StandIn:
    """Keeps every request in `heard`; a subclass answers with a status and JSON."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in._handle(self)

            def do_POST(self) -> None:
                stand_in._handle(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def answer(self, heard: Heard) -> tuple[int, object]:
        raise NotImplementedError

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        heard = Heard(
            request.command,
            [unquote(part) for part in parts.path.split("/")[1:]],
            parse_qs(parts.query),
            {name.lower(): value for name, value in request.headers.items()},
            request.rfile.read(int(request.headers.get("Content-Length", 0))),
        )
        with self._lock:
            self.heard.append(heard)
            status, said = self.answer(heard)
        body = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
