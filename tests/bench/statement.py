"""Goal P9: the statement page on 5,000,000 entries against the same page on 5,000, over HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import requests
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections

from accounts.models import User
from tests.bench.measuring import Figure
from tests.web_server import database_url, serving
from wallet.models import Account

CUSTOMERS = 2  # they share the entries, so that the page is one of many
SMALL = "bench_small"
REQUESTS = 30  # of each page, in turn


def p9(*, large: int, small: int = 5000) -> Figure:
    """Median seconds of the statement's first page and of one from its middle; the limit is the small database's."""
    session, accounts = _customers()
    _fill(accounts, entries=small)
    with _copy_as(SMALL) as small_url:
        _fill(accounts, entries=large)
        at = connection.get_connection_params()
        with serving(database_url(at)) as here, serving(small_url) as there:
            pages = {
                "first": ("/wallet/", "/wallet/"),
                "deep": (f"/wallet/?before={large // 2}", f"/wallet/?before={small // 2}"),
                "one kind": ("/wallet/?kind=refund", "/wallet/?kind=refund"),
            }
            taken = {name: _in_turn(session, here + big, there + less) for name, (big, less) in pages.items()}
    value, limit = taken["first"]
    notes: dict[str, object] = {f"ratio of the {name} page": big / less for name, (big, less) in taken.items()}
    return Figure(
        name="P9",
        goal=f"statement page at {large:,} entries: at most 1.2x the same page at {small:,}",
        value=value * 1000,
        limit=limit * 1000,
        unit="ms a page",
        n=REQUESTS,
        notes=notes,
    )


def _customers() -> tuple[str, list[int]]:
    """A session of the first customer, and every customer's cash account."""
    users = [User.objects.create_user(f"statement{number}@example.test") for number in range(CUSTOMERS)]
    accounts = [Account.objects.create(user=user, kind="cash", balance=0).pk for user in users]
    Account.objects.bulk_create(Account(user=user, kind="bonus", balance=0) for user in users)
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(users[0].pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: users[0].get_session_auth_hash(),
        }
    )
    session.save()
    return str(session.session_key), accounts


def _fill(accounts: list[int], *, entries: int) -> None:
    """Entries up to that many, a second apart, one in five a refund; without triggers, which would take an hour."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """
            WITH numbered AS (
                SELECT n FROM generate_series((SELECT count(*) FROM wallet_entry) + 1, %(entries)s) n
            ), moved AS (
                INSERT INTO wallet_transfer (id, kind, key, subject_type, subject_id, actor, reason, at)
                SELECT n, CASE WHEN n %% 10 IN (0, 1) THEN 'refund' ELSE 'charge' END, 'bench:' || n, 'order', n,
                       'system', '', timestamptz '2026-01-01' + n * interval '1 second' FROM numbered
            )
            INSERT INTO wallet_entry (id, transfer_id, account_id, amount, balance_after)
            SELECT n, n, (%(accounts)s::bigint[])[1 + n %% cardinality(%(accounts)s::bigint[])], -0.01, 1000
            FROM numbered
            """,
            {"entries": entries, "accounts": accounts},
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in ("wallet_entry", "wallet_transfer"):  # whoever writes next goes on after these
            cursor.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
        cursor.execute("VACUUM ANALYZE wallet_entry")
        cursor.execute("VACUUM ANALYZE wallet_transfer")


@contextmanager
def _copy_as(name: str) -> Iterator[str]:
    """A copy of this database as it is now; yields its DATABASE_URL and drops it afterwards."""
    at = connection.get_connection_params()
    connections.close_all()  # a database is copied while nobody is connected to it
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{at["dbname"]}"')
    try:
        yield database_url(at, name=name)
    finally:
        with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _in_turn(session: str, large: str, small: str) -> tuple[float, float]:
    """Median seconds of both pages, fetched in turn; each is fetched a few times before, unmeasured."""
    with requests.Session() as browser:
        browser.cookies.set(settings.SESSION_COOKIE_NAME, session)
        for url in (large, small) * 5:
            _fetch(browser, url)
        taken = [(_fetch(browser, large), _fetch(browser, small)) for _ in range(REQUESTS)]
    return median(large for large, _ in taken), median(small for _, small in taken)


def _fetch(browser: requests.Session, url: str) -> float:
    begun = time.perf_counter()
    answer = browser.get(url, timeout=60, allow_redirects=False)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    assert "Balance after" in answer.text
    return time.perf_counter() - begun
