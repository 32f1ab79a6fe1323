"""The simulated provider's books: one JSON line for each thing that was accepted, and the same in memory."""

import heapq
from collections import Counter
from pathlib import Path

from orders.simulator import progress
from orders.simulator.lines import CannotOpen, Line, Lines
from orders.simulator.progress import Order

FIRST_ID = 5_000_001
STORED = (
    "id",
    "service",
    "link",
    "quantity",
    "charge",
    "at",
    "pace",
    "speed",
    "delay",
    "runs",
    "interval",
    "request_id",
    "content",
)


class Journal:
    """Orders, cancels, refills and money, each written down before its answer leaves."""

    def __init__(self, folder: Path, *, seed: int, opening: int) -> None:
        self.seed = seed
        self.balance_paid_in = opening
        self.orders: dict[int, Order] = {}
        self.by_request_id: dict[str, Order] = {}
        self.refills: list[tuple[int, float]] = []
        self.last_refill: dict[int, float] = {}
        self.arrived: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.next_id = FIRST_ID
        self._spent = 0
        self._refunded: set[int] = set()
        self._refunds_due: list[tuple[float, int]] = []
        self._lines = Lines(folder, "journal.jsonl")
        self._load()

    def accept(self, order: Order) -> Order:
        """Keep a new order, charge it and count it; its id is the next one."""
        order.id = self.next_id
        kept: Line = {name: getattr(order, name) for name in STORED} | {"troubles": order.troubles}
        self._write({"order": kept})
        return self.orders[order.id]

    def bulk(self, *, template: Order, count: int) -> range:
        """Make `count` orders like the template, in one line: charged, but not counted per link. Answers their ids."""
        first = self.next_id
        kept: Line = {name: getattr(template, name) for name in STORED}
        self._write({"bulk": kept | {"id": first}, "count": count})
        return range(first, first + count)

    def cancel(self, order: Order, *, at: float) -> None:
        self._write({"cancel": order.id, "at": at})

    def refill(self, order: Order, *, at: float) -> int:
        """Keep a refill and answer its id, counted from 1."""
        self._write({"refill": order.id, "at": at})
        return len(self.refills)

    def deposit(self, amount: int) -> None:
        self._write({"deposit": amount})

    def arrival(self, link: str) -> None:
        """Count an `add` that came in and was not accepted as a new order."""
        self._write({"arrived": link})

    def balance(self, now: float) -> int:
        """Paid in, minus charges, plus what ended orders gave back, in hundred-thousandths."""
        while self._refunds_due and self._refunds_due[0][0] <= now:
            order = self.orders[heapq.heappop(self._refunds_due)[1]]
            if order.id not in self._refunded and order.ends_at <= now:
                self._refunded.add(order.id)
                self._spent -= progress.refunded(order)
        return self.balance_paid_in - self._spent

    def close(self) -> None:
        self._lines.close()

    def _write(self, line: Line) -> None:
        self._lines.append(line)
        self._apply(line)

    def _load(self) -> None:
        lines = self._lines.read()
        first = next(lines, None)
        if first is None:
            self._lines.append({"seed": self.seed})
        elif first.get("seed") != self.seed:
            raise CannotOpen(f"these orders were accepted under seed {first.get('seed')}, not {self.seed}")
        for line in lines:
            self._apply(line)

    def _apply(self, line: Line) -> None:
        match line:
            case {"order": dict(kept)}:
                order = self._add(Order(**kept | {"troubles": tuple(map(tuple, kept["troubles"]))}))
                self._count(order)
            case {"bulk": dict(kept), "count": int(count)}:
                for number in range(kept["id"], kept["id"] + count):
                    self._add(Order(**kept | {"id": number}))
            case {"cancel": int(order_id), "at": float(at)}:
                progress.cancel(self.orders[order_id], at=at)
                self._expect_refund(self.orders[order_id])
            case {"refill": int(order_id), "at": float(at)}:
                self.refills.append((order_id, at))
                self.last_refill[order_id] = at
            case {"deposit": int(amount)}:
                self.balance_paid_in += amount
            case {"arrived": str(link)}:
                self.arrived[link] += 1

    def _add(self, order: Order) -> Order:
        self.orders[order.id] = progress.planned(order, seed=self.seed)
        self.next_id = order.id + 1
        self._spent += order.charge
        self._expect_refund(order)
        return order

    def _count(self, order: Order) -> None:
        self.arrived[order.link] += 1
        self.accepted[order.link] += 1
        if order.request_id:
            self.by_request_id[order.request_id] = order

    def _expect_refund(self, order: Order) -> None:
        if order.ending != "Completed":
            heapq.heappush(self._refunds_due, (order.ends_at, order.id))
