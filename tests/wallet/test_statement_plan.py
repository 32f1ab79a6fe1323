"""How a statement is read: an account's own entries and no others, whatever the planner believes (P9)."""

import json

import pytest

from plumbing import sql
from tests.factories import CustomerFactory
from wallet.models import Account
from wallet.reading import statement

ENTRIES = 20_000
LOOK = 51


def ledger_of(customers):
    """So many customers share the entries in turn; of each, the bonus account is empty, as most are. One of them."""
    users = [CustomerFactory() for _ in range(customers)]
    cash = Account.objects.bulk_create(Account(user=user, kind="cash", balance=0) for user in users)
    Account.objects.bulk_create(Account(user=user, kind="bonus", balance=0) for user in users)
    sql.execute("SET LOCAL session_replication_role = replica")
    sql.execute(
        """
        WITH moved AS (
          INSERT INTO wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
          SELECT 'charge', 'plan:' || n, 'order', n, 'system', '', now() FROM generate_series(1, %s) n
          RETURNING id, subject_id AS n
        )
        INSERT INTO wallet_entry (transfer_id, account_id, amount, balance_after)
        SELECT id, (%s::bigint[])[1 + n %% %s], -0.01, 1000 FROM moved ORDER BY n
        """,
        [ENTRIES, [account.pk for account in cash], customers],
    )
    sql.execute("SET LOCAL session_replication_role = origin")
    return users[0]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def reads_of_entries(monkeypatch, user, **asked):
    """Each place of the plan that reads entries, as it was run for one page."""
    monkeypatch.setattr(statement, "PAGE", f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.PAGE}")
    plans = []
    monkeypatch.setattr(
        statement.sql, "rows", lambda text, values: plans.append(sql_rows(text, values)) or [(0, None, None)]
    )
    statement.page(user_id=user.pk, size=LOOK - 1, **asked)
    [[(found,)]] = plans
    plan = found if isinstance(found, list) else json.loads(found)
    return [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "wallet_entry"]


sql_rows = sql.rows


@pytest.mark.django_db
@pytest.mark.parametrize("analyzed", [True, False], ids=["with statistics", "without"])
@pytest.mark.parametrize("customers", [1, 3, 50])
def test_a_page_reads_no_entry_of_anybody_else(customers, analyzed, monkeypatch):
    """By its primary key the whole ledger would be walked through for each empty account."""
    user = ledger_of(customers)
    if analyzed:
        sql.execute("ANALYZE wallet_entry, wallet_transfer, wallet_account")

    reads = reads_of_entries(monkeypatch, user)

    assert {node["Index Name"] for node in reads} == {"entry_of_account"}
    assert sum(node.get("Rows Removed by Filter", 0) for node in reads) == 0
    assert all(node["Actual Rows"] <= LOOK for node in reads)
    assert sum(node["Actual Loops"] for node in reads) <= 4  # once and once more for each account, never for each line


@pytest.mark.django_db
def test_a_deep_page_starts_at_its_place(monkeypatch):
    user = ledger_of(1)
    sql.execute("ANALYZE wallet_entry, wallet_transfer, wallet_account")

    reads = reads_of_entries(monkeypatch, user, before=100)

    assert all("ROW(account_id, id)" in node["Index Cond"] for node in reads)
    assert sum(node.get("Rows Removed by Filter", 0) for node in reads) == 0
