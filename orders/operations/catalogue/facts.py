"""What is known of a provider's services: our routes to it and the services they deliver, as rules read them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from django.db.models import Exists, OuterRef

from orders.models import Category, Provider, Route, Service
from plumbing import sql
from policies.rules.catalogue import Terms
from policies.rules.syncing import Guards, Known, Why

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
TERMS = [field.name for field in fields(Terms)]


@dataclass(slots=True)
class Way:
    """A route we have. leads: its service has this route's terms. elsewhere: another provider delivers it too."""

    route: Route
    leads: bool
    elsewhere: bool

    @property
    def service(self) -> Service:
        return self.route.service

    def known(self) -> Known:
        """As the rule reads it."""
        route, service = self.route, self.service
        return Known(
            provider_service=route.provider_service,
            service_id=service.pk,
            leads=self.leads,
            open=route.enabled,
            selling=service.active,
            closed=Why(route.closed_because) if route.closed_because else None,
            cost=route.cost,
            terms=Terms(**{name: getattr(service, name) for name in TERMS}),
            category=service.category.name,
        )


def ways_of(provider_id: int) -> list[Way]:
    """All routes to a provider, with their services and categories."""
    return _ways(provider_id, None)


def locked_ways(provider_id: int, service_ids: Collection[int]) -> list[Way]:
    """The routes by which a provider delivers these services: both locked, the services by id."""
    list(Service.objects.select_for_update(no_key=True).filter(pk__in=service_ids).order_by("pk").values_list("pk"))
    return _ways(provider_id, service_ids)


def lock_list(provider_id: int) -> Provider:
    """One at a time works at a provider's list. Its row stays free: deliveries go on meanwhile, and write there."""
    sql.rows(ONE_AT_A_TIME, [f"catalogue:{provider_id}"])
    return Provider.objects.get(pk=provider_id)


def guards_of(provider: Provider) -> Guards:
    """The numbers by which its list is judged."""
    return Guards(markup=provider.markup_percent, least_margin=provider.least_margin_percent)


def categories(names: Iterable[str]) -> dict[str, Category]:
    """Categories by name; missing ones are made, and put last in the order in which they are named."""
    stated = list(dict.fromkeys(names))
    if not stated:
        return {}
    found = Category.objects.in_bulk(stated, field_name="name")
    missing = [name for name in stated if name not in found]
    if missing:
        last = Category.objects.order_by("-position").values_list("position", flat=True).first() or 0
        made = [Category(name=name, position=last + place) for place, name in enumerate(missing, start=1)]
        Category.objects.bulk_create(made, ignore_conflicts=True)  # another provider's import may be making them too
        found |= Category.objects.in_bulk(missing, field_name="name")
    return dict(found)


def plain(value: object) -> object:
    """A column as a change keeps it: amounts as text with five decimals."""
    return f"{value:.5f}" if isinstance(value, Decimal) else value


def _ways(provider_id: int, service_ids: Collection[int] | None) -> list[Way]:
    earlier = Route.objects.filter(service=OuterRef("service"), priority__lt=OuterRef("priority"))
    elsewhere = Route.objects.filter(service=OuterRef("service"), enabled=True).exclude(provider_id=provider_id)
    routes = Route.objects.filter(provider_id=provider_id).annotate(leads=~Exists(earlier), elsewhere=Exists(elsewhere))
    if service_ids is not None:
        routes = routes.filter(service_id__in=service_ids)
    ordered = routes.select_related("service__category").order_by("id")
    return _sharing([Way(route, leads=route.leads, elsewhere=route.elsewhere) for route in ordered])


def _sharing(ways: list[Way]) -> list[Way]:
    """The same, with one object a service: two routes to a provider may deliver one service."""
    services: dict[int, Service] = {}
    for way in ways:
        way.route.service = services.setdefault(way.route.service_id, way.route.service)
    return ways
