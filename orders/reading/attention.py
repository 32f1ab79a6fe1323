"""What needs a person: open flags and held orders, counted and a page at a time, in a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from accounts.models import Outgoing
from orders.models import Flag, Order, OrderEvent, Provider
from plumbing.keyset import Page, page, page_of_oldest
from policies.rules.vocabulary import OrderStatus

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Held:
    """An order that waits for a provider. since: when it became held, None where no event says so."""

    order: Order
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What waits for a person on other pages of orders and accounts."""

    parked_mail: int
    paused_providers: int


def open_flags() -> Mapping[str, int]:
    """How many flags are open, by kind."""
    still_open = Flag.objects.filter(resolved_at__isnull=True)
    return dict(still_open.order_by().values_list("kind").annotate(number=Count("pk")))


def held_orders() -> int:
    """How many orders are held, for whatever reason but a part of theirs that is parked: that has a flag."""
    return _held().count()


def page_of_flags(
    *, kinds: Collection[str], others: bool, after: int | None, size: int = PAGE_SIZE
) -> tuple[Sequence[Flag], int | None]:
    """Open flags of some kinds, the oldest first, and where the next page begins. others: all but those kinds."""
    chosen = Q(kind__in=kinds)
    flags = _with_what_is_shown(Flag.objects.filter(~chosen if others else chosen, resolved_at__isnull=True))
    return page_of_oldest(flags, after=after, size=size)


def page_of_closed(*, before: int | None, size: int = PAGE_SIZE) -> Page[Flag]:
    """Flags that were closed, the newest first."""
    return page(_with_what_is_shown(Flag.objects.filter(resolved_at__isnull=False)), before=before, size=size)


def flags_of_order(order_id: int) -> list[Flag]:
    """All flags of one order that a page shows, open ones first, then the newest."""
    flags = _with_what_is_shown(Flag.objects.filter(order_id=order_id))
    return sorted(flags.order_by("-pk")[:PAGE_SIZE], key=lambda flag: flag.resolved_at is not None)


def page_of_held(*, after: int | None, size: int = PAGE_SIZE) -> tuple[Sequence[Held], int | None]:
    """Held orders, the oldest first, and where the next page begins."""
    orders, further = page_of_oldest(_held().select_related("service", "provider", "user"), after=after, size=size)
    since = _held_since([order.pk for order in orders])
    return [Held(order, since.get(order.pk)) for order in orders], further


def elsewhere() -> Elsewhere:
    """Count them."""
    return Elsewhere(
        parked_mail=Outgoing.objects.filter(parked_at__isnull=False).count(),
        paused_providers=Provider.objects.filter(enabled=True, paused_at__isnull=False).count(),
    )


def _held() -> QuerySet[Order]:
    return Order.objects.filter(~Q(held_reason=""), ended_at__isnull=True)


def _with_what_is_shown(flags: QuerySet[Flag]) -> QuerySet[Flag]:
    return flags.select_related("order__service", "order__user", "run__provider", "run__delivery")


def _held_since(order_ids: Sequence[int]) -> dict[int, datetime]:
    events = OrderEvent.objects.filter(order_id__in=order_ids, kind="status", status=OrderStatus.HELD.value)
    newest = events.order_by("order_id", "-pk").distinct("order_id")
    return dict(newest.values_list("order_id", "at"))
