"""Doing something alone: a lock in the database that goes with the connection that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from plumbing import sql

TRY_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at what `name` names, for as long as the block runs. Nobody waits.

    A process that dies lets go by it; no transaction need be open. Not to be taken twice on one connection.
    """
    [(mine,)] = sql.rows(TRY_LOCK, [name])
    try:
        yield mine
    finally:
        if mine:
            sql.rows(UNLOCK, [name])
