"""What staff edit by hand: services and their routes, categories, prices, switches. Each edit is recorded.

A change that a customer or reseller can meet is a `CatalogueChange`, whose newest id is the catalogue's version; who
looked at which form is the admin's own log.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from orders.models import CatalogueChange, Category, PriceRule, Route, Service
from orders.operations import claims
from policies.rules import pacing
from policies.rules.claims import found_in
from policies.rules.vocabulary import Metric

Kind = CatalogueChange.Kind


class EditRefused(Exception):
    """What may not be saved. errors: a sentence by field name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Switched:
    """What came of switching many services. already: as they were asked to be. unready: left off sale."""

    changed: int
    already: int
    unready: int


def check_service(
    values: Mapping[str, Any], *, stored: Mapping[str, Any], may_allow_claims: bool = False
) -> Mapping[str, str]:
    """Name what a service may not be, by field. values: its columns as they would be stored. stored: as they are.

    Instant only if the description says so (R19, decision 21); a metric from the closed list (R48); no promise that
    nobody can keep (R13, R49, R55), unless somebody who may lets the very text stand.
    """
    errors = dict(claims.check(values, stored=stored, may_allow=may_allow_claims))
    if values.get("metric") not in {metric.value for metric in Metric}:
        errors["metric"] = "Choose what is counted: only visibility is sold, never an outcome."
    description = values.get("description") or ""
    if values.get("instant") and not pacing.is_instant(flagged=True, description=description):
        errors["instant"] = "Only a service whose description says that it is instant may be instant."
    least, most = values.get("min_quantity"), values.get("max_quantity")
    if least and most and most < least:
        errors["max_quantity"] = "The maximum is below the minimum."
    return errors


@transaction.atomic
def save_service(
    *, service_id: int | None, values: Mapping[str, Any], actor: str, now: datetime, staff: User | None = None
) -> Service:
    """Write a service's edited columns, a new one's with None, and record what changed. Raises EditRefused.

    values: by column name, only what is edited; the others stay as they are, also if an import has just changed them.
    staff: who edits; with the permission, their `claims_reason` lets a claim stand for as long as the texts do.
    """
    service = Service.objects.select_for_update(no_key=True).get(pk=service_id) if service_id else Service()
    before = {name: getattr(service, name, None) for name in (*values, *claims.ALLOWANCE)}
    for name, value in values.items():
        setattr(service, name, value)
    columns = {**vars(service), "category": service.category}
    may_allow = staff is not None and staff.has_perm(claims.PERMISSION)
    if errors := check_service(columns, stored=before, may_allow_claims=may_allow):
        raise EditRefused(errors)
    after = {**values, **claims.allowance(columns, stored=before, actor=actor)}
    for name in claims.ALLOWANCE:
        setattr(service, name, after[name])
    if service_id is None:
        service.save(force_insert=True)
        _record(service.pk, Kind.NEW, {}, _plain(after), actor, now)
        return service
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        service.save(update_fields=changed)
        _record_changes(service.pk, {name: (before[name], after[name]) for name in changed}, actor, now)
    return service


@transaction.atomic
def switch_services(*, service_ids: Collection[int], active: bool, reason: str, actor: str, now: datetime) -> Switched:
    """Put services on sale or take them off. reason: shown in the list of changes, "" when put on sale.

    A service that nobody could order, without a metric (R48) or an enabled route, is not put on sale, and neither is
    one whose texts make a claim.
    """
    routed = Exists(Route.objects.filter(service=OuterRef("pk"), enabled=True))
    found = Service.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=service_ids)
    services = list(found.annotate(routed=routed).select_related("category").order_by("pk"))
    changing = [service for service in services if service.active != active]
    able = [service for service in changing if _is_ready(service)] if active else changing
    Service.objects.filter(pk__in=[service.pk for service in able]).update(active=active, inactive_reason=reason[:200])
    kind = Kind.ENABLED if active else Kind.DISABLED
    CatalogueChange.objects.bulk_create(
        _change(service.pk, kind, {"active": not active}, {"active": active, "reason": reason[:200]}, actor, now)
        for service in able
    )
    return Switched(len(able), len(services) - len(changing), len(changing) - len(able))


