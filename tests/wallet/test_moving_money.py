"""Top-ups, charges and refunds as their callers see them (decisions 17 and 18, reliability 1 rows 1 to 4)."""

from decimal import Decimal

import pytest
from django.db import DataError, connection, transaction

from plumbing import sql
from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import BONUS, CASH, Account, MoneyRules, PaymentMethod, Transfer

pytestmark = pytest.mark.django_db


def give_bonus(user_id, amount):
    operations.grant_bonus(user_id=user_id, amount=amount, key=f"bonus:{user_id}", actor="system", now=NOON)


def take_back(user, amount, *, bonus="0", n=0):
    return operations.take_back(
        user_id=user.pk,
        amount=Decimal(amount),
        bonus=Decimal(bonus),
        key=f"topup:{user.pk}:taken_back:{n}",
        subject_type="top_up",
        subject_id=user.pk,
        actor="system",
        reason="Chargeback",
        now=NOON,
    )


def move(user, amount, *, kind="adjustment", account_kind=CASH, counter="adjustments", key="m"):
    return operations.move(
        user_id=user.pk,
        kind=kind,
        account_kind=account_kind,
        amount=Decimal(amount),
        counter=counter,
        key=key,
        subject_type=kind,
        subject_id=1,
        actor="staff:1",
        reason="Because",
        now=NOON,
    )


def charge(user, amount, *, order=1, key=None):
    return operations.charge(
        user_id=user.pk,
        amount=Decimal(amount),
        key=key or f"order:{order}:charge",
        subject_type="order",
        subject_id=order,
        actor=f"customer:{user.pk}",
        now=NOON,
    )


def refund(user, amount, *, order=1, cause="provider_ended"):
    return operations.refund(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:{cause}",
        subject_type="order",
        subject_id=order,
        actor="system",
        now=NOON,
    )


def held(user):
    """What the user has as (cash, bonus)."""
    balances = dict(Account.objects.filter(user=user).values_list("kind", "balance"))
    return balances[CASH], balances[BONUS]


def legs(transfer):
    return {str(entry.account): entry.amount for entry in transfer.entries.select_related("account")}


class TestBalance:
    def test_a_wallet_that_was_never_used_holds_nothing(self):
        assert operations.balance_of(CustomerFactory().pk) == 0

    def test_cash_and_bonus_count_together(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("2.5"))

        assert operations.balance_of(user.pk) == Decimal("7.5")

    def test_seeding_again_changes_nothing(self):
        CustomerFactory(funds=Decimal("5"))
        before = list(Account.objects.order_by("id").values())

        operations.seed()
        seeded = [list(rows.objects.order_by("id").values()) for rows in (Account, PaymentMethod, MoneyRules)]
        operations.seed()

        assert [list(rows.objects.order_by("id").values()) for rows in (Account, PaymentMethod, MoneyRules)] == seeded
        assert seeded[0][: len(before)] == before
        assert {method["gateway"] for method in seeded[1]} == {"manual", "stripe", "btcpay", "sandbox"}
        assert len(seeded[2]) == 1

    def test_seeding_again_keeps_what_the_owner_changed(self):
        operations.seed()
        PaymentMethod.objects.filter(gateway="manual").update(title="Wire", is_offered=False)
        MoneyRules.objects.update(second_person_above=7)

        operations.seed()

        assert PaymentMethod.objects.filter(gateway="manual", title="Wire", is_offered=False).exists()
        assert MoneyRules.objects.get().second_person_above == 7


