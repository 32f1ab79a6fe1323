"""Closing routes and opening them again: a service whose last way closes is taken off sale, and comes back with one."""

from collections.abc import Iterable, Sequence

from orders.models import CatalogueChange, Route, Service
from orders.operations.catalogue.facts import Way
from orders.operations.catalogue.log import Log
from policies.rules.syncing import Why

Kind = CatalogueChange.Kind
GONE = "no longer in the provider's list"
REASONS = {
    Why.GONE: GONE,
    Why.COST: "paused: the provider takes more than its price leaves room for",
    Why.TYPE: "paused: the provider sells it as another type",
}


def close(way: Way, why: Why) -> None:
    """Let no new order go this way. What is under way goes on: an order keeps the provider it was placed with."""
    way.route.enabled, way.route.closed_because = False, why.value


def reopen(way: Way, log: Log) -> None:
    """Let orders go this way again, and sell the service again if an import had taken it off sale."""
    way.route.enabled, way.route.closed_because = True, ""
    service = way.service
    if not service.active and service.inactive_reason in REASONS.values():
        service.active, service.inactive_reason = True, ""
        log.add(service, Kind.ENABLED, {"active": False}, {"active": True})


def retire(ways: Sequence[Way], closed: Iterable[Way], log: Log) -> list[Service]:
    """Take off sale what has just lost its last way; answers which. ways: all of the provider to these services."""
    kept = {way.service.pk for way in ways if way.elsewhere or way.route.enabled}
    retired: dict[int, Service] = {}
    for way in closed:
        service = way.service
        if service.active and service.pk not in kept:
            retired[service.pk] = service
            _take_off_sale(service, way.route, log)
    return list(retired.values())


def _take_off_sale(service: Service, route: Route, log: Log) -> None:
    why = Why(route.closed_because)
    service.active, service.inactive_reason = False, REASONS[why]
    after = {"active": False} if why is Why.GONE else {"active": False, "reason": REASONS[why]}
    log.add(service, Kind.GONE if why is Why.GONE else Kind.DISABLED, {"active": True}, after)
