"""Raw statements on the default connection, transactions that only read, and arrays as text literals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

Values = Sequence[Any] | Mapping[str, Any]


def rows(statement: str, values: Values = ()) -> list[tuple[Any, ...]]:
    """Every row a statement returns, as plain tuples."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def execute(statement: str, values: Values = ()) -> int:
    """Run a statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


@contextmanager
def read_only() -> Iterator[None]:
    """A transaction in which the database refuses every write, whoever asks for it."""
    with transaction.atomic(durable=True):
        execute("SET TRANSACTION READ ONLY")
        yield


def numbers(items: Iterable[int | None]) -> str:
    """An array literal of whole numbers, None as NULL.

    psycopg2 adapts a Python list element by element, at three times the cost of one text (performance 2b).
    """
    return "{" + ",".join("NULL" if item is None else str(item) for item in items) + "}"


def words(items: Iterable[str]) -> str:
    """An array literal of texts."""
    return "{" + ",".join('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items) + "}"
