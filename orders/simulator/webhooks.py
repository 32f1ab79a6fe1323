"""Tells whoever asked for a payment what happened to it: signed, again until it is heard, and troubled on request."""

import asyncio
import hashlib
import heapq
import hmac
import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from orders.simulator.faults import Faults, Trouble
from orders.simulator.payments import Happening, Payment, Payments
from orders.simulator.progress import HOUR, dice

AGAIN_AFTER = (10.0, 60.0, 600.0, HOUR, *[6 * HOUR] * 12)  # simulated seconds after each failed try: three days in all
ANSWER_SECONDS = 10
MOST_AT_ONCE = 16
MOST_REMEMBERED = 100_000
STALE_SECONDS = 3600  # how old a stale signature says it is
LOOPBACK = {"127.0.0.1", "localhost"}
WRONG_SECRET = "not-the-secret"  # noqa: S105


@dataclass(slots=True)
class Copy:
    """One webhook to send. kind: "genuine", "forged" or "stale". answers: the HTTP status of each try, 0 for none.

    due: Unix seconds of the next try, None once there is none.
    """

    payment: Payment
    happening: Happening
    kind: str
    due: float | None
    answers: list[int] = field(default_factory=list)
    forgotten: bool = False

    def shown(self) -> dict[str, object]:
        return {
            "event": self.happening.id,
            "type": f"payment.{self.happening.kind}",
            "payment": self.payment.id,
            "kind": self.kind,
            "answers": self.answers,
            "due": self.due,
        }


class Webhooks:
    """What was sent, and what is still to be. speed: simulated seconds in a second."""

    def __init__(self, payments: Payments, faults: Faults, *, secret: str, speed: float) -> None:
        self.payments = payments
        self.faults = faults
        self.secret = secret
        self.speed = speed
        self.copies: deque[Copy] = deque(maxlen=MOST_REMEMBERED)
        self._queue: list[tuple[float, int, Copy]] = []
        self._queued = 0
        self._woken = asyncio.Event()
        for payment, happening in payments.untold():
            self._send_at(Copy(payment, happening, "genuine", happening.at))

    def tell(self, payment: Payment, happening: Happening) -> None:
        """Send it once it has happened, as the standing wishes have it."""
        troubles = self.faults.of_a_webhook()
        copies = list(_copies(payment, happening, troubles))
        if not any(copy.kind == "genuine" for copy in copies):
            self.payments.told(happening)
        for number, copy in enumerate(copies):
            late = sum(self._lateness(trouble, copy, number) for trouble in troubles)
            copy.due = happening.at + late / self.speed
            self._send_at(copy)

    def forget(self) -> None:
        """Send nothing of what is still to be sent."""
        for copy in self.copies:
            copy.forgotten = True
        self.copies.clear()
        self._queue.clear()

    def _lateness(self, trouble: Trouble, copy: Copy, number: int) -> float:
        """Simulated seconds."""
        kind, argument = trouble
        if kind == "delayed":
            return float(argument or HOUR)
        if kind == "shuffled":
            return float(argument or 600) * dice(self.payments.seed, "shuffled", copy.happening.id, number)
        return 0.0

    async def run(self) -> None:
        """Send what is due, for ever."""
        places = asyncio.Semaphore(MOST_AT_ONCE)
        async with asyncio.TaskGroup() as sending:
            while True:
                await self._wait()
                while self._queue and self._queue[0][0] <= time.time():
                    sending.create_task(self._try(heapq.heappop(self._queue)[2], places))

    async def _wait(self) -> None:
        """Until the next is due, or one more is queued."""
        self._woken.clear()
        with suppress(TimeoutError):
            left = self._queue[0][0] - time.time() if self._queue else None
            await asyncio.wait_for(self._woken.wait(), None if left is None else max(left, 0))

    async def _try(self, copy: Copy, places: asyncio.Semaphore) -> None:
        async with places:
            body = _body(copy)
            signature = _signature(copy, body, secret=self.secret, now=time.time())
            status = await _post(copy.payment.webhook_url, body, signature)
        copy.answers.append(status)
        taken, tries = 200 <= status < 300, len(copy.answers)
        copy.due = None
        if copy.kind != "genuine" or copy.forgotten:
            return
        if taken or tries > len(AGAIN_AFTER):
            self.payments.told(copy.happening)
        else:
            copy.due = time.time() + AGAIN_AFTER[tries - 1] / self.speed
            self._queue_up(copy)

    def _send_at(self, copy: Copy) -> None:
        self.copies.append(copy)
        self._queue_up(copy)

    def _queue_up(self, copy: Copy) -> None:
        assert copy.due is not None
        self._queued += 1
        heapq.heappush(self._queue, (copy.due, self._queued, copy))
        self._woken.set()


def _copies(payment: Payment, happening: Happening, troubles: list[Trouble]) -> Iterator[Copy]:
    """The forgeries go first: whoever believes them, or remembers their ids, will be caught."""
    asked = dict(troubles)
    for kind in ("forged", "stale"):
        if kind in asked:
            for _ in range(int(float(asked[kind] or 1))):
                yield Copy(payment, happening, kind, None)
    if "lost" not in asked:
        for _ in range(int(float(asked.get("duplicate", "1") or 2))):
            yield Copy(payment, happening, "genuine", None)


def _body(copy: Copy) -> bytes:
    said = {
        "id": copy.happening.id,
        "type": f"payment.{copy.happening.kind}",
        "created": int(copy.happening.at),
        "payment": copy.payment.id,
        "reference": copy.payment.reference,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def _signature(copy: Copy, body: bytes, *, secret: str, now: float) -> str:
    at = int(now) - (STALE_SECONDS if copy.kind == "stale" else 0)
    key = WRONG_SECRET if copy.kind == "forged" else secret
    return f"t={at},v1={hmac.new(key.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


async def _post(url: str, body: bytes, signature: str) -> int:
    """The HTTP status of the answer, 0 where there is none in time. Only this machine is called, and only by http."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return 0
    lines = (
        f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Sandbox-Signature: {signature}",
        "Connection: close",
    )
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
            try:
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body)
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
    except (OSError, ValueError, IndexError):
        return 0
