"""Which way queued runs go: the facts that the rule decides on, for many at once, and the move (R11, adr/0019)."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from orders.models import OrderEvent, Provider, Route
from plumbing import sql
from policies.rules import routing
from policies.rules.routing import Choice, RouteFacts, RunNeeds, Skip, Way
from policies.rules.vocabulary import NOT_TAKEN, ServiceType, Submission

KNOWN_FOR = timedelta(minutes=10)  # an older balance says nothing: it may have been filled up since

# A try whose answer proves nothing binds the run to whom it was sent: that one may have it (decision 13).
NEEDS = """
    SELECT run.id, run.order_id, run.number, run.provider_id, run.provider_service, run.quantity,
        placed.service_id, placed.type, placed.rate,
        EXISTS (SELECT FROM orders_attempt WHERE run_id = run.id AND NOT submission = ANY (%(proved)s)) AS bound,
        (SELECT jsonb_agg(jsonb_build_array(wave.provider_id, said.provider_service))
            FROM orders_attempt AS said JOIN orders_wave AS wave ON wave.id = said.wave_id
            WHERE said.run_id = run.id AND said.submission = %(refused)s) AS refused
    FROM orders_run AS run JOIN orders_order AS placed ON placed.id = run.order_id
    WHERE run.id = ANY (%(runs)s)
"""
# Counted no further than it matters. One service of a provider's may stand behind several of ours.
ROOMS = """
    SELECT provider_id, provider_service, most - (
        SELECT count(*) FROM (
            SELECT FROM orders_run AS run
            WHERE run.provider_id = capped.provider_id AND run.provider_service = capped.provider_service
              AND run.state IN ('submitting', 'unknown', 'live') LIMIT most) AS there)
    FROM (
        SELECT provider_id, provider_service, min(capacity) AS most FROM orders_route
        WHERE capacity IS NOT NULL AND (%(provider)s IS NULL OR provider_id = %(provider)s) GROUP BY 1, 2) AS capped
"""
MOVE = """
    UPDATE orders_run AS run SET provider_id = moved.provider_id, provider_service = moved.provider_service
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS moved(id, provider_id, provider_service)
    WHERE run.id = moved.id AND run.state = 'queued'
    RETURNING run.id
"""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A run, the way it goes now, and what the rule says of it. bound: never to leave its provider for another."""

    run_id: int
    order_id: int
    number: int
    way: Way
    bound: bool
    choice: Choice

    @property
    def moves(self) -> bool:
        return self.choice.way is not None and self.choice.way != self.way


def rooms(provider_id: int | None = None) -> dict[Way, int]:
    """How many runs more each way with a capacity takes; of one provider, or of all."""
    return {Way(*row[:2]): row[2] for row in sql.rows(ROOMS, {"provider": provider_id})}


def bearings(
    run_ids: Collection[int], *, now: datetime, learned: Mapping[int, Skip] | None = None
) -> dict[int, Bearing]:
    """What the rule says of each run, in four queries for all of them. They may be in any state.

    learned: SILENT or PAUSED, by run: what a try has just shown of the run's own provider, and no row says yet.
    """
    proved = [submission.value for submission in NOT_TAKEN]
    rows = sql.rows(NEEDS, {"runs": list(run_ids), "proved": proved, "refused": Submission.REJECTED.value})
    known = _Known(service_ids={row[6] for row in rows}, now=now)
    return {row[0]: _bearing(row, known, (learned or {}).get(row[0])) for row in rows}


