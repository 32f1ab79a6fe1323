"""Which way a run goes: the first route that takes it now, and why the others do not (R11, refund.2.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from policies.rules import pricing
from policies.rules.vocabulary import HeldReason, ServiceType, Word

BY_CALL = frozenset(ServiceType)
BY_HAND = BY_CALL - {ServiceType.SUBSCRIPTIONS}  # which go on by themselves, post by post, for weeks
PATIENCE_S = 60  # a provider that asks for less keeps what it was given


class Skip(Word):
    """Why a route does not take a run."""

    OFF = "off"  # staff switched the route or its provider off
    TYPE = "type"  # nobody there delivers this type
    REFUSED = "refused"  # it has refused this very run
    LOSS = "loss"  # it costs more than the customer pays
    PAUSED = "paused"  # our money, key or account there is at fault, or staff paused it
    SILENT = "silent"  # it did not answer several times in a row
    ASKED_TO_WAIT = "asked_to_wait"
    LOW_FUNDS = "low_funds"  # what is left of our money there does not pay for the run
    FULL = "full"  # as many as it takes at once are there already


# What a run may wait for, the soonest over first. Whatever else keeps a route from it is not over by waiting.
_PASSES = (Skip.FULL, Skip.ASKED_TO_WAIT, Skip.SILENT, Skip.LOW_FUNDS, Skip.PAUSED)

_HELD_REASON = {
    Skip.ASKED_TO_WAIT: HeldReason.PROVIDER_BUSY,
    Skip.SILENT: HeldReason.PROVIDER_SILENT,
    Skip.LOW_FUNDS: HeldReason.PROVIDER_PAUSED,
    Skip.PAUSED: HeldReason.PROVIDER_PAUSED,
}


class Way(NamedTuple):
    """Where a run is sent: a service of a provider's own."""

    provider_id: int
    provider_service: str


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """One route, and how its provider stands.

    priority: the lowest is tried first. enabled: the route and its provider. silent: its breaker is not closed.
    wait_s: seconds that it asked us to wait from now. types: what it delivers. cost: per 1000 or per package, in the
    provider's currency, None unknown. balance: in the same, None where nobody asked lately. ours: it is our currency.
    room: runs that it takes beside those it has, None without a limit.
    """

    way: Way
    priority: int
    enabled: bool = True
    paused: bool = False
    silent: bool = False
    wait_s: int = 0
    types: frozenset[ServiceType] = frozenset(ServiceType)
    cost: Decimal | None = None
    balance: Decimal | None = None
    ours: bool = True
    room: int | None = None


@dataclass(frozen=True, slots=True)
class RunNeeds:
    """What a run asks of a route. rate: what its customer pays per 1000 or per package. refused: who said no to it."""

    type: ServiceType
    quantity: int
    rate: Decimal
    refused: frozenset[Way] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """way: where the run goes, or waits for its turn; None where no waiting helps. ready: it goes there now.

    skipped: the routes that do not take it now, by priority, and why.
    """

    way: Way | None
    ready: bool
    skipped: tuple[tuple[Way, Skip], ...]

    @property
    def waits_in_line(self) -> bool:
        """Whether it only waits for those before it: capacity delays and loses nothing (R12)."""
        return not self.ready and (self.way, Skip.FULL) in self.skipped

    @property
    def held_reason(self) -> HeldReason:
        """Why nobody takes it now, for those who wait. Only for a choice that is not ready."""
        why = dict(self.skipped)[self.way] if self.way else Skip.OFF
        return _HELD_REASON.get(why, HeldReason.NO_PROVIDER)


def choose(routes: Iterable[RouteFacts], run: RunNeeds) -> Choice:
    """Choose the route with the lowest priority number that takes the run now (refund.2.2).

    Where none does, the run waits for the one that takes it soonest; full ones count as soonest of all.
    """
    by_priority = sorted(routes, key=lambda route: route.priority)
    judged = [(route.way, skip(route, run)) for route in by_priority]
    skipped = tuple((way, why) for way, why in judged if why is not None)
    taking = next((way for way, why in judged if why is None), None)
    if taking is not None:
        return Choice(taking, ready=True, skipped=skipped)
    passing = [(way, why) for way, why in skipped if why in _PASSES]
    soonest = min(passing, key=lambda each: _PASSES.index(each[1]), default=None)
    return Choice(soonest[0] if soonest else None, ready=False, skipped=skipped)


def skip(route: RouteFacts, run: RunNeeds) -> Skip | None:
    """Why a route does not take a run, the most lasting reason first; None where it does."""
    reasons = (
        (Skip.OFF, not route.enabled),
        (Skip.TYPE, run.type not in route.types),
        (Skip.REFUSED, route.way in run.refused),
        (Skip.LOSS, route.ours and route.cost is not None and route.cost > run.rate),
        (Skip.PAUSED, route.paused),
        (Skip.LOW_FUNDS, _is_too_poor(route, run)),
        (Skip.SILENT, route.silent),
        (Skip.ASKED_TO_WAIT, route.wait_s > PATIENCE_S),
        (Skip.FULL, route.room is not None and route.room <= 0),
    )
    return next((why for why, holds in reasons if holds), None)


def _is_too_poor(route: RouteFacts, run: RunNeeds) -> bool:
    if route.cost is None or route.balance is None:
        return False
    return route.balance < pricing.price(service_type=run.type, rate=route.cost, units=run.quantity)
