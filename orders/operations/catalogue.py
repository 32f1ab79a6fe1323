"""Bringing a provider's list into our catalogue: what is new, what changed, what is gone, each recorded."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from orders.models import CatalogueChange, Category, Provider, Route, Service
from orders.operations import claims
from policies.rules.catalogue import LeftOut, RemoteService, Terms, decide_place, decide_terms, says_instant

BATCH = 500  # rows a statement
MOST_GONE_PERCENT = 20  # a list that shrank by more than this is not believed
GONE = "no longer in the provider's list"
NO_PLACE = "needs a platform and a metric from the closed lists"
TERMS = [field.name for field in fields(Terms)]

Kind = CatalogueChange.Kind
Entries = Mapping[str, tuple[RemoteService, Terms]]


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What an import did, in numbers of services.

    unplaced: of the created ones, inactive until someone names platform and metric. claiming: of the created ones,
    inactive because a text makes a claim. refused: kept an earlier text, because the new one makes a claim. missing:
    not in the list, which had shrunk too far to be believed, so nothing was done about them.
    """

    created: int
    unplaced: int
    claiming: int
    refused: int
    changed: int
    unchanged: int
    gone: int
    returned: int
    missing: int
    left_out: Sequence[LeftOut]


def apply_catalogue(
    *,
    provider_id: int,
    remote: Sequence[RemoteService],
    now: datetime,
    actor: str,
    markup: Decimal = Decimal(30),
    unreadable: Collection[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> SyncResult:
    """Make our catalogue say what the provider's list says.

    markup: percent on top of the provider's rate. unreadable: ids of entries that are listed but make no sense; they
    are left as they are. progress: told how many of how many services have been dealt with. Orders keep the terms they
    were placed on. Applying the same list twice changes nothing the second time.
    """
    entries, left_out = _decided(remote, markup)
    listed = {*entries, *unreadable, *(entry.provider_service for entry in left_out)}
    with transaction.atomic(durable=True):
        Provider.objects.select_for_update(no_key=True).get(pk=provider_id)
        routes = _routes_of(provider_id)
        known = {route.provider_service for route, _, _ in routes}
        categories = _categories([remote.category for remote, _ in entries.values()])
        log = _Log(now=now, actor=actor)
        new = [entry for number, entry in entries.items() if number not in known]
        made = _create(new, provider_id, categories, log, lambda done: progress(done, len(entries)))
        returned = _bring_back(routes, entries, log)
        changed = _update(routes, entries, categories, log)
        gone, missing = _retire(routes, listed, log)
        log.write()
    progress(len(entries), len(entries))
    return SyncResult(
        created=len(made),
        unplaced=sum(NO_PLACE in service.inactive_reason for service in made),
        claiming=sum(claims.MAKES_A_CLAIM in service.inactive_reason for service in made),
        refused=len(log.refusals),
        changed=len(changed),
        unchanged=len(entries) - len(made) - len(changed | returned),
        gone=gone,
        returned=len(returned),
        missing=missing,
        left_out=left_out,
    )


class _Known(NamedTuple):
    """A route we have. leads: its service has this route's terms. elsewhere: another provider delivers it too."""

    route: Route
    leads: bool
    elsewhere: bool


class _Log:
    """The changes of one import, written at its end."""

    def __init__(self, *, now: datetime, actor: str) -> None:
        self._stated = {"at": now, "actor": actor}
        self._rows: list[CatalogueChange] = []
        self.refusals: list[CatalogueChange] = []

    def add(self, service: Service, kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._rows.append(self._change(service, kind, before, after))

    def refuse(self, service: Service, refused: Mapping[str, str]) -> None:
        """Note which texts were not taken over, and what they claim."""
        after = {f"refused {name}": claim for name, claim in refused.items()}
        self.refusals.append(self._change(service, Kind.TERMS, {}, after))

    def write(self) -> None:
        news = claims.unrecorded(self.refusals) if self.refusals else []
        CatalogueChange.objects.bulk_create([*self._rows, *news], batch_size=BATCH)

    def _change(self, service: Service, kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> CatalogueChange:
        plain = [{name: _plain(value) for name, value in side.items()} for side in (before, after)]
        return CatalogueChange(service=service, kind=kind.value, before=plain[0], after=plain[1], **self._stated)


def _decided(remote: Sequence[RemoteService], markup: Decimal) -> tuple[Entries, list[LeftOut]]:
    """The entries by their ids, the first of several under one id, and those that cannot become services."""
    entries: dict[str, tuple[RemoteService, Terms]] = {}
    left_out = []
    for entry in remote:
        terms = decide_terms(entry, markup=markup)
        if isinstance(terms, LeftOut):
            left_out.append(terms)
        elif entry.provider_service in entries:
            left_out.append(LeftOut(entry.provider_service, "listed_twice"))
        else:
            entries[entry.provider_service] = (entry, terms)
    return entries, left_out


def _routes_of(provider_id: int) -> list[_Known]:
    """The provider's routes, with their services and categories."""
    earlier = Route.objects.filter(service=OuterRef("service"), priority__lt=OuterRef("priority"))
    elsewhere = Route.objects.filter(service=OuterRef("service"), enabled=True).exclude(provider_id=provider_id)
    routes = Route.objects.filter(provider_id=provider_id).annotate(leads=~Exists(earlier), elsewhere=Exists(elsewhere))
    ordered = routes.select_related("service__category").order_by("id")
    return [_Known(route, leads=route.leads, elsewhere=route.elsewhere) for route in ordered]


def _categories(names: Sequence[str]) -> dict[str, Category]:
    """Categories by name; missing ones are made, and put last in the provider's order."""
    stated = list(dict.fromkeys(names))
    found = set(Category.objects.filter(name__in=stated).values_list("name", flat=True))
    last = Category.objects.aggregate(last=Max("position"))["last"] or 0
    missing = [name for name in stated if name not in found]
    made = [Category(name=name, position=last + place) for place, name in enumerate(missing, start=1)]
    Category.objects.bulk_create(made, ignore_conflicts=True)  # another provider's import may be making them too
    return {category.name: category for category in Category.objects.filter(name__in=stated)}


def _create(
    new: Sequence[tuple[RemoteService, Terms]],
    provider_id: int,
    categories: Mapping[str, Category],
    log: _Log,
    progress: Callable[[int], None],
) -> list[Service]:
    """Add services and their routes. Those whose place is not plain, or that make a claim, are inactive."""
    made: list[Service] = []
    waiting = iter(new)
    while batch := list(islice(waiting, BATCH)):
        services = [_service(remote, terms, categories[remote.category]) for remote, terms in batch]
        Service.objects.bulk_create(services)
        Route.objects.bulk_create(
            Route(service=service, provider_id=provider_id, provider_service=remote.provider_service, cost=remote.rate)
            for service, (remote, _) in zip(services, batch, strict=True)
        )
        for service in services:
            log.add(service, Kind.NEW, {}, {"name": service.name, "rate": service.rate, "active": service.active})
        made += services
        progress(len(made))
    return made


def _service(remote: RemoteService, terms: Terms, category: Category) -> Service:
    place = decide_place(remote)
    service = Service(
        category=category,
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


def _update(routes: Sequence[_Known], entries: Entries, categories: Mapping[str, Category], log: _Log) -> set[str]:
    """Bring terms and costs up to date; answers which entries' services changed."""
    services: dict[int, Service] = {}
    costs, changed = [], set()
    for route, leads, _ in routes:
        if route.provider_service not in entries:
            continue
        remote, terms = entries[route.provider_service]
        if route.cost != remote.rate:
            route.cost = remote.rate
            costs.append(route)
        if leads and _takes(route.service, terms, categories[remote.category], log):
            services[route.service_id] = route.service
            changed.add(route.provider_service)
    _save(costs, ["cost"])
    _save(services.values(), [*TERMS, "category", "instant"])
    return changed


def _takes(service: Service, terms: Terms, category: Category, log: _Log) -> bool:
    """Set what differs on the service and log it: the rate by itself, everything else together.

    A text that makes a claim is not taken: the earlier one stays, and the log says why.
    """
    differing = [name for name in TERMS if getattr(service, name) != getattr(terms, name)]
    incoming = {name: getattr(terms, name) for name in differing if name in claims.TEXTS}
    if service.category_id != category.pk:
        incoming["category"] = category
    refused = claims.refused_of(service, incoming) if incoming else {}
    if refused:
        log.refuse(service, refused)
    differing = [name for name in differing if name not in refused]
    before: dict[str, Any] = {name: getattr(service, name) for name in differing}
    after: dict[str, Any] = {name: getattr(terms, name) for name in differing}
    for name in differing:
        setattr(service, name, after[name])
    if service.category_id != category.pk and "category" not in refused:
        before["category"], after["category"] = service.category.name, category.name
        service.category = category
    if service.instant and "instant" not in service.description.lower():
        before["instant"], after["instant"] = True, False
        service.instant = False
    if "rate" in after:
        log.add(service, Kind.RATE, {"rate": before.pop("rate")}, {"rate": after.pop("rate")})
    if after:
        log.add(service, Kind.TERMS, before, after)
    return bool(differing) or bool(after)


def _bring_back(routes: Sequence[_Known], entries: Entries, log: _Log) -> set[str]:
    """Sell again what an import had taken off sale and the provider lists again."""
    back = [
        route
        for route, _, _ in routes
        if not route.enabled and route.provider_service in entries and route.service.inactive_reason == GONE
    ]
    for route in back:
        route.enabled = route.service.active = True
        route.service.inactive_reason = ""
        log.add(route.service, Kind.ENABLED, {"active": False}, {"active": True})
    _save_active(back)
    return {route.provider_service for route in back}


def _retire(routes: Sequence[_Known], listed: Collection[str], log: _Log) -> tuple[int, int]:
    """Take off sale what has gone, unless too much has: answers how many services went, and how many only seem to."""
    sold = [known for known in routes if known.route.enabled and known.route.service.active]
    absent = [known for known in sold if known.route.provider_service not in listed]
    if len(absent) * 100 > len(sold) * MOST_GONE_PERCENT:
        return 0, len(absent)
    kept = {known.route.service_id for known in sold if known.elsewhere or known.route.provider_service in listed}
    gone = {known.route.service_id: known.route.service for known in absent if known.route.service_id not in kept}
    for known in absent:
        known.route.enabled = False
        known.route.service = gone.get(known.route.service_id, known.route.service)
    for service in gone.values():
        service.active, service.inactive_reason = False, GONE
        log.add(service, Kind.GONE, {"active": True}, {"active": False})
    _save_active([known.route for known in absent])
    return len(gone), 0


def _save_active(routes: Sequence[Route]) -> None:
    _save(routes, ["enabled"])
    _save({route.service_id: route.service for route in routes}.values(), ["active", "inactive_reason"])


def _save(rows: Collection[Service] | Collection[Route], columns: Sequence[str]) -> None:
    """Write these columns of rows that exist. For a whole catalogue `bulk_update` took ten times as long."""
    if rows:
        model = type(next(iter(rows)))
        model._default_manager.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=columns
        )


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
