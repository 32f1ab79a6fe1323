"""`manage.py verify_ledger` finds what the database would have refused (reliability 1, row 2)."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import Alarm, Outgoing, User
from orders.models import Order
from smmpanel import verifying
from smmpanel.ticks import TICKS
from tests.factories import NOON, CustomerFactory, OrderFactory
from tests.past_the_guards import past_the_guards
from wallet import operations, verification
from wallet.models import Account, Adjustment, Entry, Event, GatewayEvent, LedgerCheck, Payout, TopUp, Transfer
from wallet.operations import corrections
from wallet.verification import ledger, payments, shapes

pytestmark = pytest.mark.django_db


def verify(*arguments):
    """Run the command; its output and whether it failed."""
    out = StringIO()
    try:
        call_command("verify_ledger", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), None


TABLES = ("wallet_entry", "wallet_transfer", "wallet_account", "wallet_topup", "wallet_payout", "wallet_adjustment")
TABLES += ("wallet_event",)
# A table cannot be altered while it has rows to check at commit.
FLUSH = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


def tamper(statement, values=()):
    """Change the books behind their guards, as a bad restore or a superuser might."""
    with connection.cursor() as sql:
        sql.execute(FLUSH)
        for table in TABLES:
            sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        sql.execute(statement, values)
        sql.execute(FLUSH)
        for table in TABLES:
            sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
def user():
    return CustomerFactory(funds=Decimal("5"))


def failing():
    return [check for check in verification.CHECKS if check.differing()]


def test_books_that_balance_are_said_to_balance(user):
    output, failure = verify()

    assert failure is None
    assert output.count("ok (") >= len(verification.CHECKS) + 1
    assert output.endswith("The books balance: 2 entries.\n")


def test_a_balance_beside_its_entries_is_named(user):
    tamper("UPDATE wallet_account SET balance = 6 WHERE user_id = %s AND kind = 'cash'", [user.pk])

    output, failure = verify()

    assert failure == "The books do not balance."
    assert f"user {user.pk}, kind cash, balance 6.00000, entries 5.00000" in output


def test_a_changed_entry_breaks_the_sum_the_transfer_the_wallet_and_the_running_balance(user):
    tamper("UPDATE wallet_entry SET amount = 6 WHERE amount = 5")

    assert failing() == ledger.CHECKS[:4]


def test_a_transfer_that_lost_its_legs_is_named(user):
    tamper("DELETE FROM wallet_entry")

    assert ledger.TRANSFERS_CANCEL_OUT in failing()


def test_an_entry_that_lost_its_account_is_named(user):
    tamper("DELETE FROM wallet_account WHERE code = 'top_ups'")

    assert ledger.ACCOUNTS_EXIST in failing()


def test_a_running_balance_that_skips_is_named(user):
    tamper("UPDATE wallet_entry SET balance_after = 4 WHERE amount = 5")

    assert failing() == [ledger.RUNNING_BALANCES_FOLLOW]


def test_money_moved_for_an_order_that_does_not_say_so_is_named(user):
    operations.charge(
        user_id=user.pk, amount=Decimal(1), key="k", subject_type="order", subject_id=999, actor="s", now=NOON
    )

    output, failure = verify()

    assert failure
    assert "order 999, charged None, charged_in_ledger 1.00000, refunded None, refunded_in_ledger 0" in output


def test_an_order_that_another_customers_money_paid_is_named():
    order = OrderFactory()
    assert [check for check in verifying.CHECKS if check.differing()] == []

    with past_the_guards():
        Order.objects.filter(pk=order.pk).update(user=CustomerFactory())

    assert [row["order"] for check in verifying.CHECKS for row in check.differing()] == [order.pk]


def test_a_monitor_reads_the_same_as_json(user):
    balanced = json.loads(verify("--json")[0])
    tamper("UPDATE wallet_account SET balance = 6 WHERE user_id = %s AND kind = 'cash'", [user.pk])
    output, failure = verify("--json")
    wrong = json.loads(output)

    assert balanced["balanced"] is True
    assert failure
    assert wrong["balanced"] is False
    assert [check["differing"][0]["balance"] for check in wrong["checks"] if not check["ok"]] == ["6.00000"]
    assert Account.objects.filter(user=user).exists()
    assert Entry.objects.exists()


def asked(user, **columns):
    """A top-up of 10 with a fee of 1, waiting for its payment."""
    return TopUp.objects.create(
        **{
            "reference": f"T{TopUp.objects.count()}",
            "user": user,
            "gateway": "sandbox",
            "amount": 10,
            "fee": 1,
            "total": 11,
            "currency": "USD",
            "request_key": uuid.uuid4(),
            "payment_id": f"p{TopUp.objects.count()}",
            "state": "pending",
            "created_at": NOON,
            **columns,
        }
    )


def paid(user, *, credited_by="system", **columns):
    """A top-up that was paid as asked, its money and a bonus of 2 in the wallet."""
    as_asked = {
        "bonus": 2,
        "received": 11,
        "received_currency": "USD",
        "paid_at": NOON,
        "state": "paid",
        "credited": 10,
    }
    top_up = asked(user, **as_asked | columns)
    arguments = {"user_id": user.pk, "actor": "system", "now": NOON, "subject_type": "top_up", "subject_id": top_up.pk}
    operations.top_up(amount=Decimal(10), key=f"topup:{top_up.pk}", **arguments)
    operations.grant_bonus(amount=Decimal(2), key=f"topup:{top_up.pk}:bonus", **arguments)
    if credited_by:
        recorded(top_up, "credited", actor=credited_by, amount="10.00", bonus="2.00")
    return top_up


def recorded(row, kind, *, actor, subject_type="top_up", **facts):
    return Event.objects.create(
        subject_type=subject_type, subject_id=row.pk, kind=kind, actor=actor, facts=facts, at=NOON
    )


def moved(user, kind, amount, *, subject, key):
    counter = {"payout": "payouts", "payout_returned": "payouts", "adjustment": "adjustments"}[kind]
    return operations.move(
        user_id=user.pk,
        kind=kind,
        account_kind="cash",
        amount=Decimal(amount),
        counter=counter,
        key=key,
        subject_type=subject._meta.model_name,
        subject_id=subject.pk,
        actor="staff:1",
        reason="",
        now=NOON,
    )


def payout(user, **columns):
    """A payout of 2 that has left the wallet."""
    by = f"customer:{user.pk}" if columns.get("state") == "withdrawn" else "staff:1"
    made = Payout.objects.create(
        user=user, amount=2, request_key=uuid.uuid4(), asked_by="customer", asked_at=NOON, decided_by=by, **columns
    )
    moved(user, "payout", -2, subject=made, key=f"payout:{made.pk}")
    if made.state != "asked":
        recorded(made, made.state, actor=by, subject_type="payout")
    return made


def adjustment(user, *, state):
    decided = {"decided_at": NOON, "decided_by": CustomerFactory(is_staff=True)} if state == "done" else {}
    made = Adjustment.objects.create(
        user=user,
        amount=-2,
        reason="A mistake",
        request_key=uuid.uuid4(),
        needs_second_person=True,
        asked_by=user,
        asked_at=NOON,
        state=state,
        **decided,
    )
    about = {"subject_type": "adjustment", "amount": "-2.00000"}
    recorded(made, "asked", actor=f"staff:{user.pk}", needs_second_person=True, **about)
    if decided:
        recorded(made, "done", actor=f"staff:{made.decided_by_id}", **about)
    return made


class TestTopUps:
    def test_one_that_was_paid_and_taken_back_in_part_agrees(self, user):
        top_up = paid(user, taken_back=4)
        operations.take_back(
            user_id=user.pk,
            amount=Decimal(4),
            bonus=Decimal(0),
            key="k",
            subject_type="top_up",
            subject_id=top_up.pk,
            actor="system",
            reason="",
            now=NOON,
        )
        asked(user)

        assert failing() == []

    @pytest.mark.parametrize(
        "lie", ["credited = 11", "credited = 0", "taken_back = 1", "bonus = 1", "user_id = %(other)s"]
    )
    def test_one_that_says_otherwise_than_its_transfers_is_named(self, user, lie):
        top_up = paid(user)
        tamper(f"UPDATE wallet_topup SET {lie} WHERE id = %(id)s", {"other": CustomerFactory().pk, "id": top_up.pk})

        (row,) = payments.TOP_UPS_AGREE.differing()

        assert row["top_up"] == top_up.pk
        assert row["credited_in_ledger"] == 10

    def test_money_for_one_that_does_not_exist_is_named(self, user):
        operations.top_up(
            user_id=user.pk, amount=Decimal(1), key="k", actor="s", now=NOON, subject_type="top_up", subject_id=999
        )

        assert [row["top_up"] for row in payments.TOP_UPS_AGREE.differing()] == [999]

    @pytest.mark.parametrize(
        "truth", [{"received": None}, {"received": 10}, {"received_currency": "EUR"}, {"gateway": "manual"}]
    )
    def test_one_credited_without_being_paid_as_asked_is_named_unless_a_person_decided(self, user, truth):
        top_up = paid(user, **truth)
        assert failing() == [payments.TOP_UPS_WERE_PAID]

        recorded(top_up, "review_ended", actor="staff:1", credited="10")

        assert failing() == []

    def test_what_a_person_found_on_the_bank_statement_counts_as_paid(self, user):
        top_up = paid(user, gateway="manual", credited_by="staff:1")
        recorded(top_up, "confirmed", actor="staff:1", received="11")

        assert failing() == []

    @pytest.mark.parametrize(
        "record",
        [
            [],
            [("credited", "staff:1", {"amount": "10"})],  # who said nothing of what arrived
            [("credited", "staff:1", {"amount": "10"}), ("confirmed", "staff:2", {})],
            [("credited", "system", {"amount": "9.99"})],
            [("credited", "system", {})],
            [("review_ended", "system", {"credited": "10"})],
            [("review_ended", "staff:1", {"credited": "0"})],
        ],
    )
    @pytest.mark.parametrize("state", ["paid", "review"])
    def test_money_that_nobody_is_recorded_to_have_credited_is_named(self, user, record, state):
        """Even where the row says that it was paid as asked, and the ledger moved just that."""
        top_up = paid(user, credited_by="", state=state, finding="more_arrived")
        for kind, actor, facts in record:
            recorded(top_up, kind, actor=actor, **facts)

        assert failing() == [payments.TOP_UPS_WERE_PAID]
        assert [row["top_up"] for row in payments.TOP_UPS_WERE_PAID.differing()] == [top_up.pk]

    def test_what_a_person_credited_after_a_review_is_recorded_with_its_end(self, user):
        top_up = paid(user, credited_by="", received=10)
        recorded(top_up, "review_ended", actor="staff:1", credited="10.00")
        recorded(top_up, "review_ended", actor="staff:1", credited="0")  # of a later one

        assert failing() == []

    def test_a_machine_is_no_person(self, user):
        top_up = paid(user, received=None)
        recorded(top_up, "review_ended", actor="system", credited="10")

        assert failing() == [payments.TOP_UPS_WERE_PAID]

    @pytest.mark.parametrize("wrong", [{"top_up": None}, {"gateway": "stripe"}])
    def test_a_webhook_that_brought_money_to_nobody_is_named(self, user, wrong):
        right = {"gateway": "sandbox", "event_id": "e", "received_at": NOON, "handled_at": NOON, "top_up": paid(user)}
        GatewayEvent.objects.create(outcome="credited", **right)
        assert failing() == []

        GatewayEvent.objects.create(outcome="credited", **right | wrong | {"event_id": "e2"})

        assert [row["event_id"] for row in payments.WEBHOOKS_AGREE.differing()] == ["e2"]


UNDONE = "state = 'waiting', decided_at = NULL, decided_by_id = NULL"


class TestPayoutsAndCorrections:
    def test_payouts_under_way_paid_and_returned_agree(self, user):
        payout(user)
        returned = payout(user, state="withdrawn", ended_at=NOON)
        moved(user, "payout_returned", 2, subject=returned, key=f"payout:{returned.pk}:returned")

        assert failing() == []

    @pytest.mark.parametrize(
        "lie",
        [
            "amount = 4",
            "state = 'refused', reason = 'x', ended_at = now()",
            "state = 'withdrawn', ended_at = now()",
            "user_id = %(other)s",
        ],
    )
    def test_a_payout_that_says_otherwise_than_its_transfers_is_named(self, user, lie):
        made = payout(user)
        tamper(f"UPDATE wallet_payout SET {lie}", {"other": CustomerFactory().pk})

        assert [row["payout"] for row in payments.PAYOUTS_AGREE.differing()] == [made.pk]

    def test_a_payout_that_came_back_although_it_was_paid_is_named(self, user):
        made = payout(user, state="paid", reference="SEPA 1", ended_at=NOON)
        moved(user, "payout_returned", 2, subject=made, key="k")

        assert failing() == [payments.PAYOUTS_AGREE, payments.SHARED_ACCOUNTS_AGREE]

    def test_corrections_that_wait_and_that_are_done_agree(self, user):
        adjustment(user, state="waiting")
        done = adjustment(user, state="done")
        moved(user, "adjustment", -2, subject=done, key="k")

        assert failing() == []

    @pytest.mark.parametrize("lie", ["amount = -3", "user_id = %(other)s", UNDONE])
    def test_a_correction_that_says_otherwise_than_its_transfer_is_named(self, user, lie):
        done = adjustment(user, state="done")
        moved(user, "adjustment", -2, subject=done, key="k")
        tamper(f"UPDATE wallet_adjustment SET {lie}", {"other": CustomerFactory().pk})

        assert [row["correction"] for row in payments.ADJUSTMENTS_AGREE.differing()] == [done.pk]

    def test_one_that_is_said_to_be_done_and_moved_nothing_is_named(self, user):
        adjustment(user, state="done")

        assert failing() == [payments.ADJUSTMENTS_AGREE, payments.SHARED_ACCOUNTS_AGREE]

    def test_a_payout_that_nobody_is_recorded_to_have_paid_is_named(self, user):
        made = payout(user, state="paid", reference="SEPA 1", ended_at=NOON)
        assert failing() == []

        tamper("DELETE FROM wallet_event WHERE subject_type = 'payout'")

        assert [row["payout"] for row in payments.PAYOUTS_AGREE.differing()] == [made.pk]

    @pytest.mark.parametrize(
        "lie",
        [
            "needs_second_person = false, decided_by_id = asked_by_id",
            "needs_second_person = false",
            "decided_by_id = asked_by_id",
            "decided_by_id = %(other)s",
        ],
    )
    def test_a_correction_that_its_own_asker_decided_is_named(self, user, lie):
        """Also where the row says that one person was enough: the record kept whether it was."""
        done = adjustment(user, state="done")
        moved(user, "adjustment", -2, subject=done, key="k")
        assert failing() == []
        tamper("ALTER TABLE wallet_adjustment DROP CONSTRAINT second_person_is_another")

        tamper(f"UPDATE wallet_adjustment SET {lie}", {"other": CustomerFactory().pk})

        assert [row["correction"] for row in payments.ADJUSTMENTS_AGREE.differing()] == [done.pk]


def planted(user, kind, place, amount, code, *, about=("", None), key="planted"):
    """A move that no operation makes, through the database's own door."""
    values = [user.pk, kind, place, amount, code, key, *about, "system", "", NOON]
    with connection.cursor() as sql:
        sql.execute("SELECT wallet_move(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", values)