class TestTopUp:
    def test_funds_arrive_as_cash_from_the_shared_account(self):
        user = CustomerFactory()

        transfer = operations.top_up(user_id=user.pk, amount=Decimal("9.99"), key="t", actor="staff:1", now=NOON)

        assert legs(transfer) == {f"cash of user {user.pk}": Decimal("9.99"), "top_ups": Decimal("-9.99")}
        assert (transfer.kind, transfer.at, transfer.actor) == ("top_up", NOON, "staff:1")

    def test_the_same_key_again_returns_the_first_and_moves_nothing(self):
        user = CustomerFactory()
        first = operations.top_up(user_id=user.pk, amount=Decimal("5"), key="t", actor="system", now=NOON)

        again = operations.top_up(user_id=user.pk, amount=Decimal("5"), key="t", actor="system", now=NOON)

        assert again == first
        assert operations.balance_of(user.pk) == 5

    @pytest.mark.parametrize("amount", ["0", "-1", "0.000001", "NaN", "Infinity", "1e30", "1e14", "1e13", "1e999999"])
    def test_an_amount_that_is_no_money_is_refused(self, amount):
        with pytest.raises(operations.AmountNotPossible):
            operations.top_up(user_id=CustomerFactory().pk, amount=Decimal(amount), key="t", actor="system", now=NOON)

    def test_a_key_of_another_movement_is_a_bug_and_says_so(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "1", key="order:1:charge")

        with pytest.raises(operations.KeyUsedOtherwise):
            operations.top_up(user_id=user.pk, amount=Decimal("1"), key="order:1:charge", actor="system", now=NOON)


class TestCharge:
    def test_bonus_is_spent_before_cash(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("2"))

        transfer = charge(user, "3.00001")

        assert held(user) == (Decimal("3.99999"), 0)
        assert legs(transfer)["orders"] == Decimal("3.00001")

    def test_bonus_alone_pays_when_it_suffices(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("2"))

        charge(user, "1.5")

        assert held(user) == (5, Decimal("0.5"))

    def test_the_whole_balance_can_be_spent(self):
        user = CustomerFactory(funds=Decimal("0.27819"))

        charge(user, "0.27819")

        assert operations.balance_of(user.pk) == 0

    def test_too_little_money_says_how_much_and_moves_nothing(self):
        user = CustomerFactory(funds=Decimal("5"))

        with pytest.raises(operations.InsufficientFunds) as refused:
            charge(user, "5.00001")

        assert (refused.value.balance, refused.value.needed) == (5, Decimal("5.00001"))
        assert operations.balance_of(user.pk) == 5
        assert not Transfer.objects.filter(kind="charge").exists()

    def test_a_wallet_that_was_never_used_pays_for_nothing(self):
        with pytest.raises(operations.InsufficientFunds):
            charge(CustomerFactory(), "0.00001")

    def test_the_same_key_again_returns_the_first_even_when_the_money_is_gone(self):
        user = CustomerFactory(funds=Decimal("5"))
        first = charge(user, "5")

        assert charge(user, "5") == first
        assert operations.balance_of(user.pk) == 0

    def test_the_sql_function_refuses_what_python_would(self):
        user = CustomerFactory(funds=Decimal("5"))

        for amount in ("0", "-1", "0.000001"):
            with (
                pytest.raises(Exception, match="a charge is positive"),
                transaction.atomic(),
                connection.cursor() as sql,
            ):
                sql.execute(
                    "SELECT wallet_charge(%s, %s, 'k', 'charge', 'order', 1, 'system', '', now())", (user.pk, amount)
                )

    def test_another_database_error_is_not_taken_for_a_lack_of_money(self):
        with pytest.raises(DataError, match="value too long"):
            charge(CustomerFactory(funds=Decimal("5")), "1", key="x" * 121)


