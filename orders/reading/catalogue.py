"""What is on sale, as one customer or a visitor sees it: searched, filtered, and a window at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from orders.models import Category, PriceRule, Service
from policies.rules import drip_feed, pacing, pricing
from policies.rules.vocabulary import Platform, ServiceType

MOST_WORDS = 8  # of a search; more would only cost


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: words of a name or an id, and filters. "" and None filter nothing."""

    words: str = ""
    platform: str = ""
    category_id: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A service with the rate that this customer pays (per 1000 units, or for the package), account currency."""

    service: Service
    rate: Decimal

    @property
    def is_package(self) -> bool:
        return ServiceType(self.service.type).is_package

    @property
    def is_own_price(self) -> bool:
        """Whether a price rule gives this customer another rate than everybody's."""
        return self.rate != self.service.rate

    @property
    def is_instant(self) -> bool:
        """Whether it may be called instant (R19)."""
        return pacing.is_instant(flagged=self.service.instant, description=self.service.description)

    @property
    def offers_parts(self) -> bool:
        """Whether its customers may choose the parts (R17)."""
        return drip_feed.is_offered(flagged=self.service.dripfeed, service_type=ServiceType(self.service.type))

    @property
    def most_a_day(self) -> int | None:
        """Units that one link gets in any 24 hours (R18); None without a limit."""
        service = self.service
        return pacing.most_a_day(
            stated=service.daily_cap, largest=service.max_quantity, service_type=ServiceType(service.type)
        )

    @property
    def least(self) -> Decimal:
        """What the smallest possible order costs."""
        return pricing.price(
            service_type=ServiceType(self.service.type), rate=self.rate, units=self.service.min_quantity
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Services in the order of the page. after: the id to go on from; None on the last window."""

    services: Sequence[Listed]
    after: int | None


def services(wanted: Wanted, *, customer: User | None, size: int, after: int | None = None) -> Window:
    """One window of what is on sale: by category, then id, in two queries however many services there are.

    after: the last service id of the window before; one that is no longer on sale starts again.
    """
    found = _found(wanted).order_by("category__position", "category_id", "pk")
    if after is not None:
        found = _behind(found, after)
    rows = [_listed(row) for row in _with_rates(found, customer)[: size + 1]]
    return Window(rows[:size], after=rows[size - 1].service.pk if len(rows) > size else None)


def service(service_id: int, *, customer: User | None) -> Listed | None:
    """One service on sale, or None."""
    return these([service_id], customer=customer).get(service_id)


def any_service(service_id: int) -> Service | None:
    """One service, on sale or not: for who had chosen it when it was. None if there is none."""
    return Service.objects.filter(pk=service_id).first()


def these(service_ids: Sequence[int], *, customer: User | None) -> dict[int, Listed]:
    """Those of these services that are on sale, by id."""
    rows = _with_rates(Service.objects.on_sale().filter(pk__in=service_ids), customer)
    return {row.pk: _listed(row) for row in rows}


def categories(*, platform: str = "") -> list[Category]:
    """Categories with something on sale (on that platform), in the order of the page."""
    inside = Service.objects.on_sale().filter(category=OuterRef("pk"))
    if platform:
        inside = inside.filter(platform=platform)
    return list(Category.objects.filter(Exists(inside)).order_by("position", "pk"))


def platforms() -> list[Platform]:
    """Platforms with something on sale, in the vocabulary's order."""
    sold = set(Service.objects.on_sale().order_by().values_list("platform", flat=True).distinct())
    return [platform for platform in Platform if platform.value in sold]


def _found(wanted: Wanted) -> QuerySet[Service]:
    found: QuerySet[Service] = Service.objects.on_sale()
    if wanted.platform:
        found = found.filter(platform=wanted.platform)
    if wanted.category_id is not None:
        found = found.filter(category_id=wanted.category_id)
    for word in wanted.words.split()[:MOST_WORDS]:
        named = Q(name__icontains=word) | Q(category__name__icontains=word)
        if word.isascii() and word.isdecimal() and len(word) < 10:
            named |= Q(pk=int(word))
        found = found.filter(named)
    return found


def _behind(found: QuerySet[Service], after: int) -> QuerySet[Service]:
    last = Service.objects.filter(pk=after).values_list("category__position", "category_id").first()
    if last is None:
        return found
    position, category_id = last
    return found.filter(
        Q(category__position__gt=position)
        | Q(category__position=position, category_id__gt=category_id)
        | Q(category_id=category_id, pk__gt=after)
    )


def _with_rates(found: QuerySet[Service], customer: User | None) -> QuerySet[Service]:
    found = found.select_related("category")
    if customer is None:
        return found
    rules = PriceRule.objects.filter(service=OuterRef("pk"))
    return found.annotate(
        own_rate=Subquery(rules.filter(user=customer).values("rate")[:1]),
        # Without a group there is no group's price; `group_id=None` alone would find other customers' own prices.
        group_rate=Subquery(rules.filter(group__isnull=False, group_id=customer.group_id).values("rate")[:1]),
    )


def _listed(row: Service) -> Listed:
    own, group = getattr(row, "own_rate", None), getattr(row, "group_rate", None)
    return Listed(row, pricing.rate_for(own=own, group=group, service=row.rate))