class TestPlanted:
    """Money that balances and that nothing stands for."""

    MOVES = [
        ("top_up", "cash", 5, "top_ups"),
        ("bonus", "bonus", 5, "bonuses"),
        ("goodwill", "bonus", 5, "goodwill"),
        ("adjustment", "cash", 5, "adjustments"),
        ("payout", "cash", -5, "payouts"),
        ("payout_returned", "cash", 5, "payouts"),
        ("charge", "cash", -5, "orders"),
        ("given_back", "cash", 5, "top_ups"),
        ("debt_paid", "cash", -5, "top_ups"),
        ("unheard_of", "cash", 5, "top_ups"),
    ]

    def test_a_refund_of_nothing_is_named(self, user):
        planted(user, "refund", "cash", 5, "orders", about=("", None))

        assert [check for check in verifying.CHECKS if check.differing()]

    @pytest.mark.parametrize("about", [("ticket", 1), ("top_up", 999), ("order", 999)])
    def test_a_refund_of_what_was_never_charged_is_refused_by_the_database(self, user, about):
        with transaction.atomic(), connection.cursor() as cursor:
            planted(user, "refund", "cash", 5, "orders", about=about)
            with pytest.raises(IntegrityError, match="was charged"):
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)

    @pytest.mark.parametrize("about", [("", None), ("ticket", 1), ("top_up", 999), ("order", 999)])
    @pytest.mark.parametrize("move", MOVES, ids=lambda move: move[0])
    def test_a_move_that_is_about_nothing_or_about_something_else_is_named(self, user, move, about):
        assert [check for check in verifying.CHECKS if check.differing()] == []

        planted(user, *move, about=about)

        assert [check for check in verifying.CHECKS if check.differing()]

    @pytest.mark.parametrize(
        ("kind", "place", "amount", "code"),
        [
            ("top_up", "bonus", 5, "top_ups"),
            ("top_up", "cash", 5, "adjustments"),
            ("top_up", "cash", -5, "top_ups"),
            ("taken_back", "cash", -5, "bonuses"),
            ("given_back", "cash", 5, "bonuses"),
        ],
    )
    def test_a_move_between_other_accounts_than_its_kinds_is_named(self, user, kind, place, amount, code):
        planted(user, kind, place, amount, code, about=("top_up", paid(user).pk))

        assert {shapes.LEGS_FIT, shapes.BONUS_STAYS_BONUS} & set(failing())

    def between(self, *legs, kind="top_up"):
        """A transfer of the entries (user, kind of account, amount) alone."""
        made = Transfer.objects.create(
            kind=kind,
            key="between",
            subject_type="top_up",
            subject_id=TopUp.objects.first().pk,
            actor="system",
            at=NOON,
        )
        for owner, place, amount in legs:
            account, _ = Account.objects.get_or_create(user=owner, kind=place, defaults={"balance": 0})
            Entry.objects.create(transfer=made, account=account, amount=amount)
        return made

    def test_cash_that_goes_from_one_customer_to_another_is_named(self, user):
        made = self.between((user, "cash", -3), (CustomerFactory(), "cash", 3))

        assert [row["transfer"] for row in shapes.ONE_CUSTOMER.differing()] == [made.pk]

    def test_cash_that_becomes_bonus_is_named(self, user):
        made = self.between((user, "cash", -3), (user, "bonus", 3), kind="charge")

        assert [row["transfer"] for row in shapes.LEGS_FIT.differing()] == [made.pk]

    def test_a_debt_that_is_paid_by_nothing_that_came_is_named(self, user):
        Account.objects.create(user=user, kind="debt")
        tamper(
            """
            INSERT INTO wallet_transfer (id, kind, key, subject_type, actor, reason, at)
            VALUES (777, 'debt_paid', 'debt:999999999999999999', '', 'x', '', now());
            INSERT INTO wallet_entry (id, transfer_id, account_id, amount)
            SELECT 777000 + id, 777, id, CASE kind WHEN 'debt' THEN 1 ELSE -1 END
            FROM wallet_account WHERE user_id = %s AND kind IN ('debt', 'cash')
            """,
            [user.pk],
        )

        assert [row["transfer"] for row in shapes.DEBTS_ARE_PAID_BY_WHAT_CAME.differing()] == [777]

    def test_goodwill_that_somebody_gave_agrees_and_another_sum_does_not(self, user):
        staff = CustomerFactory(is_staff=True, is_superuser=True)
        corrections.give_goodwill(
            staff=staff, user_id=user.pk, amount=Decimal(3), reason="Sorry", key=uuid.uuid4(), now=NOON
        )
        assert failing() == []

        tamper("UPDATE wallet_event SET facts = '{\"amount\": \"2\"}' WHERE subject_type = 'goodwill'")

        assert failing() == [shapes.GOODWILL_IS_RECORDED]

    def test_a_top_up_that_is_called_paid_and_brought_nothing_is_named(self, user):
        made = asked(user, state="paid", paid_at=NOON, received=11, received_currency="USD")

        assert [row["top_up"] for row in payments.TOP_UPS_WERE_PAID.differing()] == [made.pk]

    def test_a_credit_for_a_payment_that_no_gateway_knows_is_named(self, user):
        top_up = paid(user, payment_id="")
        assert failing() == [payments.TOP_UPS_WERE_PAID]

        GatewayEvent.objects.create(gateway="sandbox", event_id="e", received_at=NOON, top_up=top_up)

        assert failing() == []

    @pytest.mark.parametrize("outcome", ["short", "review short"])
    def test_a_credit_whose_webhook_found_too_little_is_named(self, user, outcome):
        """Nobody put it under review: the webhook's word is on no record, or on one after the credit."""
        handled = {"received_at": NOON, "handled_at": NOON, "outcome": outcome}
        top_up = paid(user)
        GatewayEvent.objects.create(gateway="sandbox", event_id="e", top_up=top_up, **handled)
        assert failing() == [payments.WEBHOOKS_AGREE]

        recorded(top_up, "review", actor="system", finding="short")

        assert payments.CREDITS_FOLLOW_REVIEWS in failing()


