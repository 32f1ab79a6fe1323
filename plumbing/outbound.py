"""Outbound HTTP: one try through the address guard, inside a total deadline, with no retry, redirect or proxy."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

import certifi
from django.conf import settings

from plumbing.addresses import AddressRefused, Target, check_addresses, target_of
from plumbing.exchange import (
    MOST_BYTES,
    Answered,
    Exchange,
    KeptLine,
    NotSent,
    Problem,
    Request,
    Unanswered,
    Wire,
    exchange,
)

__all__ = ["Answered", "Exchange", "KeptLine", "NotSent", "Outbound", "Problem", "Request", "Unanswered", "outbound"]

CONNECT_SECONDS = 5.0


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, as the system's resolver lists them. Raises OSError."""
    return list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to exactly this address. Raises OSError."""
    return socket.create_connection((address, port), timeout=seconds)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """A way out, safe to share between threads. allow: "host:port" pairs past the guard.

    The rest is the network, exchangeable for tests.
    """

    allow: Collection[str] = ()
    resolve: Callable[[str, int], Sequence[str]] = resolve
    dial: Callable[[str, int, float], socket.socket] = dial
    trust: Callable[[], ssl.SSLContext] = _trust

    def post(
        self,
        url: str,
        *,
        form: Mapping[str, str],
        deadline: float,
        most_bytes: int = MOST_BYTES,
        line: KeptLine | None = None,
    ) -> Exchange:
        """POST a form once. The rest is as in `send`."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request(headers=headers, body=urlencode(form).encode())
        return self.send(url, request, deadline=deadline, most_bytes=most_bytes, line=line)

    def send(
        self,
        url: str,
        request: Request,
        *,
        deadline: float,
        most_bytes: int = MOST_BYTES,
        line: KeptLine | None = None,
    ) -> Exchange:
        """Make one request.

        deadline: seconds for everything together; connecting takes at most 5 of them. most_bytes: of the body, also
        once decompressed. line: reuse and keep its connection; without one it is fresh, and closed afterwards.
        """
        until = time.monotonic() + deadline
        wire = line.take() if line else None
        try:
            target = target_of(url, allow=self.allow)
            if wire is None or wire.target != (target.scheme, target.host, target.port):
                wire = self._connected(target, until=min(until, time.monotonic() + CONNECT_SECONDS))
        except _Stopped as stopped:
            return NotSent(stopped.problem)
        except AddressRefused:
            return NotSent(Problem.GUARD)
        wire.until = until
        return exchange(wire, target, request, most_bytes=most_bytes, line=line)

    def _connected(self, target: Target, *, until: float) -> Wire:
        addresses = _in_time(lambda: self.resolve(target.host, target.port), until=until)
        check_addresses(target, addresses)
        connection = self._dialed(addresses, target.port, until=until)
        if target.scheme == "https":
            connection = self._secured(connection, target, until=until)
        return Wire(connection, (target.scheme, target.host, target.port))

    def _dialed(self, addresses: Sequence[str], port: int, *, until: float) -> socket.socket:
        problem = Problem.CONNECT_TIMEOUT
        for tried, address in enumerate(addresses):
            share = (until - time.monotonic()) / (len(addresses) - tried)
            if share <= 0:
                break
            try:
                return self.dial(address, port, share)
            except TimeoutError:
                problem = Problem.CONNECT_TIMEOUT
            except OSError:
                problem = Problem.REFUSED
        raise _Stopped(problem)

    def _secured(self, connection: socket.socket, target: Target, *, until: float) -> ssl.SSLSocket:
        try:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            return self.trust().wrap_socket(connection, server_hostname=target.host)
        except (OSError, ValueError) as error:
            connection.close()
            raise _Stopped(Problem.TLS) from error


def outbound() -> Outbound:
    """The way out that this installation's settings permit."""
    return Outbound(allow=frozenset(settings.OUTBOUND_ALLOW))


class _Stopped(Exception):
    """Ended before the first byte was sent."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _in_time(call: Callable[[], Sequence[str]], *, until: float) -> Sequence[str]:
    """Resolve in a thread of its own: the system's resolver knows no deadline."""
    answers: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(call())
        except (OSError, UnicodeError):
            answers.put(())

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        addresses = answers.get(timeout=max(until - time.monotonic(), 0.001))
    except queue.Empty:
        addresses = ()
    if not addresses:
        raise _Stopped(Problem.DNS)
    return addresses
