"""Doing again what the database undid as a whole because somebody else was in the way, a few times and at once."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, connection
from psycopg2 import errorcodes

TRIES = 3
IN_THE_WAY = frozenset({errorcodes.DEADLOCK_DETECTED, errorcodes.SERIALIZATION_FAILURE, errorcodes.LOCK_NOT_AVAILABLE})

P = ParamSpec("P")
T = TypeVar("T")


def tried_again(function: Callable[P, T]) -> Callable[P, T]:
    """For what commits one transaction or nothing: run it up to TRIES times, then raise what the database said.

    Not inside a transaction, of which the database has undone more than this part (PostgreSQL, appendix A: 40001,
    40P01, 55P03).
    """

    @wraps(function)
    def try_(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return function(*args, **kwargs)
            except DatabaseError as error:
                if connection.in_atomic_block or not _in_the_way(error):
                    raise
        return function(*args, **kwargs)

    return try_


def _in_the_way(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "pgcode", None) in IN_THE_WAY
