"""Raw SQL that breaks a rule of the rows beside the ledger is refused, and goes through once its guard is gone.

The same pattern as the ledger's guards: top-ups, webhooks, corrections, payouts, safeguards and the record of acts.
"""

import json
import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import NOON, CustomerFactory

pytestmark = pytest.mark.django_db

ROWS = {
    "paymentmethod": {
        "gateway": "sandbox",
        "title": "Test",
        "is_offered": True,
        "minimum": 1,
        "maximum": 10,
        "fee_basis_points": 0,
        "fee_fixed": 0,
        "instructions": "",
        "position": 0,
    },
    "bonusrule": {"from_amount": 10, "basis_points": 100, "is_active": True},
    "topup": {
        "reference": "R1",
        "user_id": "customer",
        "gateway": "sandbox",
        "amount": 10,
        "fee": 1,
        "bonus": 0,
        "total": 11,
        "currency": "USD",
        "request_key": uuid.UUID(int=1),
        "payment_id": "p1",
        "pay_url": "",
        "state": "pending",
        "finding": "",
        "received_currency": "",
        "bank_reference": "Line 7",
        "credited": 0,
        "taken_back": 0,
        "given_back": 0,
        "gone": 0,
        "lacking": 0,
        "created_at": NOON,
        "checks": 0,
    },
    "gatewayevent": {
        "gateway": "sandbox",
        "event_id": "e1",
        "payment_id": "p1",
        "reference": "",
        "kind": "paid",
        "body": "{}",
        "received_at": NOON,
        "due_at": NOON,
        "tries": 0,
        "outcome": "",
    },
    "moneyrules": {"id": 1, "second_person_above": 100, "goodwill_monthly": 200},
    "adjustment": {
        "user_id": "customer",
        "amount": 5,
        "reason": "A mistake",
        "request_key": uuid.UUID(int=1),
        "state": "waiting",
        "needs_second_person": True,
        "asked_by_id": "staff",
        "asked_at": NOON,
        "refusal": "",
    },
    "payout": {
        "user_id": "customer",
        "amount": 5,
        "destination": "",
        "request_key": uuid.UUID(int=1),
        "state": "asked",
        "asked_by": "customer",
        "asked_at": NOON,
        "reason": "",
        "decided_by": "",
        "reference": "",
        "tries": 0,
        "last_error": "",
    },
    "safeguard": {"user_id": "customer", "frozen_reason": ""},
    "spentday": {"user_id": "customer", "day": NOON.date(), "amount": 1},
    "event": {
        "subject_type": "safeguard",
        "subject_id": 1,
        "kind": "frozen",
        "actor": "system",
        "reason": "",
        "facts": json.dumps({}),
        "at": NOON,
    },
    "ledgercheck": {"at": NOON, "milliseconds": 1, "entries": 1, "differing": 0, "report": json.dumps({})},
}
SECOND = {  # what a second row of a table must have of its own
    "paymentmethod": {"gateway": "stripe"},
    "bonusrule": {"from_amount": 20},
    "topup": {"reference": "R2", "request_key": uuid.UUID(int=2), "payment_id": "p2", "bank_reference": "Line 8"},
    "gatewayevent": {"event_id": "e2"},
    "adjustment": {"request_key": uuid.UUID(int=2)},
    "payout": {"request_key": uuid.UUID(int=2)},
    "safeguard": {"user_id": "staff"},
    "spentday": {"user_id": "staff"},
}


@pytest.fixture
def people():
    return {"customer": CustomerFactory().pk, "staff": CustomerFactory(is_staff=True).pk}


def insert(table, people, **changes):
    """Write a row in plain SQL; its values as above but for the changes."""
    values = ROWS[table] | changes
    values = {name: people.get(value, value) if name.endswith("_id") else value for name, value in values.items()}
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    with connection.cursor() as sql:
        sql.execute(f"INSERT INTO wallet_{table} ({names}) VALUES ({marks})", values)


