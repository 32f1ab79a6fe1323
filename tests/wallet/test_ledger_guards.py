"""Raw SQL that breaks a rule of the books is refused, and goes through once its guard is gone.

Reliability 1, rows 2, 3 and 5. Every test runs in a transaction that is rolled back; `SET CONSTRAINTS ALL
IMMEDIATE` is what a commit would check.
"""

from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import Account, Entry, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def books():
    """A funded customer's accounts and one finished transfer."""
    user = CustomerFactory(funds=Decimal("5"))
    operations.seed()
    return {
        "user": user.pk,
        "cash": Account.objects.get(user=user, kind="cash").pk,
        "bonus": Account.objects.get(user=user, kind="bonus").pk,
        "orders": Account.objects.get(code="orders").pk,
        "transfer": Transfer.objects.get().pk,
        "entry": Entry.objects.order_by("id").first().pk,
    }


NEW = (
    "INSERT INTO wallet_transfer (id, kind, key, subject_type, actor, reason, at)"
    " VALUES (777, 'charge', 'raw', '', 'system', '', now())"
)
LEG = "INSERT INTO wallet_entry (transfer_id, account_id, amount) VALUES "


def run(*statements, books):
    """Run the statements and what a commit would check, in a savepoint of their own."""
    with transaction.atomic(), connection.cursor() as sql:
        for statement in (*statements, "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"):
            sql.execute(statement, books) if "%(" in statement else sql.execute(statement)


@contextmanager
def refused(message):
    with pytest.raises(DatabaseError, match=message):
        yield


# what is done, the words of the refusal, and the guard whose removal lets it through
BREAKS = [
    pytest.param(
        [NEW, LEG + "(777, %(cash)s, 1)"],
        "sum to 1",
        "DROP TRIGGER transfer_sums_to_zero ON wallet_entry",
        id="a transfer of one leg",
    ),
    pytest.param(
        [NEW, LEG + "(777, %(cash)s, -1), (777, %(orders)s, 0.99999)"],
        "not to zero",
        "DROP TRIGGER transfer_sums_to_zero ON wallet_entry",
        id="legs that do not cancel out",
    ),
    pytest.param(
        [LEG + "(%(transfer)s, %(orders)s, 1)"],
        "not to zero",
        "DROP TRIGGER transfer_sums_to_zero ON wallet_entry",
        id="one more leg on a finished transfer",
    ),
    pytest.param(
        [NEW], "moves nothing", "DROP TRIGGER transfer_has_legs ON wallet_transfer", id="a transfer without legs"
    ),
    pytest.param(
        [
            "INSERT INTO wallet_transfer (id, kind, key, subject_type, subject_id, actor, reason, at)"
            " VALUES (777, 'refund', 'raw', 'order', 42, 'system', '', now())",
            LEG + "(777, %(cash)s, 0.00001), (777, %(orders)s, -0.00001)",
        ],
        "more than order 42 was charged",
        "DROP TRIGGER refund_stays_within_its_charge ON wallet_transfer",
        id="a refund beyond its charge",
    ),
    pytest.param(
        ["UPDATE wallet_entry SET amount = 6 WHERE id = %(entry)s"],
        "append-only",
        "DROP TRIGGER entry_is_written_once ON wallet_entry",
        id="changing an entry",
    ),
    pytest.param(
        ["DELETE FROM wallet_entry WHERE id = %(entry)s"],
        "append-only",
        "DROP TRIGGER entry_is_written_once ON wallet_entry",
        id="deleting an entry",
    ),
    pytest.param(
        ["UPDATE wallet_transfer SET reason = 'other' WHERE id = %(transfer)s"],
        "append-only",
        "DROP TRIGGER transfer_is_written_once ON wallet_transfer",
        id="changing a transfer",
    ),
    pytest.param(
        [NEW, LEG + "(777, %(cash)s, -5.00001), (777, %(orders)s, 5.00001)"],
        "wallet_balance_is_never_below_zero",
        "ALTER TABLE wallet_account DROP CONSTRAINT wallet_balance_is_never_below_zero",
        id="spending more than there is",
    ),
    pytest.param(
        ["UPDATE wallet_account SET balance = balance + 1 WHERE id = %(cash)s"],
        "written by them alone",
        "DROP TRIGGER account_moves_by_entries ON wallet_account",
        id="a balance that no entry explains",
    ),
    pytest.param(
        ["UPDATE wallet_account SET kind = 'debt', balance = NULL WHERE id = %(cash)s"],
        "written by them alone",
        "DROP TRIGGER account_moves_by_entries ON wallet_account",
        id="turning a wallet into another kind of account",
    ),
    pytest.param(
        ["INSERT INTO wallet_account (kind, code, balance) VALUES ('cash', 'x', 5)"],
        "written by them alone",
        "DROP TRIGGER account_starts_empty ON wallet_account;"
        " ALTER TABLE wallet_account DROP CONSTRAINT account_has_a_user_or_a_code",
        id="an account that starts with money",
    ),
    pytest.param(
        ["DELETE FROM wallet_account WHERE id = %(bonus)s"],
        "append-only",
        "DROP TRIGGER account_is_kept ON wallet_account",
        id="deleting an account",
    ),
    pytest.param(
        [NEW, LEG + "(777, 0, -1), (777, %(orders)s, 1)"],
        "account 0 does not exist",
        "DROP TRIGGER entry_moves_its_balance ON wallet_entry",
        id="an entry on no account",
    ),
    pytest.param(
        [NEW, LEG + "(777, %(cash)s, 0), (777, %(orders)s, 0)"],
        "entry_moves_something",
        "ALTER TABLE wallet_entry DROP CONSTRAINT entry_moves_something",
        id="a leg that moves nothing",
    ),
    pytest.param(
        [NEW, LEG + "(777, %(cash)s, -1), (777, %(cash)s, 1)"],
        "transfer_touches_an_account_once",
        "ALTER TABLE wallet_entry DROP CONSTRAINT transfer_touches_an_account_once",
        id="two legs of a transfer on one account",
    ),
    pytest.param(
        ["INSERT INTO wallet_account (kind, user_id, balance) VALUES ('cash', %(user)s, 0)"],
        "user_has_one_account_of_a_kind",
        "ALTER TABLE wallet_account DROP CONSTRAINT user_has_one_account_of_a_kind",
        id="a second wallet",
    ),
    pytest.param(
        ["INSERT INTO wallet_account (kind, code) VALUES ('system', 'orders')"],
        "system_account_has_its_own_code",
        "ALTER TABLE wallet_account DROP CONSTRAINT system_account_has_its_own_code",
        id="a second shared account of one code",
    ),
    pytest.param(
        ["INSERT INTO wallet_account (kind, balance) VALUES ('cash', 0)"],
        "account_has_a_user_or_a_code",
        "ALTER TABLE wallet_account DROP CONSTRAINT account_has_a_user_or_a_code",
        id="a wallet of nobody",
    ),
    pytest.param(
        ["INSERT INTO wallet_account (kind, code, balance) VALUES ('system', 'hot', 0)"],
        "wallet_balance_is_never_below_zero",
        "ALTER TABLE wallet_account DROP CONSTRAINT wallet_balance_is_never_below_zero",
        id="a shared account that stores a balance",
    ),
    pytest.param(
        [
            NEW.replace("777", "778").replace("'raw'", "(SELECT min(key) FROM wallet_transfer)"),
            LEG + "(778, %(cash)s, -1), (778, %(orders)s, 1)",
        ],
        "transfer_key_is_used_once",
        "ALTER TABLE wallet_transfer DROP CONSTRAINT transfer_key_is_used_once",
        id="a key that was used before",
    ),
    pytest.param(
        [NEW.replace("'raw'", "''"), LEG + "(777, %(cash)s, -1), (777, %(orders)s, 1)"],
        "transfer_says_its_key_and_who",
        "ALTER TABLE wallet_transfer DROP CONSTRAINT transfer_says_its_key_and_who",
        id="a transfer without a key",
    ),
    pytest.param(
        [NEW.replace("'', 'system'", "'order', 'system'"), LEG + "(777, %(cash)s, -1), (777, %(orders)s, 1)"],
        "transfer_names_its_subject_whole_or_not",
        "ALTER TABLE wallet_transfer DROP CONSTRAINT transfer_names_its_subject_whole_or_not",
        id="half a subject",
    ),
]