def move(bearings: Iterable[Bearing], *, reason: Mapping[int, str], now: datetime) -> set[int]:
    """Send runs the way that was chosen, those that are still queued, under the request id they have.

    Answers which went. reason: why each leaves its way, by run; staff read it. Part of a transaction that holds the
    locks of the orders.
    """
    moving = {each.run_id: each for each in bearings if each.moves and each.choice.way}
    if not moving:
        return set()
    ways = [each.choice.way for each in moving.values() if each.choice.way]
    columns = [sql.numbers(moving), sql.numbers(way.provider_id for way in ways)]
    rows = sql.rows(MOVE, [*columns, sql.words(way.provider_service for way in ways)])
    moved = {run_id for (run_id,) in rows}
    names = names_of_providers()
    OrderEvent.objects.bulk_create(_event(moving[pk], reason.get(pk, ""), names, now) for pk in sorted(moved))
    return moved


def names_of_providers() -> dict[int, str]:
    return dict(Provider.objects.values_list("pk", "name"))


def told(skipped: Sequence[tuple[Way, Skip]], names: Mapping[int, str]) -> dict[str, str]:
    """Who did not take a run, and why, as a timeline keeps it."""
    return {f"{names[way.provider_id]}, service {way.provider_service}": why.value for way, why in skipped}


class _Known:
    """What is known of the ways that some services have, read at once."""

    def __init__(self, *, service_ids: set[int], now: datetime) -> None:
        self._now = now
        self._rooms = rooms()
        self._providers = Provider.objects.in_bulk()
        self._routes: dict[int, list[Route]] = defaultdict(list)
        for route in Route.objects.filter(service_id__in=service_ids).order_by("priority"):
            self._routes[route.service_id].append(route)

    def ways_of(self, service_id: int) -> list[RouteFacts]:
        return [
            self.facts(
                Way(route.provider_id, route.provider_service), route.priority, enabled=route.enabled, cost=route.cost
            )
            for route in self._routes[service_id]
        ]

    def facts(self, way: Way, priority: int, *, enabled: bool = True, cost: Decimal | None = None) -> RouteFacts:
        provider = self._providers[way.provider_id]
        fresh = provider.balance_at is not None and provider.balance_at > self._now - KNOWN_FOR
        left = provider.backoff_until - self._now if provider.backoff_until else timedelta()
        return RouteFacts(
            way=way,
            priority=priority,
            enabled=enabled and provider.enabled,
            paused=provider.paused_at is not None,
            silent=provider.opened_at is not None,
            wait_s=max(int(left.total_seconds()), 0),
            types=routing.BY_HAND if provider.is_manual else routing.BY_CALL,
            cost=cost,
            balance=provider.balance if fresh else None,
            ours=provider.currency in ("", settings.CURRENCY),
            room=self._rooms.get(way),
        )


def _bearing(row: tuple[Any, ...], known: _Known, learned: Skip | None) -> Bearing:
    run_id, order_id, number, provider_id, provider_service, quantity, service_id, type_, rate, bound, refused = row
    way = Way(provider_id, provider_service)
    ways = known.ways_of(service_id)
    if bound or way not in {each.way for each in ways}:  # its route may have been taken away since
        ways = [known.facts(way, 0), *([] if bound else ways)]
    if learned:
        ways = [_as_learned(each, learned) if each.way.provider_id == provider_id else each for each in ways]
    needs = RunNeeds(
        type=ServiceType(type_),
        quantity=quantity,
        rate=rate,
        refused=frozenset(Way(*said) for said in json.loads(refused or "[]")),
    )
    return Bearing(run_id, order_id, number, way, bound, routing.choose(ways, needs))


def _as_learned(route: RouteFacts, learned: Skip) -> RouteFacts:
    return replace(route, paused=True) if learned is Skip.PAUSED else replace(route, silent=True)


def _event(bearing: Bearing, reason: str, names: Mapping[int, str], now: datetime) -> OrderEvent:
    assert bearing.choice.way is not None
    facts = {
        "run": bearing.number,
        "from": names[bearing.way.provider_id],
        "to": names[bearing.choice.way.provider_id],
        "reason": reason,
        "skipped": told(bearing.choice.skipped, names),
    }
    return OrderEvent(order_id=bearing.order_id, kind="rerouted", actor="system", facts=facts, public=False, at=now)
