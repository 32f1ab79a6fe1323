"""Planting what the database refuses: rows as no way through the panel leaves them."""

from collections.abc import Iterator
from contextlib import contextmanager

from plumbing import sql


@contextmanager
def past_the_guards() -> Iterator[None]:
    """Within it no trigger fires in this connection. Needs a superuser, as tests are."""
    sql.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        sql.execute("SET session_replication_role = DEFAULT")