class TestRefund:
    def test_what_was_not_delivered_goes_back_to_cash_once(self):
        """refund.7.3, decision 17: the key holds the cause and no amount."""
        user = CustomerFactory(funds=Decimal("0.27819"))
        charge(user, "0.27819")

        first = refund(user, "0.04368")
        again = refund(user, "0.04368")

        assert again == first
        assert operations.balance_of(user.pk) == Decimal("0.04368")
        assert legs(first)["orders"] == Decimal("-0.04368")

    def test_bonus_goes_back_in_the_proportion_it_was_spent(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("1"))
        charge(user, "3")

        refund(user, "1.5")

        assert held(user) == (4, Decimal("0.5"))

    def test_parts_that_do_not_divide_still_add_up_to_what_was_spent_of_each(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("1"))
        charge(user, "3")

        for n, part in enumerate(("0.00001", "0.99999", "1.33333", "0.66667")):
            refund(user, part, cause=f"part_{n}")

        assert held(user) == (5, 1)

    @pytest.mark.parametrize("amount", ["3.00001", "1000"])
    def test_never_more_than_was_charged(self, amount):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "3")

        with pytest.raises(operations.RefundExceedsCharge):
            refund(user, amount)

    def test_never_more_than_is_left_of_the_charge(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "3")
        refund(user, "2")

        with pytest.raises(operations.RefundExceedsCharge) as refused:
            refund(user, "1.00001", cause="failed")

        assert refused.value.left == 1

    def test_another_order_of_the_same_customer_does_not_pay_for_it(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "3", order=2)

        with pytest.raises(operations.RefundExceedsCharge):
            refund(user, "1", order=1)


class TestMove:
    def test_a_correction_moves_cash_against_its_own_account(self):
        user = CustomerFactory(funds=Decimal("5"))

        up, down = move(user, "2", key="up"), move(user, "-3", key="down")

        assert legs(up) == {f"cash of user {user.pk}": 2, "adjustments": -2}
        assert legs(down) == {f"cash of user {user.pk}": -3, "adjustments": 3}
        assert (up.kind, up.subject_type, up.subject_id, up.reason) == ("adjustment", "adjustment", 1, "Because")
        assert held(user) == (4, 0)

    def test_goodwill_is_bonus(self):
        user = CustomerFactory(funds=Decimal("5"))

        move(user, "2", kind="goodwill", account_kind=BONUS, counter="goodwill")

        assert held(user) == (5, 2)

    def test_the_same_key_again_returns_the_first_and_moves_nothing(self):
        user = CustomerFactory(funds=Decimal("5"))

        assert move(user, "-5") == move(user, "-5")
        assert held(user) == (0, 0)

    def test_bonus_does_not_pay_for_what_leaves_cash(self):
        """Bonus is never paid out."""
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("2"))

        with pytest.raises(operations.InsufficientFunds) as refused:
            move(user, "-5.00001", kind="payout", counter="payouts")

        assert (refused.value.balance, refused.value.needed) == (5, Decimal("5.00001"))
        assert held(user) == (5, 2)

    @pytest.mark.parametrize("amount", ["0", "-0.000001", "NaN"])
    def test_an_amount_that_is_no_money_is_refused(self, amount):
        with pytest.raises(operations.AmountNotPossible):
            move(CustomerFactory(), amount)

    @pytest.mark.parametrize(("kind", "amount"), [("cash", "0"), ("cash", "0.000001"), ("debt", "1")])
    def test_the_sql_function_refuses_what_python_would(self, kind, amount):
        user = CustomerFactory(funds=Decimal("5"))

        with (
            pytest.raises(DataError, match=r"is not zero|by cash or bonus"),
            transaction.atomic(),
        ):
            sql.rows(
                "SELECT wallet_move(%s, 'adjustment', %s, %s, 'adjustments', 'k', '', null, 'system', '', now())",
                [user.pk, kind, amount],
            )