class TestDebtsAndLimits:
    def test_a_debt_above_zero_is_named(self, user):
        Account.objects.create(user=user, kind="debt")
        tamper(
            """
            INSERT INTO wallet_transfer (id, kind, key, subject_type, actor, reason, at)
            VALUES (777, 'debt_paid', 'raw', '', 'x', '', now());
            INSERT INTO wallet_entry (id, transfer_id, account_id, amount)
            SELECT 777 + id, 777, id, CASE kind WHEN 'debt' THEN 1 ELSE -1 END
            FROM wallet_account WHERE kind = 'debt' OR code = 'top_ups'
            """
        )

        assert ledger.DEBTS_ARE_OWED in failing()

    def test_who_owes_something_and_has_cash_is_named(self, user):
        """Whatever brings cash pays the debt first; only tampering leaves both."""
        operations.take_back(
            user_id=user.pk,
            amount=Decimal(8),
            bonus=Decimal(0),
            key="k",
            subject_type="order",
            subject_id=1,
            actor="system",
            reason="",
            now=NOON,
        )
        assert ledger.DEBTS_ARE_OWED.differing() == []

        tamper("UPDATE wallet_account SET balance = 1 WHERE user_id = %s AND kind = 'cash'", [user.pk])

        assert ledger.DEBTS_ARE_OWED.differing()

    @pytest.mark.parametrize(
        "lie",
        ["UPDATE wallet_spentday SET amount = 2 WHERE amount > 0", "DELETE FROM wallet_spentday WHERE amount > 0"],
    )
    def test_a_day_that_counts_otherwise_than_the_ledger_is_named(self, user, lie):
        operations.set_limits(user_id=user.pk, daily=Decimal(5), monthly=None, actor="customer", now=NOON)
        for amount, order in (("1", 1), ("2", 2)):
            operations.charge(
                user_id=user.pk,
                amount=Decimal(amount),
                key=f"k{order}",
                subject_type="order",
                subject_id=order,
                actor="s",
                now=NOON,
            )
        assert failing() == []

        tamper(lie)

        assert [row["user"] for row in ledger.SPENT_DAYS_FOLLOW.differing()] == [user.pk]


