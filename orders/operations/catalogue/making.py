"""Making services of what a provider lists anew: with their route, and off sale where a person has to look first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from orders.models import CatalogueChange, Category, Route, Service, SyncChange
from orders.operations import claims
from orders.operations.catalogue.facts import TERMS, categories
from orders.operations.catalogue.log import BATCH, Log
from policies.rules.catalogue import LeftOut, RemoteService, Terms, decide_place, decide_terms, says_instant

NO_PLACE = "needs a platform and a metric from the closed lists"
_ENTRY = [field.name for field in fields(RemoteService)]


def make_services(
    changes: Sequence[SyncChange], *, provider_id: int, log: Log, progress: Callable[[int], None]
) -> dict[int, Service]:
    """Add services and their routes; answers them by their change's id. progress: told how many are made."""
    entries = [_entry(change) for change in changes]
    headings = categories(remote.category for remote, _ in entries)
    made: dict[int, Service] = {}
    for start in range(0, len(changes), BATCH):
        part = list(zip(changes, entries, strict=True))[start : start + BATCH]
        services = [_service(remote, terms, headings) for _, (remote, terms) in part]
        Service.objects.bulk_create(services)
        Route.objects.bulk_create(
            Route(service=service, provider_id=provider_id, provider_service=remote.provider_service, cost=remote.rate)
            for service, (_, (remote, _)) in zip(services, part, strict=True)
        )
        for service, (change, _) in zip(services, part, strict=True):
            after = {"name": service.name, "rate": service.rate, "active": service.active}
            log.add(service, CatalogueChange.Kind.NEW, {}, after)
            made[change.pk] = service
        progress(len(made))
    return made


def _entry(change: SyncChange) -> tuple[RemoteService, Terms]:
    """The entry as it was staged, at the price that was shown."""
    stated: dict[str, Any] = dict(change.after)
    remote = RemoteService(**{**{name: stated[name] for name in _ENTRY}, "rate": Decimal(stated["rate"])})
    terms = decide_terms(remote, markup=Decimal(0))
    if isinstance(terms, LeftOut):
        raise ValueError(f"staged though {terms.finding}")  # the comparison leaves such an entry out
    return remote, replace(terms, rate=Decimal(stated["price"]))


def _service(remote: RemoteService, terms: Terms, headings: Mapping[str, Category]) -> Service:
    place = decide_place(remote)
    service = Service(
        category=headings[remote.category],
        delivers=remote.description,
        platform=place.platform.value if place.platform else "",
        metric=place.metric.value if place.metric else "",
        instant=says_instant(remote.description),
        **{name: getattr(terms, name) for name in TERMS},
    )
    unplaced = "" if place.platform and place.metric else NO_PLACE
    reasons = [reason for reason in (unplaced, claims.inactive_reason(service)) if reason]
    service.active, service.inactive_reason = not reasons, "; ".join(reasons)[:200]
    return service
