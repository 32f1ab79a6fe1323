"""HTTP/1.1 as far as a provider needs it, with the connection in hand: some troubles are below what ASGI can do."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_HEAD = 65_536
LONGEST_BODY = 4_194_304
TLS_HANDSHAKE = b"\x16"


class BadRequest(Exception):
    """Bytes that are no HTTP request that we can read. Carries the HTTP status to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Request:
    """method in capitals, header names in lower case, params from query string and body, a body value winning."""

    method: str
    path: str
    headers: dict[str, str]
    params: dict[str, object]
    keep_alive: bool


@dataclass(slots=True)
class Response:
    """body as it goes out. after: seconds to wait before it. over: seconds that it takes. cut: reset, send nothing."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    after: float = 0.0
    over: float = 0.0
    cut: bool = False


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None when the other side has closed it, or speaks TLS. Raises BadRequest."""
    try:
        first = await reader.readexactly(1)
        if first == TLS_HANDSHAKE:  # its other end would wait for us in vain
            return None
        head = first + await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    except asyncio.LimitOverrunError:
        raise BadRequest(431) from None
    request_line, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = request_line.partition(" ")
    target, _, version = rest.partition(" ")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    if not version.startswith("HTTP/1.") or "transfer-encoding" in headers:
        raise BadRequest(400)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LONGEST_BODY:
        raise BadRequest(413)
    try:
        body = await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    url = urlsplit(target)
    params: dict[str, object] = dict(parse_qsl(url.query, keep_blank_values=True))
    params |= _body_params(body, headers.get("content-type", ""))
    keep_alive = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
    return Request(method.upper(), unquote(url.path), headers, params, keep_alive)


async def write_response(writer: asyncio.StreamWriter, response: Response, *, keep_alive: bool) -> None:
    """Send it, as late, as slowly or as brutally as it asks for."""
    if response.after:
        await asyncio.sleep(response.after)
    if response.cut:
        writer.transport.abort()
        return
    headers = response.headers | {
        "Content-Length": str(len(response.body)),
        "Connection": "keep-alive" if keep_alive else "close",
    }
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if not response.over:
        writer.write(head + response.body)
        await writer.drain()
        return
    writer.write(head)
    for byte in response.body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(response.over / len(response.body))


def _body_params(body: bytes, content_type: str) -> Mapping[str, object]:
    if not body:
        return {}
    if "json" in content_type:
        try:
            said = json.loads(body)
        except ValueError:
            raise BadRequest(400) from None
        return said if isinstance(said, dict) else {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