class TestKept:
    def test_each_run_is_kept_for_staff_and_names_what_differed(self, user):
        verify()
        tamper("UPDATE wallet_account SET balance = 6 WHERE user_id = %s AND kind = 'cash'", [user.pk])
        verify("--json")

        right, wrong = LedgerCheck.objects.order_by("id")
        assert (right.differing, right.entries, right.report["balanced"]) == (0, 2, True)
        assert (wrong.differing, wrong.report["balanced"]) == (1, False)
        (named,) = [check["differing"] for check in wrong.report["checks"] if not check["ok"]]
        assert named[0]["balance"] == "6.00000"

    def test_a_terminal_sees_how_far_it_has_come(self, user):
        class Terminal(StringIO):
            def isatty(self):
                return True

        out = Terminal()
        call_command("verify_ledger", stdout=out)

        numbers = [f"{n} of {len(verifying.CHECKS)}: " for n in range(1, len(verifying.CHECKS) + 1)]
        assert all(number in out.getvalue() for number in numbers)
        assert "░" * 24 in out.getvalue()


class TestByNight:
    NIGHT = datetime(2026, 11, 23, 2, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _alarms(self, settings):
        settings.ALARM_EMAIL = "alarm@example.test"

    def tick(self, now):
        tick = TICKS["verify"]
        parts = tick.parts(now=now)
        for part in parts:
            tick.go_on(part, now=now)
        return parts

    def test_it_runs_once_a_night_from_two_on(self, user):
        early = self.NIGHT - timedelta(seconds=1)

        assert [self.tick(now) for now in (early, self.NIGHT, self.NIGHT + timedelta(hours=21))] == [
            [],
            ["2026-11-23"],
            [],
        ]
        assert self.tick(self.NIGHT + timedelta(days=1)) == ["2026-11-24"]
        assert LedgerCheck.objects.count() == 2
        assert not Outgoing.objects.exists()

    def test_a_message_that_comes_twice_runs_it_once(self, user):
        for _ in range(2):
            TICKS["verify"].go_on("2026-11-23", now=self.NIGHT)

        assert LedgerCheck.objects.count() == 1

    def test_staff_are_told_once_what_differs(self, user):
        tamper("UPDATE wallet_account SET balance = 6 WHERE user_id = %s AND kind = 'cash'", [user.pk])

        self.tick(self.NIGHT)

        (mail,) = Outgoing.objects.all()
        assert mail.key == f"alarm:verify:{Alarm.objects.get().pk}"
        assert f"user {user.pk}, kind cash, balance 6.00000, entries 5.00000" in str(vars(mail))

    def test_a_run_by_hand_that_takes_the_nights_place_tells_staff_too(self, user):
        tamper("UPDATE wallet_account SET balance = 6 WHERE user_id = %s AND kind = 'cash'", [user.pk])

        with time_machine.travel(self.NIGHT + timedelta(hours=1), tick=False):
            verify()
            verify("--json")
        assert self.tick(self.NIGHT + timedelta(hours=2)) == []

        (mail,) = Outgoing.objects.all()
        assert mail.key == f"alarm:verify:{Alarm.objects.get().pk}"


# Books of a size, written past the triggers, which would take minutes: a customer for each hundred transfers, each a
# top-up of 3 or a charge of 1, in turn, with the running balances that the triggers would have come to.
BOOKS = """
SET LOCAL session_replication_role = replica;
INSERT INTO wallet_account (user_id, kind, balance) SELECT id, 'cash', 0 FROM accounts_user;
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
  SELECT n, CASE n % 2 WHEN 0 THEN 'top_up' ELSE 'charge' END AS kind, CASE n % 2 WHEN 0 THEN 3 ELSE -1 END AS amount,
         (ARRAY(SELECT id FROM wallet_account WHERE user_id IS NOT NULL ORDER BY id))[1 + n / 101] AS account,
         CASE n % 2 WHEN 0 THEN 'top_ups' ELSE 'orders' END AS code
  FROM generate_series(1, {transfers}) n;
INSERT INTO wallet_topup (id, reference, user_id, gateway, amount, fee, bonus, total, currency, request_key, payment_id,
                          pay_url, state, finding, received, received_currency, bank_reference, credited, taken_back,
                          given_back, gone, lacking, created_at, paid_at, checks)
  SELECT n, 'made:' || n, a.user_id, 'sandbox', 3, 0, 0, 3, 'USD', gen_random_uuid(), 'made:' || n,
         '', 'paid', '', 3, 'USD', '', 3, 0, 0, 0, 0, now(), now(), 0
  FROM made JOIN wallet_account a ON a.id = made.account WHERE made.kind = 'top_up';
INSERT INTO wallet_event (subject_type, subject_id, kind, actor, reason, facts, at)
  SELECT 'top_up', n, 'credited', 'system', '', '{{"amount": "3"}}', now() FROM made WHERE kind = 'top_up';
INSERT INTO wallet_transfer (id, kind, key, subject_type, subject_id, actor, reason, at)
  SELECT n, kind, 'made:' || n, CASE kind WHEN 'charge' THEN 'order' ELSE kind END, n, 'system', '', now() FROM made;
INSERT INTO wallet_entry (transfer_id, account_id, amount, balance_after)
  SELECT n, account, amount, sum(amount) OVER (PARTITION BY account ORDER BY n) FROM made ORDER BY n;
INSERT INTO wallet_entry (transfer_id, account_id, amount)
  SELECT n, a.id, -amount FROM made JOIN wallet_account a USING (code) ORDER BY n;
UPDATE wallet_account a SET balance = e.total
  FROM (SELECT account_id, sum(amount) AS total FROM wallet_entry GROUP BY account_id) e
  WHERE e.account_id = a.id AND a.user_id IS NOT NULL;
SET LOCAL session_replication_role = origin;
ANALYZE wallet_account, wallet_transfer, wallet_entry, wallet_topup, wallet_event;
"""


def verify_books_of(entries):
    operations.seed()
    User.objects.bulk_create(User(email=f"made{n}@example.test") for n in range(entries // 200))
    with connection.cursor() as sql:
        sql.execute(BOOKS.format(transfers=entries // 2))
    report = verification.run(verification.CHECKS)  # without those of orders: the charges stand for none
    assert report.entries == entries
    assert report.differing == 0
    slowest = max(report.outcomes, key=lambda outcome: outcome.milliseconds)
    seconds = report.milliseconds / 1000
    print(f"{entries} entries verified in {report.milliseconds} ms; {slowest.title}: {slowest.milliseconds} ms")
    return seconds


def test_a_hundred_thousand_entries_are_verified():
    verify_books_of(100_000)


@pytest.mark.nightly
def test_a_million_entries_are_verified():
    """Seconds on a machine that does nothing else; the bound is for one that does."""
    assert verify_books_of(1_000_000) < 60
