"""One HTTP exchange over one connected socket, inside a deadline, and an exact account of how far it came."""

import io
import re
import socket
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException, HTTPResponse, IncompleteRead

from plumbing.addresses import Target

MOST_BYTES = 1_000_000
_READ_STEP = 65_536
_LONGEST_LINE = 4096  # of a chunk's size and its extensions
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+\Z")


class Problem(StrEnum):
    """Why there is no answer. The first five come before the first byte of the request has left."""

    GUARD = "guard"  # the URL or an address of its host may not be called
    DNS = "dns"
    REFUSED = "refused"  # nobody listens, or no way there
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    TIMEOUT = "timeout"  # the deadline ran out, however busily the other side dripped bytes
    RESET = "reset"
    TOO_LARGE = "too_large"
    CUT_SHORT = "cut_short"
    GARBLED = "garbled"  # not HTTP, or an encoding nobody asked for


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not one byte of the request left this machine."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request, or a part of it, was sent; what became of it nobody can say."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Answered:
    """A complete answer. headers: names in lower case. body: decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Exchange = NotSent | Unanswered | Answered


class Wire:
    """A connected socket whose every send and receive gets only the time that is left."""

    def __init__(self, connection: socket.socket, target: tuple[str, str, int]) -> None:
        self._connection = connection
        self.target = target
        self.until = 0.0

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self))

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._ready().send(view) :]

    def receive(self, buffer: memoryview) -> int:
        return self._ready().recv_into(buffer)

    def hang_up(self) -> None:
        self._connection.close()

    def _ready(self) -> socket.socket:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection


class _Reads(io.RawIOBase):
    """The reading half that `http.client` closes after each answer, while the wire stays."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._wire.receive(buffer)


class KeptLine:
    """Keeps a connection open between the requests of one thread; for reads only, never for a submission."""

    def __init__(self) -> None:
        self.wire: Wire | None = None

    def take(self) -> Wire | None:
        wire, self.wire = self.wire, None
        return wire

    def close(self) -> None:
        """Hang up."""
        wire = self.take()
        if wire:
            wire.hang_up()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. headers: beside those about the connection itself; none may hold a line break.

    Raises ValueError, without the value, for a header that would not stay one line of ASCII.
    """

    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if not (_HEADER_NAME.match(name) and value.isascii() and value.isprintable()):
                raise ValueError(f"not a header: {name!r}")


class _Spoiled(Exception):
    """The request was sent, and its answer is no use."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def exchange(wire: Wire, target: Target, request: Request, *, most_bytes: int, line: KeptLine | None) -> Exchange:
    """Send and read. From the first statement on the request counts as sent."""
    kept = False
    try:
        answer, reusable = _answer(wire, target, request, most_bytes=most_bytes, keep=line is not None)
        if line is not None and reusable:
            line.wire, kept = wire, True
        return answer
    except _Spoiled as spoiled:
        return Unanswered(spoiled.problem)
    except TimeoutError:
        return Unanswered(Problem.TIMEOUT)
    except OSError:
        return Unanswered(Problem.RESET)
    except IncompleteRead:
        return Unanswered(Problem.CUT_SHORT)
    except (HTTPException, ValueError, zlib.error):
        return Unanswered(Problem.GARBLED)
    finally:
        if not kept:
            wire.hang_up()


def _answer(wire: Wire, target: Target, request: Request, *, most_bytes: int, keep: bool) -> tuple[Answered, bool]:
    # At once: a second small packet would wait for an ACK.
    wire.sendall(_head(target, request, keep=keep) + request.body)
    with _StrictResponse(wire, method=request.method) as response:  # type: ignore[arg-type]  # it needs only `makefile`
        response.begin()
        raw = _raw_body(response, most_bytes)
        headers = {name.lower(): value for name, value in response.getheaders()}
        answered = Answered(response.status, headers, _decompressed(raw, headers, most_bytes))
        return answered, keep and not response.will_close


def _head(target: Target, request: Request, *, keep: bool) -> bytes:
    lines = [
        f"{request.method} {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        *(f"{name}: {value}" for name, value in request.headers.items()),
        *([f"Content-Length: {len(request.body)}"] if request.method != "GET" else []),
        "Accept: application/json",
        "Accept-Encoding: gzip",
        "User-Agent: smmpanel",
        f"Connection: {'keep-alive' if keep else 'close'}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


class _StrictResponse(HTTPResponse):
    """Chunks whose size is hexadecimal digits and nothing else (RFC 9112, section 7.1): `int` would also take "-1",
    which reads to the end whatever the limit."""

    def _read_next_chunk_size(self) -> int:
        line = self.fp.readline(_LONGEST_LINE + 1)
        size = line.partition(b";")[0].rstrip(b" \t\r\n")
        if not line:
            raise _Spoiled(Problem.CUT_SHORT)
        if len(line) > _LONGEST_LINE or not _CHUNK_SIZE.fullmatch(size):
            raise _Spoiled(Problem.GARBLED)
        return int(size, 16)


def _raw_body(response: HTTPResponse, most_bytes: int) -> bytes:
    parts, size = [], 0
    while part := response.read(min(_READ_STEP, most_bytes + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > most_bytes:
            raise _Spoiled(Problem.TOO_LARGE)
    if response.length:
        raise _Spoiled(Problem.CUT_SHORT)
    return b"".join(parts)


def _decompressed(raw: bytes, headers: Mapping[str, str], most_bytes: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return raw
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise _Spoiled(Problem.GARBLED)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    body = unpacker.decompress(raw, most_bytes + 1)
    if len(body) > most_bytes:
        raise _Spoiled(Problem.TOO_LARGE)
    if not unpacker.eof:
        raise _Spoiled(Problem.CUT_SHORT)
    return body
