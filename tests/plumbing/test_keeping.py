"""Tables that are kept for good: no statement empties them by a slip of the hand (D45)."""

import pytest
from django.db import IntegrityError, connection, transaction

from plumbing import sql
from plumbing.keeping import refuse_truncate

pytestmark = pytest.mark.django_db

KEPT = [
    *("policies_policy", "policies_policyversion", "policies_clause", "policies_acceptance", "policies_decision"),
    *("policies_appeal", "policies_draftact", "orders_order", "orders_orderevent", "orders_quote"),
    *("wallet_account", "wallet_transfer", "wallet_entry"),
]


@pytest.mark.parametrize("table", KEPT)
def test_what_is_kept_is_not_emptied(table):
    """The control: the same statement of somebody who says that it is meant, as between two tests."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL smmpanel.may_truncate = ''")
        with pytest.raises(IntegrityError, match="is kept for good"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute("SET LOCAL smmpanel.may_truncate = 'on'")
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_each_of_them_is_tried_above():
    guarded = sql.rows("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname ~ '_is_not_emptied$'")

    assert {table for (table,) in guarded} == set(KEPT)


def test_the_catch_can_be_taken_off_for_good():
    forwards, backwards = refuse_truncate(["plumbing_tickpass"])
    sql.execute("SET LOCAL smmpanel.may_truncate = ''")
    sql.execute(forwards)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.execute("TRUNCATE plumbing_tickpass")

    sql.execute(backwards)
    sql.execute("TRUNCATE plumbing_tickpass")
