"""Whether a completed order is refilled now, and if not, which clause says so and when that changes (R41 to R45)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.rules.clauses import Params, Reason, Value, parameter
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import DecisionOutcome, OrderStatus


@dataclass(frozen=True, slots=True)
class Period:
    """When refills of an order may be asked for. ends_at: None without an end; the very instant is still inside.

    free_at: when the time between two tries is over; at the very instant it is.
    """

    ends_at: datetime | None
    free_at: datetime


@dataclass(frozen=True, slots=True)
class RefillFacts:
    """What a refill is decided on. sold, most: the terms of its service; most: tries in all, None without a limit.

    status: the order's. paid_back: whether something of it was paid back. over, waits: what `period` says of now.
    ends_at, free_at: the same as texts, for the reader, "" for none. under_way: whether a try is. tries: those of
    before, whatever came of them. reachable: whether a provider that can be asked delivered it.
    """

    sold: bool
    status: OrderStatus
    paid_back: bool
    over: bool
    ends_at: str
    under_way: bool
    waits: bool
    free_at: str
    tries: int
    most: int | None
    reachable: bool


@dataclass(frozen=True, slots=True)
class RefillDecision:
    """The provider is asked, or not; and why. What it then does is a try: a failed one pays nothing back."""

    outcome: DecisionOutcome
    reasons: tuple[Reason, ...]

    @property
    def granted(self) -> bool:
        """Whether the provider is asked now."""
        return self.outcome is DecisionOutcome.REFILL


def period(*, completed_at: datetime, days: int | None, last_ended_at: datetime | None, params: Params) -> Period:
    """Say from when until when (refund.8.1). days: as sold, 0 for life, None not stated.

    last_ended_at: of the try before, None without one.
    """
    since = max(completed_at, last_ended_at or completed_at)
    ends_at = completed_at + timedelta(days=days) if days else None
    return Period(ends_at, since + timedelta(hours=parameter(params, "refill_cooldown_h")))


def decide_refill(order: RefillFacts) -> RefillDecision:
    """Decide a refill that is asked for: the first thing in the way is the ground (orders c.4)."""
    ground = clause.REFILL_PERIOD if order.sold else clause.NO_REFILL
    for holds, finding, facts in _in_the_way(order):
        if holds:
            return RefillDecision(DecisionOutcome.REFUSE, (Reason(ground, finding, facts),))
    return RefillDecision(DecisionOutcome.REFILL, (Reason(ground, "refill_is_asked", {}),))


def _in_the_way(order: RefillFacts) -> tuple[tuple[bool, str, Mapping[str, Value]], ...]:
    return (
        (not order.sold, "refill_not_sold", {}),
        (not order.status.is_terminal, "refill_before_completion", {}),
        (order.status is not OrderStatus.COMPLETED, "refill_of_unfinished", {}),
        (order.paid_back, "refill_of_refunded", {}),
        (order.over, "refill_period_over", {"ended": order.ends_at}),
        (order.under_way, "refill_under_way", {}),
        (order.waits, "refill_too_soon", {"until": order.free_at}),
        (order.most is not None and order.tries >= order.most, "refill_tries_used", {"tries": order.tries}),
        (not order.reachable, "refill_by_support", {}),
    )
