"""The statement as a file: what stands in it, and that its length costs no memory."""

import csv
import gc
import io
import os
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse

from plumbing import sql
from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.reading import statement

pytestmark = pytest.mark.django_db
MOST_BYTES = 20_000_000


def exported(client, **query):
    response = client.get(reverse("wallet:export"), query)
    return list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))


class TestFile:
    def test_it_needs_a_login(self, client):
        assert client.get(reverse("wallet:export")).status_code == 302

    def test_it_says_what_the_page_says(self, client):
        user = CustomerFactory(funds=Decimal("5"))
        paid = operations.charge(
            user_id=user.pk,
            amount=Decimal("0.25"),
            key="order:7:charge",
            subject_type="order",
            subject_id=7,
            actor="system",
            reason="=1+1",
            now=NOON,
        )
        CustomerFactory(funds=Decimal("77"))
        client.force_login(user)

        newest, first = exported(client)

        assert newest == {
            "date_utc": "2026-03-02 12:00:00",
            "kind": "charge",
            "about": "order 7",
            "reason": "'=1+1",
            "amount": "-0.25000",
            "account": "cash",
            "balance_after": "4.75000",
            "transfer": str(paid.pk),
        }
        assert (first["kind"], first["amount"]) == ("top_up", "5.00000")
        assert first["about"].startswith("TEST-")  # the payment's reference

    def test_filters_hold(self, client):
        user = CustomerFactory(funds=Decimal("5"))
        client.force_login(user)

        assert len(exported(client, kind="top_up", **{"from": "2026-03-02", "to": "2026-03-02"})) == 1
        assert exported(client, kind="refund") == []
        assert exported(client, **{"from": "2026-03-03"}) == []

    def test_a_wrong_filter_leads_back_to_the_page(self, client):
        client.force_login(CustomerFactory())

        response = client.get(reverse("wallet:export"), {"from": "yesterday", "kind": "top_up"})

        assert response["Location"] == "/wallet/?from=yesterday&kind=top_up"

    def test_many_at_a_time_have_to_wait(self, client, no_limits):
        client.force_login(CustomerFactory())

        answers = [client.get("/wallet/statement.csv").status_code for _ in range(21)]

        assert answers == [200] * 20 + [302]


def long_statement(entries):
    """A customer with so many charges of 0.01 after one top-up, written past the triggers: this is about reading."""
    user = CustomerFactory()
    sql.execute("SET LOCAL session_replication_role = replica")
    # as every wallet: with a bonus account, which for most has no entry at all
    sql.execute(
        "INSERT INTO wallet_account (user_id, kind, balance) VALUES (%s, 'cash', 0), (%s, 'bonus', 0)", [user.pk] * 2
    )
    [(account,)] = sql.rows("SELECT id FROM wallet_account WHERE user_id = %s AND kind = 'cash'", [user.pk])
    sql.execute(
        """
        WITH moved AS (
          INSERT INTO wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
          SELECT CASE n WHEN 0 THEN 'top_up' ELSE 'charge' END, 'long:' || n, 'order', n + 1, 'system', 'n ' || n,
                 %s::timestamptz + n * interval '1 minute'
          FROM generate_series(0, %s - 1) n RETURNING id, subject_id - 1 AS n
        )
        INSERT INTO wallet_entry (transfer_id, account_id, amount, balance_after)
        SELECT id, %s, CASE n WHEN 0 THEN 100000 ELSE -0.01 END, 100000 - n * 0.01 FROM moved ORDER BY n
        """,
        [NOON, entries, account],
    )
    sql.execute("SET LOCAL session_replication_role = origin")
    return user


def resident_bytes():
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth_while(consumed):
    """By how much memory grows at most while an iterator is used up, and how many things came out of it.

    The system's figure misses what goes where earlier tests left room; Python's own misses what libraries hold.
    """
    gc.collect()
    tracemalloc.start()
    before = most = resident_bytes()
    count = 0
    for count, _ in enumerate(consumed, start=1):
        if count % 1000 == 0:
            most = max(most, resident_bytes())
    _, traced = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return max(most - before, resident_bytes() - before, traced), count


@pytest.fixture
def warm(client):
    """The first export of a process loads what every later one uses."""
    client.force_login(long_statement(3_000))
    client.get(reverse("wallet:export")).getvalue()
    sql.execute("SET LOCAL session_replication_role = replica")
    sql.execute("DELETE FROM wallet_entry")
    sql.execute("DELETE FROM wallet_transfer")
    sql.execute("SET LOCAL session_replication_role = origin")


def exported_rows(client, entries):
    client.force_login(long_statement(entries))
    response = client.get(reverse("wallet:export"))
    return (line for chunk in response for line in chunk.splitlines())


def test_fifty_thousand_lines_need_no_more_memory_than_few(client, warm):
    grown, count = growth_while(exported_rows(client, 50_000))

    assert count == 50_001
    assert grown < MOST_BYTES


def test_holding_them_all_would_be_seen(warm):
    """The control: the same lines kept in a list."""
    user = long_statement(50_000)
    kept = []

    grown, _ = growth_while(kept.append(line) for line in statement.lines(user_id=user.pk))

    assert grown > MOST_BYTES


@pytest.mark.nightly
def test_a_million_lines_need_no_more_memory_than_few(client, warm):
    grown, count = growth_while(exported_rows(client, 1_000_000))

    assert count == 1_000_001
    assert grown < MOST_BYTES


def test_statistics_that_know_of_no_rows_do_not_make_it_slow():
    """A vacuum at the wrong moment leaves such ones; joined freely, one page then took half a minute."""
    user = long_statement(20_000)
    sql.execute(
        "UPDATE pg_class SET reltuples = 0, relpages = 500 WHERE relname IN ('wallet_entry', 'wallet_transfer')"
    )
    sql.execute("SET LOCAL statement_timeout = '5s'")

    assert len(statement.page(user_id=user.pk, size=2_000).lines) == 2_000