def run(*statements):
    """Run the statements and what a commit would check, in a savepoint of their own."""
    with transaction.atomic(), connection.cursor() as sql:
        for statement in (*statements, "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"):
            sql.execute(statement)


DECIDED = {"decided_at": NOON, "decided_by_id": "staff"}

# table, what is wrong about a row of it, the constraint that says so
WRONG = [
    ("paymentmethod", {"minimum": 0}, "method_minimum_is_below_its_maximum"),
    ("paymentmethod", {"minimum": 11}, "method_minimum_is_below_its_maximum"),
    ("paymentmethod", {"fee_basis_points": 5001}, "method_fee_is_possible"),
    ("paymentmethod", {"fee_fixed": -1}, "method_fee_is_possible"),
    ("bonusrule", {"from_amount": 0}, "bonus_is_possible"),
    ("bonusrule", {"basis_points": 0}, "bonus_is_possible"),
    ("bonusrule", {"basis_points": 10_001}, "bonus_is_possible"),
    ("topup", {"amount": 0, "total": 1}, "top_up_amounts"),
    ("topup", {"fee": -1, "total": 9}, "top_up_amounts"),
    ("topup", {"bonus": -1}, "top_up_amounts"),
    ("topup", {"total": 10}, "top_up_total_is_amount_and_fee"),
    ("topup", {"taken_back": -1}, "top_up_moves_are_never_negative"),
    ("topup", {"given_back": -1}, "top_up_moves_are_never_negative"),
    ("topup", {"gone": -1}, "top_up_moves_are_never_negative"),
    ("topup", {"lacking": -1}, "top_up_moves_are_never_negative"),
    ("topup", {"credited": -1, "state": "review", "finding": "short"}, "top_up_moves_are_never_negative"),
    ("topup", {"state": "paid"}, "paid_top_up_says_when"),
    ("topup", {"state": "reversed"}, "paid_top_up_says_when"),
    ("topup", {"state": "review"}, "review_says_its_finding"),
    ("topup", {"credited": 10}, "credited_top_up_was_paid"),
    ("gatewayevent", {"handled_at": NOON}, "event_is_due_or_handled"),
    ("moneyrules", {"id": 2}, "money_rules_are_one_row"),
    ("moneyrules", {"second_person_above": -1}, "money_rules_are_possible"),
    ("moneyrules", {"goodwill_monthly": -1}, "money_rules_are_possible"),
    ("adjustment", {"amount": 0}, "adjustment_says_how_much_and_why"),
    ("adjustment", {"reason": ""}, "adjustment_says_how_much_and_why"),
    ("adjustment", DECIDED, "adjustment_is_decided_by_somebody"),
    ("adjustment", {"state": "done"}, "adjustment_is_decided_by_somebody"),
    ("adjustment", {"state": "done", **DECIDED}, "second_person_is_another"),
    ("adjustment", {"state": "refused", **DECIDED}, "refused_adjustment_says_why"),
    ("payout", {"amount": 0}, "payout_is_positive"),
    ("payout", {"state": "withdrawn"}, "payout_ends_once"),
    ("payout", {"ended_at": NOON}, "payout_ends_once"),
    ("payout", {"state": "paid", "ended_at": NOON}, "paid_payout_has_a_reference"),
    ("payout", {"state": "refused", "ended_at": NOON}, "refused_payout_says_why"),
    ("payout", {"due_at": NOON}, "only_a_payout_being_sent_is_due"),
    ("payout", {"state": "failed", "ended_at": NOON}, "only_gateways_send_by_themselves"),
    ("safeguard", {"frozen_at": NOON}, "freeze_says_why"),
    ("safeguard", {"frozen_reason": "Chargeback"}, "freeze_says_why"),
    *[
        ("safeguard", {name: -1}, "limits_are_never_negative")
        for name in ("daily", "monthly", "next_daily", "next_monthly", "staff_daily", "staff_monthly")
    ],
    ("spentday", {"amount": -1}, "spent_is_never_negative"),
    ("event", {"kind": ""}, "event_says_what_and_who"),
    ("event", {"actor": ""}, "event_says_what_and_who"),
    ("paymentmethod", {"position": -1}, "wallet_paymentmethod_position_check"),
    ("topup", {"checks": -1}, "wallet_topup_checks_check"),
    ("gatewayevent", {"tries": -1}, "wallet_gatewayevent_tries_check"),
    ("payout", {"tries": -1}, "wallet_payout_tries_check"),
    ("ledgercheck", {"milliseconds": -1}, "wallet_ledgercheck_milliseconds_check"),
    ("ledgercheck", {"differing": -1}, "wallet_ledgercheck_differing_check"),
]
# Two constraints say the same of these columns; the named one of the table above is the stricter.
SAID_TWICE = {"wallet_bonusrule_basis_points_check", "wallet_paymentmethod_fee_basis_points_check"}

