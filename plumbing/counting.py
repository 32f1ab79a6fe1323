"""Counting the rows of long lists without reading them."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:  # generic for the type checker only
    _Paginator = Paginator

SMALL = 10_000  # below this the planner may be far off, and counting costs little


class EstimatingPaginator(_Paginator):
    """A paginator that takes the planner's word for the length of an unfiltered table of more than 10,000 rows."""

    @cached_property
    def count(self) -> int:
        """Rows in the list: exact when it is filtered or short, else PostgreSQL's estimate."""
        rows = cast("QuerySet[Any]", self.object_list)
        if rows.query.where:
            return rows.count()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
            )
            estimate = int(cursor.fetchone()[0])
        return estimate if estimate > SMALL else rows.count()


class CappedPaginator(EstimatingPaginator):
    """The same, that stops counting a filtered list at 10,000 rows: nobody turns as many pages."""

    @cached_property
    def count(self) -> int:
        """Rows in the list, at most 10,000 of a filtered one."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[:SMALL].count() if rows.query.where else super().count
