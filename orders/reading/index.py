"""One customer's orders as the orders list shows them: a page at a time, by tab or search, with capped counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from orders.models import Order
from orders.reading.line import places
from orders.reading.standing import Standing, standings
from policies.rules.vocabulary import OrderStatus

_S = OrderStatus
TABS: Mapping[str, frozenset[OrderStatus]] = {
    "all": frozenset(_S),
    "pending": frozenset({_S.QUEUED, _S.WAITING, _S.HELD, _S.SUBMITTING, _S.UNKNOWN}),
    "running": frozenset({_S.PROCESSING, _S.IN_PROGRESS, _S.PAUSED, _S.CANCEL_REQUESTED}),
    "completed": frozenset({_S.COMPLETED}),
    "short": frozenset({_S.PARTIAL, _S.CANCELED, _S.STOPPED, _S.FAILED}),
}
MOST_COUNTED = 1000  # a status; more is shown as "1,000+", so that counting costs the same for every customer (P9)
SEARCHED = 10_000  # the newest orders; a link is not indexed by its parts
LARGEST_ID = 2**63 - 1

_COUNTS = """
SELECT word, (SELECT count(*) FROM (
    SELECT 1 FROM orders_order WHERE user_id = %(user)s AND status = word LIMIT %(most)s) AS counted)
FROM unnest(%(words)s) AS word
"""


@dataclass(frozen=True, slots=True)
class Line:
    """An order as a row of the list. place: in line behind others on its link, from 1; None if it does not wait."""

    order: Order
    standing: Standing
    place: int | None

    @property
    def is_live(self) -> bool:
        return not self.standing.status.is_terminal


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """lines: newest first. older_than: where the next page goes on, None on the last one."""

    lines: Sequence[Line]
    older_than: int | None

    @property
    def is_live(self) -> bool:
        """Whether anything here can still change by itself."""
        return any(line.is_live for line in self.lines)


@dataclass(frozen=True, slots=True)
class Tab:
    """name: as in the address. count: how many orders are in it, at most MOST_COUNTED a status."""

    name: str
    count: int
    capped: bool


def orders(*, user_id: int, tab: str = "all", words: str = "", before: int | None = None, size: int) -> OrdersPage:
    """One page of a customer's orders, in three queries at any depth, and one more where some of them wait in line.

    words: an order's id, or part of a link among the SEARCHED newest. tab: one of TABS.
    """
    statuses = TABS.get(tab, TABS["all"])
    ids = (
        _found(user_id, statuses, words.strip(), before) if words.strip() else _newest(user_id, statuses, before, size)
    )
    page = list(ids[: size + 1])
    rows = _lines(user_id, page[:size])
    return OrdersPage(rows, older_than=page[size - 1] if len(page) > size else None)


def tabs(*, user_id: int) -> list[Tab]:
    """How many orders lie in each tab, in one query whose cost has a bound."""
    words = [status.value for status in OrderStatus]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"user": user_id, "words": words, "most": MOST_COUNTED})
        counted = {OrderStatus(word): count for word, count in cursor.fetchall()}
    return [
        Tab(name, sum(counted[s] for s in statuses), any(counted[s] == MOST_COUNTED for s in statuses))
        for name, statuses in TABS.items()
    ]


def _newest(user_id: int, statuses: frozenset[OrderStatus], before: int | None, size: int) -> "QuerySet[Order, int]":
    """Ids, newest first. Each status is read through (user, status, id), then the heads are merged."""
    mine = Order.objects.of(user_id)
    if before is not None:
        mine = mine.filter(pk__lt=before)
    if statuses == TABS["all"]:
        return mine.order_by("-pk").values_list("pk", flat=True)
    heads = [
        mine.filter(status=status.value).order_by("-pk").values_list("pk", flat=True)[: size + 1]
        for status in sorted(statuses)
    ]
    return heads[0].union(*heads[1:], all=True).order_by("-pk") if len(heads) > 1 else heads[0]


def _found(user_id: int, statuses: frozenset[OrderStatus], words: str, before: int | None) -> "QuerySet[Order, int]":
    mine = Order.objects.of(user_id)
    if words.isascii() and words.isdecimal() and len(words) < 20 and int(words) <= LARGEST_ID:
        found = mine.filter(pk=int(words))
    else:
        newest = mine.order_by("-pk").values("pk")[:SEARCHED]
        found = mine.filter(pk__in=newest, link__icontains=words)
    if statuses != TABS["all"]:
        found = found.filter(status__in=[status.value for status in statuses])
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-pk").values_list("pk", flat=True)


def _lines(user_id: int, ids: Sequence[int]) -> list[Line]:
    if not ids:
        return []
    found = Order.objects.of(user_id).filter(pk__in=ids).select_related("service").order_by("-pk")
    standing = standings(user_id=user_id, order_ids=ids)
    waiting = [each.order_id for each in standing.values() if each.status is OrderStatus.WAITING]
    place = places(user_id=user_id, order_ids=waiting)
    return [Line(order, standing[order.pk], place.get(order.pk)) for order in found]