# table, what a second row shares with the first, the constraint that says so
TWICE = [
    ("paymentmethod", ("gateway",), "wallet_paymentmethod_gateway_key"),
    ("bonusrule", ("from_amount",), "wallet_bonusrule_from_amount_key"),
    ("topup", ("reference",), "wallet_topup_reference_key"),
    ("topup", ("request_key",), "top_up_is_asked_for_once"),
    ("topup", ("payment_id",), "payment_belongs_to_one_top_up"),
    ("topup", ("bank_reference",), "bank_line_pays_one_top_up"),
    ("gatewayevent", ("event_id",), "gateway_event_is_stored_once"),
    ("adjustment", ("request_key",), "wallet_adjustment_request_key_key"),
    ("payout", ("request_key",), "payout_is_asked_for_once"),
    ("spentday", ("user_id",), "spent_day_is_one_row"),
]

# table, what is tried on its row, the trigger that refuses
REWRITTEN = [
    ("event", "UPDATE wallet_event SET reason = 'other'", "event_is_written_once"),
    ("event", "DELETE FROM wallet_event", "event_is_written_once"),
    ("ledgercheck", "UPDATE wallet_ledgercheck SET differing = 1", "ledger_check_is_written_once"),
    ("ledgercheck", "DELETE FROM wallet_ledgercheck", "ledger_check_is_written_once"),
    *[
        ("gatewayevent", f"UPDATE wallet_gatewayevent SET {change}", "gateway_event_is_evidence")
        for change in (
            "body = '{1}'",
            "event_id = 'e9'",
            "gateway = 'stripe'",
            "payment_id = 'p9'",
            "kind = 'x'",
            "received_at = now()",
        )
    ],
    ("gatewayevent", "DELETE FROM wallet_gatewayevent", "gateway_event_is_kept"),
    *[
        ("topup", f"UPDATE wallet_topup SET {change}", "top_up_asks_the_same")
        for change in (
            "amount = 20, total = 21",
            "fee = 0, total = 10",
            "fee = 2, total = 12",
            "currency = 'EUR'",
            "user_id = %(staff)s",
            "reference = 'R9'",
            "gateway = 'stripe'",
        )
    ],
    ("topup", "DELETE FROM wallet_topup", "top_up_is_kept"),
    *[
        ("adjustment", f"UPDATE wallet_adjustment SET {change}", "adjustment_asks_the_same")
        for change in (
            "amount = 6",
            "reason = 'Other'",
            "user_id = %(staff)s",
            "asked_by_id = %(customer)s",
            "needs_second_person = NOT needs_second_person",
        )
    ],
    ("adjustment", "DELETE FROM wallet_adjustment", "adjustment_is_kept"),
    *[
        ("payout", f"UPDATE wallet_payout SET {change}", "payout_asks_the_same")
        for change in ("amount = 6", "user_id = %(staff)s")
    ],
    ("payout", "DELETE FROM wallet_payout", "payout_is_kept"),
]


@pytest.mark.parametrize("table", ROWS)
def test_the_rows_that_are_broken_below_are_right_as_they_stand(table, people):
    """The negative control of the examples themselves."""
    insert(table, people)
    if table in SECOND:
        insert(table, people, **SECOND[table])
    run()


