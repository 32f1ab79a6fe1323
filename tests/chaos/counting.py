"""What became of orders whose processes were killed, by the panel's rows and by the provider's own counts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any

from django.core.management import call_command

import wallet.operations as wallet
from orders.models import Attempt, Flag, Order, Provider, Run
from orders.operations import flags
from policies.rules.vocabulary import RunState, Submission
from tests.orders.upstream import FUNDS, Upstream
from tests.simulator.conftest import Simulator


@dataclass(frozen=True, slots=True)
class Happened:
    """unknown: runs that nobody could vouch for at some time; each was healed since, or is held for staff now.

    sent_twice: links that reached the provider again after it may have taken them. forgotten: orders that neither
    ended nor are held with a flag that tells staff. cents_lost: what customers paid too much or too little for what the
    provider says it delivered, without signs, and what is missing from the wallet.
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

    def __str__(self) -> str:
        return (
            f"{self.orders} orders, {self.ended} ended; {self.unknown} unknowns, {self.healed} healed, "
            f"{self.held} held; {self.sent_twice} sent twice, {self.forgotten} forgotten, {self.cents_lost} cents lost"
        )


def what_happened(upstream: Upstream) -> Happened:
    """Count, once nothing is under way any more."""
    told = set(Flag.objects.filter(kind=flags.UNKNOWN).values_list("run_id", flat=True))
    held = _held()
    orders = list(Order.objects.all())
    return Happened(
        orders=len(orders),
        ended=sum(order.ended_at is not None for order in orders),
        unknown=len(told),
        healed=len(told - set(held)),
        held=len(held),
        sent_twice=_sent_twice(upstream.simulator),
        forgotten=sum(order.ended_at is None and order.pk not in held.values() for order in orders),
        cents_lost=100 * (_mispaid(orders, upstream.simulator) + _missing(orders, upstream.customer.pk)),
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
    noes = list(refused)
    twice = 0
    for link, counts in simulator.watch()["links"].items():
        again = not asks_again and counts["arrived"] - noes.count(link) > 1
        twice += counts["accepted"] > 1 or again
    return twice


def _mispaid(orders: list[Order], simulator: Simulator) -> Decimal:
    """Beside what the provider says of its own orders, whatever it answered and whatever we wrote down."""
    upstream_ids = dict(
        Run.objects.filter(provider_order_id__isnull=False).values_list("order_id", "provider_order_id")
    )
    said: dict[str, Any] = simulator.watch("orders", ids=",".join(map(str, upstream_ids.values())))["orders"]
    wrong = Decimal(0)
    for order in orders:
        if order.ended_at:
            there = said.get(str(upstream_ids.get(order.pk)))
            worth = order.charge * (there["delivered"] if there else 0) / order.units
            wrong += abs(order.charge - order.refunded - worth)
    return wrong


def _missing(orders: list[Order], customer_id: int) -> Decimal:
    """Funded, minus spent on orders, minus what is left."""
    spent = sum((order.charge - order.refunded for order in orders), Decimal(0))
    return abs(FUNDS - spent - wallet.balance_of(customer_id))


def _books_balance() -> bool:
    said = StringIO()
    call_command("verify_ledger", "--json", stdout=said)  # a CommandError when they do not
    return bool(json.loads(said.getvalue())["balanced"])
