"""How far an order is: pure functions of seed, order and time, without a clock, a file or a random source."""

from dataclasses import dataclass
from hashlib import blake2b
from math import inf
from typing import NamedTuple

HOUR = 3600.0
CANCEL_TAKES = 60.0  # simulated seconds from an accepted cancel to the end of the order
REFILL_TAKES = 1800.0
CHANGES_ITS_MIND_AFTER = 600.0
ENDINGS = {"completed": "Completed", "partial": "Partial", "canceled": "Canceled"}


@dataclass(slots=True)
class Order:
    """One accepted order, as the journal keeps it, with what follows from it and the seed.

    charge: hundred-thousandths of the currency. at, cancel_at: Unix seconds. pace: units an hour, simulated.
    delay: it starts at the latest so many simulated seconds after it was accepted.
    speed: simulated seconds per second. runs, interval: drip-feed, simulated minutes; one run without.
    quantity: all runs together. troubles: (kind, argument), see the package's docstring.
    shown: how `status` tells it until `shown_until`.
    """

    id: int
    service: int
    link: str
    quantity: int
    charge: int
    at: float
    pace: float
    speed: float
    delay: float = 300.0
    runs: int = 1
    interval: int = 0
    troubles: tuple[tuple[str, str], ...] = ()
    request_id: str = ""
    content: str = ""
    cancel_at: float | None = None
    start_count: int = 0
    starts_at: float = 0.0
    run_seconds: float = 1.0
    run_every: float = 1.0
    target: int = 0
    ending: str = "Completed"
    ends_at: float = 0.0
    shown: str = ""
    shown_until: float = 0.0

    def trouble(self, kind: str) -> str | None:
        """The argument of a trouble of this kind, None where the order has none."""
        return next((argument for name, argument in self.troubles if name == kind), None)


class Snapshot(NamedTuple):
    """An order at one moment: the status word, units delivered, and whether it has ended."""

    word: str
    delivered: int
    ended: bool


def dice(seed: int, *parts: object) -> float:
    """A number in [0, 1) that the seed and the parts decide: the same on every machine and at every call."""
    digest = blake2b(repr((seed, *parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def planned(order: Order, *, seed: int) -> Order:
    """Fill in what follows from the order and the seed: start, duration, start count and how it ends."""
    order.start_count = int(50 * 1000 ** dice(seed, "start count", order.id))
    order.starts_at = order.at + order.delay * (0.2 + 0.8 * dice(seed, "delay", order.id)) / order.speed
    pace = order.pace * (0.85 + 0.3 * dice(seed, "pace", order.id))
    order.run_seconds = max(order.quantity / order.runs / pace * HOUR / order.speed, 0.001)
    order.run_every = max(order.run_seconds, order.interval * 60 / order.speed)
    order.target, order.ending = _ending(order)
    order.ends_at = _moment_of(order, order.target)
    return order


def cancel(order: Order, *, at: float) -> None:
    """End the order a little after `at`, with what will be delivered by then; one that ends before is left alone."""
    stops_at = at + CANCEL_TAKES / order.speed
    order.cancel_at = at
    if stops_at < order.ends_at:
        order.target = min(order.target, _units(order, stops_at))
        order.ends_at = stops_at
        order.ending = "Partial" if order.target else "Canceled"
    order.shown_until = at


def snapshot(order: Order, now: float) -> Snapshot:
    """What has really happened to the order by `now`."""
    if now >= order.ends_at:
        return Snapshot(order.ending, order.target, True)
    if now >= order.starts_at:
        return Snapshot("In progress", min(_units(order, now), order.target), False)
    halfway = (order.at + order.starts_at) / 2
    return Snapshot("Pending" if now < halfway else "Processing", 0, False)


def stands_until(order: Order, now: float) -> float:
    """Until when what `status` says at `now` holds: the next unit, the next word, or the start count of the start."""
    if now >= order.ends_at:
        return inf if now >= order.starts_at else order.starts_at
    if now >= order.starts_at:
        return min(_moment_of(order, _units(order, now) + 1), order.ends_at)
    halfway = (order.at + order.starts_at) / 2
    return min(halfway if now < halfway else order.starts_at, order.ends_at)


def refunded(order: Order) -> int:
    """What an order gives back once it has ended: the charge of what was not delivered, in hundred-thousandths."""
    return 0 if order.ending == "Completed" else order.charge * (order.quantity - order.target) // order.quantity


def refill_word(*, at: float, speed: float, now: float) -> str:
    """The status of a refill asked for at `at`."""
    passed = (now - at) * speed / REFILL_TAKES
    return "Completed" if passed >= 1 else "In progress" if passed >= 0.2 else "Pending"


def _ending(order: Order) -> tuple[int, str]:
    """Units that will be delivered in all, and the word at the end."""
    for kind, argument in order.troubles:
        if kind in ENDINGS:
            share = float(argument or (0 if kind == "canceled" else 1))
            return int(order.quantity * share), ENDINGS[kind]
    return order.quantity, "Completed"


def _units(order: Order, now: float) -> int:
    """Units delivered by `now` if nothing stops the order: evenly within a run, one run after the other."""
    elapsed = now - order.starts_at
    if elapsed <= 0:
        return 0
    if order.runs == 1:
        return min(order.quantity, int(order.quantity * elapsed / order.run_seconds))
    per_run = order.quantity // order.runs
    whole, part = divmod(elapsed, order.run_every)
    if whole >= order.runs:
        return order.quantity
    return int(whole) * per_run + min(per_run, int(per_run * part / order.run_seconds))


def _moment_of(order: Order, units: int) -> float:
    """When so many units are delivered, Unix seconds."""
    per_run = order.quantity // order.runs
    whole, part = divmod(units, per_run)
    if whole and not part:
        whole, part = whole - 1, per_run
    return order.starts_at + whole * order.run_every + part / per_run * order.run_seconds