@transaction.atomic
def save_routes(
    *, service_id: int, routes: Iterable[Route], removed: Collection[int], actor: str, now: datetime
) -> None:
    """Write a service's edited and new routes, and remove others. Costs are nobody's but ours and not recorded.

    Priorities may be exchanged: the edited routes step aside first, for each may be taken once a service.
    """
    Service.objects.select_for_update(no_key=True).get(pk=service_id)
    before = _open_routes(service_id)
    edited = list(routes)
    Route.objects.filter(service_id=service_id, pk__in=[*removed, *(route.pk for route in edited if route.pk)]).delete()
    for route in edited:
        route.service_id = service_id
        route.closed_because = "" if route.enabled else route.closed_because  # what a person opens is open
        route.save(force_insert=True)
    after = _open_routes(service_id)
    if before != after:
        _record(service_id, Kind.TERMS, {"routes": before}, {"routes": after}, actor, now)


def check_category(name: str) -> Mapping[str, str]:
    """Name the claims that a heading makes, by field (R49): services under it are sold with it."""
    found = found_in(name)
    return {"name": claims.explained(found)} if found else {}


@transaction.atomic
def save_category(*, category_id: int | None, name: str, position: int, actor: str, now: datetime) -> Category:
    """Write a category; a new name is a change of each service under it, since price lists name their category.

    Raises EditRefused for a name that makes a claim.
    """
    if errors := check_category(name):
        raise EditRefused(errors)
    category = Category.objects.select_for_update(no_key=True).get(pk=category_id) if category_id else Category()
    before, category.name, category.position = category.name, name, position
    category.save()
    if category_id and before != name:
        CatalogueChange.objects.bulk_create(
            _change(service_id, Kind.TERMS, {"category": before}, {"category": name}, actor, now)
            for service_id in category.services.order_by("pk").values_list("pk", flat=True)
        )
    return category


@transaction.atomic
def save_price(
    *,
    price_id: int | None,
    service_id: int,
    user_id: int | None,
    group_id: int | None,
    rate: Decimal,
    actor: str,
    now: datetime,
) -> PriceRule:
    """Write what one customer or one group pays for a service, per 1000 units or for the package (decision 19)."""
    rule = PriceRule.objects.select_for_update(no_key=True).get(pk=price_id) if price_id else PriceRule()
    before = _price(rule) if price_id else {}
    rule.service_id, rule.user_id, rule.group_id, rule.rate = service_id, user_id, group_id, rate
    rule.save()
    if before != _price(rule):
        _record(service_id, Kind.PRICE, before, _price(rule), actor, now)
    return rule


@transaction.atomic
def remove_price(*, price_id: int, actor: str, now: datetime) -> None:
    """Let a customer or group pay what everybody pays."""
    rule = PriceRule.objects.select_for_update(no_key=True).get(pk=price_id)
    _record(rule.service_id, Kind.PRICE, _price(rule), {}, actor, now)
    rule.delete()


def _is_ready(service: Service) -> bool:
    """Whether it can be ordered. service: with `routed`, whether a route is enabled."""
    return bool(service.metric and service.routed and not claims.is_refused(service))  # type: ignore[attr-defined]


def _record_changes(service_id: int, changed: Mapping[str, tuple[Any, Any]], actor: str, now: datetime) -> None:
    """One record a kind: the rate, being on sale, and all other terms together."""
    kinds: dict[CatalogueChange.Kind, list[str]] = {}
    for name, (_, after) in changed.items():
        kinds.setdefault(_kind_of(name, after), []).append(name)
    for kind, names in kinds.items():
        before, after = ({name: changed[name][side] for name in names} for side in (0, 1))
        _record(service_id, kind, _plain(before), _plain(after), actor, now)


def _kind_of(name: str, after: object) -> CatalogueChange.Kind:
    if name == "active":
        return Kind.ENABLED if after else Kind.DISABLED
    return Kind.RATE if name == "rate" else Kind.TERMS


def _record(
    service_id: int,
    kind: CatalogueChange.Kind,
    before: Mapping[str, object],
    after: Mapping[str, object],
    actor: str,
    now: datetime,
) -> None:
    _change(service_id, kind, before, after, actor, now).save(force_insert=True)


def _change(
    service_id: int,
    kind: CatalogueChange.Kind,
    before: Mapping[str, object],
    after: Mapping[str, object],
    actor: str,
    now: datetime,
) -> CatalogueChange:
    return CatalogueChange(
        service_id=service_id, kind=kind.value, before=dict(before), after=dict(after), actor=actor, at=now
    )


def _plain(values: Mapping[str, Any]) -> dict[str, object]:
    """As JSON keeps it: an amount as its text, a category as its name."""
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.5f}"
    return value.name if isinstance(value, Category) else value


def _price(rule: PriceRule) -> dict[str, object]:
    return {"user": rule.user_id, "group": rule.group_id, "rate": f"{rule.rate:.5f}"}


def _open_routes(service_id: int) -> int:
    return Route.objects.filter(service_id=service_id, enabled=True).count()