@pytest.mark.parametrize(("table", "changes", "guard"), WRONG)
def test_a_row_that_cannot_be_is_refused(table, changes, guard, people):
    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        insert(table, people, **changes)


@pytest.mark.parametrize(("table", "changes", "guard"), WRONG)
def test_without_its_guard_it_would_be_written(table, changes, guard, people):
    run(f"ALTER TABLE wallet_{table} DROP CONSTRAINT {guard}")
    insert(table, people, **changes)


@pytest.mark.parametrize(("table", "shared", "guard"), TWICE)
def test_a_second_row_of_what_is_unique_is_refused(table, shared, guard, people):
    insert(table, people)
    own = {name: value for name, value in SECOND[table].items() if name not in shared}

    with pytest.raises(DatabaseError, match=guard), transaction.atomic():
        insert(table, people, **own)


@pytest.mark.parametrize(("table", "shared", "guard"), TWICE)
def test_without_its_guard_there_would_be_two(table, shared, guard, people):
    insert(table, people)
    own = {name: value for name, value in SECOND[table].items() if name not in shared}

    run("SET CONSTRAINTS ALL IMMEDIATE", drop(table, guard))
    insert(table, people, **own)


def drop(table, guard):
    if guard in (
        "payment_belongs_to_one_top_up",
        "bank_line_pays_one_top_up",
    ):  # partial: an index, which no constraint can be
        return f"DROP INDEX {guard}"
    return f"ALTER TABLE wallet_{table} DROP CONSTRAINT {guard} CASCADE"


@pytest.mark.parametrize(("table", "statement", "guard"), REWRITTEN)
def test_rewriting_what_is_written_once_is_refused(table, statement, guard, people):
    insert(table, people)

    with pytest.raises(DatabaseError, match="written once"):
        run(statement % people)


@pytest.mark.parametrize(("table", "statement", "guard"), REWRITTEN)
def test_without_its_guard_it_would_be_rewritten(table, statement, guard, people):
    insert(table, people)

    run("SET CONSTRAINTS ALL IMMEDIATE", f"DROP TRIGGER {guard} ON wallet_{table}", statement % people)


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("gatewayevent", "SET due_at = NULL, handled_at = now(), tries = 1, outcome = 'credited', reference = 'R1'"),
        ("topup", "SET state = 'paid', paid_at = now(), credited = 10, bonus = 1, received = 11, amount = 10.00"),
        ("payout", "SET state = 'withdrawn', ended_at = now()"),
        ("adjustment", "SET state = 'refused', refusal = 'x', decided_at = now(), decided_by_id = %(staff)s"),
    ],
)
def test_what_becomes_of_a_row_is_still_written(table, statement, people):
    insert(table, people)

    run(f"UPDATE wallet_{table} {statement % people}")


def test_every_guard_beside_the_ledger_is_broken_above():
    """A trigger or constraint that nobody tries to break is one that nobody knows to hold."""
    with connection.cursor() as sql:
        sql.execute(
            """
            SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY (%(tables)s::regclass[])
            UNION SELECT conname FROM pg_constraint
              WHERE contype IN ('c', 'u') AND conrelid = ANY (%(tables)s::regclass[])
            UNION SELECT indexrelid::regclass::text FROM pg_index
              WHERE indisunique AND NOT indisprimary AND indrelid = ANY (%(tables)s::regclass[])
            """,
            {"tables": [f"wallet_{table}" for table in ROWS]},
        )
        guards = {name for (name,) in sql.fetchall()}

    broken = {guard for *_, guard in [*WRONG, *TWICE, *REWRITTEN]}
    assert guards - SAID_TWICE == broken
    assert guards >= SAID_TWICE


def test_every_table_of_the_wallet_is_looked_at():
    with connection.cursor() as sql:
        tables = {table.name for table in connection.introspection.get_table_list(sql)}

    wallet = {name.removeprefix("wallet_") for name in tables if name.startswith("wallet_")}
    assert wallet == {*ROWS, "account", "transfer", "entry"}
