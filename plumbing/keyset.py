"""Keyset paging by id: every page costs the same, however deep, and rows that arrive shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """rows: the newest first. older_than: pass it as `before` for the next page; None on the last one."""

    rows: Sequence[Row]
    older_than: int | None


def page(queryset: QuerySet[Row], *, before: int | None, size: int) -> Page[Row]:
    """One page of at most `size` rows with ids below `before`, in one query and without counting."""
    if before is not None:
        queryset = queryset.filter(pk__lt=before)
    rows = list(queryset.order_by("-pk")[: size + 1])
    return Page(rows=rows[:size], older_than=rows[size - 1].pk if len(rows) > size else None)


def page_of_oldest(queryset: QuerySet[Row], *, after: int | None, size: int) -> tuple[Sequence[Row], int | None]:
    """One page of at most `size` rows with ids above `after`, the oldest first, and `after` for the next page."""
    if after is not None:
        queryset = queryset.filter(pk__gt=after)
    rows = list(queryset.order_by("pk")[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None


def before_of(text: str | None) -> int | None:
    """Read the place from a query string; anything that is no place means the first page."""
    if text and text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    return None
