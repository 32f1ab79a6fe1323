"""What became of orders whose processes were killed, by the panel's rows and by the provider's own counts."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

import wallet.operations as wallet
from orders.models import Attempt, Flag, Order, Provider, Run
from orders.operations import flags
from policies.rules.vocabulary import RunState, Submission
from tests.orders.upstream import FUNDS
from tests.simulator.conftest import Simulator

ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Happened:
    """unknown: runs that nobody could vouch for at some time; each was healed since, or is held for staff now.

    orders: of these customers. sent_twice: links that reached the provider again after it may have taken them.
    forgotten: orders that neither ended nor are held with a flag that tells staff, and those that a customer was told
    the number of and that are not there. cents_lost: what customers paid too much or too little for what the provider
    says it delivered, without signs, and what is missing from the wallets.
    """

    orders: int
    ended: int
    unknown: int
    healed: int
    held: int
    sent_twice: int
    forgotten: int
    cents_lost: Decimal
    books_balance: bool

    @property
    def as_promised(self) -> bool:
        """Whatever dies when (X1): each order was sent at most once, ended or is held, and money is right."""
        harm = self.sent_twice or self.forgotten or self.cents_lost
        return not harm and self.books_balance and self.ended + self.held == self.orders

    def __str__(self) -> str:
        return (
            f"{self.orders} orders, {self.ended} ended; {self.unknown} unknowns, {self.healed} healed, "
            f"{self.held} held; {self.sent_twice} sent twice, {self.forgotten} forgotten, {self.cents_lost} cents lost"
        )


def what_happened(
    simulator: Simulator, *, customers: Sequence[int], told: Mapping[str, set[int]] | None = None
) -> Happened:
    """Count, once nothing is under way any more.

    customers: whose orders are counted; each paid in FUNDS. told: what each request was answered with.
    """
    unknown = set(Flag.objects.filter(kind=flags.UNKNOWN).values_list("run_id", flat=True))
    held = _held()
    orders = list(Order.objects.filter(user__in=customers))
    there = {order.pk for order in orders}
    left = sum(order.ended_at is None and order.pk not in held.values() for order in orders)
    return Happened(
        orders=len(orders),
        ended=sum(order.ended_at is not None for order in orders),
        unknown=len(unknown),
        healed=len(unknown - set(held)),
        held=len(held),
        sent_twice=_sent_twice(simulator),
        forgotten=left + sum(not numbers <= there for numbers in (told or {}).values()),
        cents_lost=100 * (_mispaid(orders, simulator) + _missing(orders, customers)),
        books_balance=_books_balance(),
    )


def _held() -> Mapping[int, int]:
    """Runs that are unknown and flagged for staff, with their orders."""
    flagged = Flag.objects.filter(kind=flags.UNKNOWN, resolved_at=None).values("run_id")
    unknown = Run.objects.filter(state=RunState.UNKNOWN.value, order__status="unknown", pk__in=flagged)
    return dict(unknown.values_list("pk", "order_id"))


def _sent_twice(simulator: Simulator) -> int:
    """With request ids a second arrival is a question, not an order; without them it is one order too many.

    What the provider answered with a definite no may arrive again.
    """
    asks_again = Provider.objects.get().request_ids
    refused = Attempt.objects.filter(submission=Submission.NOT_ACCEPTED.value).values_list(
        "run__order__link", flat=True
    )
    noes = Counter(refused)
    twice = 0
    for link, counts in simulator.watch()["links"].items():
        again = not asks_again and counts["arrived"] - noes[link] > 1
        twice += counts["accepted"] > 1 or again
    return twice


def _mispaid(orders: list[Order], simulator: Simulator) -> Decimal:
    """Beside what the provider says of its own orders, whatever it answered and whatever we wrote down."""
    upstream_ids = dict(
        Run.objects.filter(provider_order_id__isnull=False).values_list("order_id", "provider_order_id")
    )
    delivered = dict(_delivered(upstream_ids.values(), simulator))
    wrong = Decimal(0)
    for order in orders:
        if order.ended_at:
            worth = order.charge * delivered.get(upstream_ids.get(order.pk), 0) / order.units
            wrong += abs(order.charge - order.refunded - worth)
    return wrong


def _delivered(upstream_ids: Iterable[int], simulator: Simulator) -> Iterator[tuple[int, int]]:
    numbers = list(upstream_ids)
    for first in range(0, len(numbers), ASKED_AT_ONCE):
        some = numbers[first : first + ASKED_AT_ONCE]
        said: dict[str, Any] = simulator.watch("orders", ids=",".join(map(str, some)))["orders"]
        yield from ((int(number), order["delivered"]) for number, order in said.items())


def _missing(orders: list[Order], customers: Sequence[int]) -> Decimal:
    """Funded, minus spent on orders, minus what is left; what one has too much does not make up for another."""
    spent = dict.fromkeys(customers, Decimal(0))
    for order in orders:
        spent[order.user_id] += order.charge - order.refunded
    return sum((abs(FUNDS - out - wallet.balance_of(pk)) for pk, out in spent.items()), Decimal(0))


def _books_balance() -> bool:
    said = StringIO()
    try:
        call_command("verify_ledger", "--json", stdout=said)
    except CommandError:
        return False
    return bool(json.loads(said.getvalue())["balanced"])