class TestTakeBack:
    """Reliability row 26: a payment is taken back after it was credited; the wallet stays at or above zero."""

    def test_what_is_still_there_goes_back(self):
        user = CustomerFactory(funds=Decimal("5"))

        transfer = take_back(user, "3")

        assert legs(transfer) == {f"cash of user {user.pk}": -3, "top_ups": 3}
        assert held(user) == (2, 0)
        assert operations.debt_of(user.pk) == 0

    def test_what_was_spent_is_owed(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "4")

        transfer = take_back(user, "5")

        assert legs(transfer) == {f"cash of user {user.pk}": -1, f"debt of user {user.pk}": -4, "top_ups": 5}
        assert held(user) == (0, 0)
        assert operations.debt_of(user.pk) == 4

    def test_with_nothing_left_all_of_it_is_owed(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "5")

        assert legs(take_back(user, "5")) == {f"debt of user {user.pk}": -5, "top_ups": 5}

    def test_its_bonus_goes_too_as_far_as_it_was_not_spent(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user.pk, Decimal("2"))
        charge(user, "0.5")

        transfer = take_back(user, "5", bonus="2")

        assert legs(transfer)["bonuses"] == Decimal("1.5")
        assert held(user) == (0, 0)
        assert operations.debt_of(user.pk) == 0

    def test_the_same_key_again_takes_nothing_more(self):
        user = CustomerFactory(funds=Decimal("5"))

        assert take_back(user, "3") == take_back(user, "3")
        assert held(user) == (2, 0)

    def test_parts_add_up(self):
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "4")

        take_back(user, "3", n=0)
        take_back(user, "2", n=1)

        assert operations.debt_of(user.pk) == 4

    @pytest.mark.parametrize(("amount", "bonus"), [("0", "0"), ("-1", "0"), ("1", "-1"), ("1", "0.000001")])
    def test_an_amount_that_is_no_money_is_refused(self, amount, bonus):
        user = CustomerFactory(funds=Decimal("5"))

        with pytest.raises(operations.AmountNotPossible):
            take_back(user, amount, bonus=bonus)
        with pytest.raises(DataError, match="what is taken back is positive"), transaction.atomic():
            sql.rows(
                "SELECT wallet_take_back(%s, %s, %s, 'k', 'top_up', 1, 'system', '', now())", [user.pk, amount, bonus]
            )


class TestDebt:
    @pytest.fixture
    def debtor(self):
        """A customer without money who owes 4."""
        user = CustomerFactory(funds=Decimal("5"))
        charge(user, "4")
        take_back(user, "5")
        return user

    def test_the_next_top_up_pays_it_first(self, debtor):
        transfer = operations.top_up(user_id=debtor.pk, amount=Decimal(3), key="t1", actor="system", now=NOON)

        paid = Transfer.objects.get(key=f"debt:{transfer.pk}")
        assert legs(paid) == {f"cash of user {debtor.pk}": -3, f"debt of user {debtor.pk}": 3}
        assert (paid.kind, paid.at) == ("debt_paid", NOON)
        assert held(debtor) == (0, 0)
        assert operations.debt_of(debtor.pk) == 1

    def test_what_exceeds_it_stays(self, debtor):
        for n in range(2):
            operations.top_up(user_id=debtor.pk, amount=Decimal(3), key=f"t{n}", actor="system", now=NOON)
        operations.top_up(user_id=debtor.pk, amount=Decimal(1), key="t2", actor="system", now=NOON)

        assert held(debtor) == (3, 0)
        assert operations.debt_of(debtor.pk) == 0
        assert Transfer.objects.filter(kind="debt_paid").count() == 2

    def test_a_repeat_pays_nothing_more(self, debtor):
        for _ in range(2):
            operations.top_up(user_id=debtor.pk, amount=Decimal(3), key="t", actor="system", now=NOON)

        assert operations.debt_of(debtor.pk) == 1

    def test_a_refund_pays_it(self, debtor):
        refund(debtor, "1")

        assert held(debtor) == (0, 0)
        assert operations.debt_of(debtor.pk) == 3

    def test_a_correction_pays_it_and_bonus_does_not(self, debtor):
        move(debtor, "1")
        give_bonus(debtor.pk, Decimal(1))

        assert held(debtor) == (0, 1)
        assert operations.debt_of(debtor.pk) == 3

    def test_who_never_owed_anything_has_no_such_account(self):
        user = CustomerFactory(funds=Decimal("5"))

        assert operations.debt_of(user.pk) == 0
        assert not Account.objects.filter(user=user, kind="debt").exists()
