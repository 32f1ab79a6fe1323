"""The sandbox's books: payments asked for, and what happened to each. JSON lines in a file, and the same in memory."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

from orders.simulator.lines import Line, Lines

NOTHING = Decimal("0.00")


class PaymentRefused(Exception):
    """The text and the HTTP status of a refusal."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a payment; its webhook carries the same id. at: Unix seconds, may lie ahead.

    kind: "paid", "closed", "refunded", "disputed" or "dispute_won". key: the idempotency key of a refund.
    """

    id: str
    payment: str
    kind: str
    at: float
    amount: Decimal
    currency: str
    key: str = ""


@dataclass(slots=True)
class Payment:
    """What somebody is to pay, and all that happened to it, the earliest first."""

    id: str
    reference: str
    total: Decimal
    currency: str
    description: str
    return_url: str
    webhook_url: str
    at: float
    happenings: list[Happening] = field(default_factory=list)

    def standing(self, now: float) -> "Standing":
        """How it stands at a moment: what lies ahead has not happened."""
        return Standing([happening for happening in self.happenings if happening.at <= now], self.currency)


class Standing:
    """The sums of what has happened. Amounts in `currency`: the money that came, or what was asked for."""

    def __init__(self, happened: list[Happening], asked: str) -> None:
        sums: dict[str, Decimal] = {}
        for happening in happened:
            sums[happening.kind] = sums.get(happening.kind, NOTHING) + happening.amount
        self.state = "paid" if "paid" in sums else "dead" if "closed" in sums else "open"
        self.currency = next((happening.currency for happening in happened if happening.kind == "paid"), asked)
        self.received = sums.get("paid", NOTHING)
        self.refunded = sums.get("refunded", NOTHING)
        self.disputed = sums.get("disputed", NOTHING) - sums.get("dispute_won", NOTHING)
        self.left = self.received - self.refunded - self.disputed


class Payments:
    """All payments. A reference names one for ever; ids follow from the seed."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        """Open the books of a folder. Raises CannotOpen."""
        self.seed = seed
        self.by_id: dict[str, Payment] = {}
        self.by_reference: dict[str, Payment] = {}
        self._told: set[str] = set()
        self._lines = Lines(folder, "payments.jsonl")
        for line in self._lines.read():
            self._apply(line)

    def find(self, payment_id: str) -> Payment:
        """Raises PaymentRefused."""
        if payment_id not in self.by_id:
            raise PaymentRefused("No such payment", 404)
        return self.by_id[payment_id]

    def create(self, asked: Line, *, now: float) -> tuple[Payment, bool]:
        """The payment of this reference, and whether it is new. Raises PaymentRefused when it asks for other money."""
        known = self.by_reference.get(asked["reference"])
        if known and (known.total, known.currency) != (asked["total"], asked["currency"]):
            raise PaymentRefused("This reference asks for another amount already", 409)
        if known:
            return known, False
        payment_id = self._id("pay", asked["reference"])
        self._write({"payment": asked | {"id": payment_id, "total": str(asked["total"]), "at": now}})
        return self.by_id[payment_id], True

    def pay(self, payment: Payment, *, amount: Decimal, currency: str, at: float) -> Happening:
        """Take money, now or later, closed or not. Raises PaymentRefused when some came, or is on its way."""
        if any(happening.kind == "paid" for happening in payment.happenings):
            raise PaymentRefused("This is paid already", 409)
        return self._happen(payment, "paid", at=at, amount=amount, currency=currency)

    def close(self, payment: Payment, *, at: float) -> Happening:
        """End it without money. Raises PaymentRefused when it is closed, or money came or is on its way."""
        if payment.happenings:
            raise PaymentRefused("There is nothing to close", 409)
        return self._happen(payment, "closed", at=at, amount=NOTHING, currency=payment.currency)

    def refund(self, payment: Payment, *, amount: Decimal, key: str, at: float) -> tuple[Happening, bool]:
        """Send money back; the same key again is the same refund, and not new. Raises PaymentRefused."""
        for happening in payment.happenings:
            if key and happening.key == key:
                if happening.amount != amount:
                    raise PaymentRefused("This key sent back another amount already", 409)
                return happening, False
        if amount > payment.standing(at).left:
            raise PaymentRefused("More than is left of this payment")
        currency = payment.standing(at).currency
        return self._happen(payment, "refunded", at=at, amount=amount, currency=currency, key=key), True

    def charge_back(self, payment: Payment, *, amount: Decimal, at: float) -> Happening:
        """The payer's bank takes money back. Raises PaymentRefused when less is left."""
        standing = payment.standing(at)
        if amount > standing.left:
            raise PaymentRefused("More than is left of this payment")
        return self._happen(payment, "disputed", at=at, amount=amount, currency=standing.currency)

    def win_dispute(self, payment: Payment, *, at: float) -> Happening:
        """The bank gives back what it had taken. Raises PaymentRefused when it holds nothing."""
        standing = payment.standing(at)
        if not standing.disputed:
            raise PaymentRefused("Nothing of this payment is charged back", 409)
        return self._happen(payment, "dispute_won", at=at, amount=standing.disputed, currency=standing.currency)

    def untold(self) -> Iterator[tuple[Payment, Happening]]:
        """Whose webhook was neither taken, nor given up, nor lost on request."""
        for payment in self.by_id.values():
            for happening in payment.happenings:
                if happening.id not in self._told:
                    yield payment, happening

    def told(self, happening: Happening) -> None:
        """Its webhook needs no more tries, after a restart either."""
        if happening.id not in self._told:
            self._write({"told": happening.id})

    def forget(self) -> None:
        """Begin anew: no payment was ever asked for."""
        self._write({"forget": "all"})

    def close_file(self) -> None:
        self._lines.close()

    def _happen(
        self, payment: Payment, kind: str, *, at: float, amount: Decimal, currency: str, key: str = ""
    ) -> Happening:
        event = self._id("evt", payment.id, len(payment.happenings))
        happening = Happening(event, payment.id, kind, at, amount, currency, key)
        self._write({"happened": asdict(happening) | {"amount": str(amount)}})
        return payment.happenings[-1]

    def _id(self, prefix: str, *parts: object) -> str:
        return f"{prefix}_{blake2b(repr((self.seed, *parts)).encode(), digest_size=12).hexdigest()}"

    def _write(self, line: Line) -> None:
        self._lines.append(line)
        self._apply(line)

    def _apply(self, line: Line) -> None:
        match line:
            case {"payment": dict(kept)}:
                payment = Payment(**kept | {"total": Decimal(kept["total"])})
                self.by_id[payment.id] = self.by_reference[payment.reference] = payment
            case {"happened": dict(kept)}:
                happening = Happening(**kept | {"amount": Decimal(kept["amount"])})
                self.by_id[happening.payment].happenings.append(happening)
            case {"told": str(event)}:
                self._told.add(event)
            case {"forget": "all"}:
                self.by_id, self.by_reference, self._told = {}, {}, set()