@pytest.mark.parametrize(("statements", "message", "guard"), BREAKS)
def test_it_is_refused(statements, message, guard, books):
    with refused(message):
        run(*statements, books=books)


@pytest.mark.parametrize(("statements", "message", "guard"), BREAKS)
def test_without_its_guard_it_would_go_through(statements, message, guard, books):
    """The negative control: each guard is what refuses, and not something beside it."""
    run(books=books)  # a guard cannot be dropped while it has rows to check
    run(guard, *statements, books=books)


def test_every_guard_of_the_ledger_is_broken_above():
    """A trigger or named constraint that nobody tries to break is one that nobody knows to hold."""
    with connection.cursor() as sql:
        sql.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY (%(tables)s::regclass[])"
            " AND tgname !~ '_is_not_emptied$'"  # tests/plumbing/test_keeping.py
            " UNION SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u')"
            " AND conrelid = ANY (%(tables)s::regclass[])",
            {"tables": ["wallet_account", "wallet_transfer", "wallet_entry"]},
        )
        guards = {name for (name,) in sql.fetchall()}

    dropped = " ".join(param.values[2] for param in BREAKS)
    assert {guard for guard in guards if guard not in dropped} == set()


class TestBalances:
    def test_an_honest_transfer_in_raw_sql_moves_the_balance_by_itself(self, books):
        run(NEW, LEG + "(777, %(cash)s, -2), (777, %(orders)s, 2)", books=books)

        newest = Entry.objects.filter(account=books["cash"]).order_by("-id").first()
        assert Account.objects.get(pk=books["cash"]).balance == newest.balance_after == 3

    def test_what_a_statement_says_about_the_balance_is_not_believed(self, books):
        lie = "INSERT INTO wallet_entry (id, transfer_id, account_id, amount, balance_after) VALUES "
        run(NEW, lie + "(1, 777, %(cash)s, -2, 1000), (2, 777, %(orders)s, 2, 1000)", books=books)

        after = dict(Entry.objects.filter(transfer=777).values_list("account", "balance_after"))
        assert after == {books["cash"]: 3, books["orders"]: None}
        assert Entry.objects.filter(account=books["cash"]).order_by("-id").first().balance_after == 3

    def test_an_operation_leaves_nothing_for_the_commit_to_refuse(self, books):
        operations.charge(
            user_id=books["user"], amount=Decimal(1), key="c", subject_type="order", subject_id=1, actor="s", now=NOON
        )

        run(books=books)
