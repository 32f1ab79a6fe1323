"""Corrections of wallets: at once up to the owner's limit, above it with a second person (decision 27)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction

from tests.factories import NOON, CustomerFactory
from tests.wallet.people import acts_on, held, staff_with
from wallet.models import Adjustment, MoneyRules, Transfer
from wallet.operations import corrections, moving, refusals

pytestmark = pytest.mark.django_db
KEY = UUID(int=1)


@pytest.fixture
def finance():
    return staff_with("can_adjust", "can_approve_adjustment")


@pytest.fixture
def second():
    return staff_with("can_approve_adjustment")


def adjust(staff, user, amount, *, key=None, reason="Paid twice by mistake"):
    return corrections.adjust(
        staff=staff, user_id=user.pk, amount=Decimal(amount), reason=reason, key=key or uuid4(), now=NOON
    )


def approve(staff, adjustment):
    return corrections.approve_adjustment(staff=staff, adjustment_id=adjustment.pk, now=NOON)


def refuse(staff, adjustment, reason="Not proven"):
    return corrections.refuse_adjustment(staff=staff, adjustment_id=adjustment.pk, reason=reason, now=NOON)


class TestUpToTheLimit:
    def test_a_correction_of_exactly_the_limit_happens_at_once(self, finance):
        user = CustomerFactory(funds=Decimal(5))

        made = adjust(finance, user, "100")

        transfer = Transfer.objects.get(kind="adjustment")
        assert (made.state, made.decided_by, made.decided_at) == ("done", finance, NOON)
        assert held(user) == 105
        assert (transfer.key, transfer.reason) == (f"adjustment:{made.pk}", "Paid twice by mistake")
        assert (transfer.subject_type, transfer.subject_id, transfer.actor) == (
            "adjustment",
            made.pk,
            f"staff:{finance.pk}",
        )

    def test_below_zero_takes_away(self, finance):
        user = CustomerFactory(funds=Decimal(5))

        adjust(finance, user, "-1.23456")

        assert held(user) == Decimal("3.76544")

    def test_more_than_there_is_cannot_be_taken_and_nothing_stays_behind(self, finance):
        user = CustomerFactory(funds=Decimal(5))

        with pytest.raises(refusals.InsufficientFunds) as short:
            adjust(finance, user, "-5.01")

        assert (short.value.balance, short.value.needed) == (5, Decimal("5.01"))
        assert held(user) == 5
        assert not Adjustment.objects.exists()

    def test_bonus_is_not_touched(self, finance):
        user = CustomerFactory()
        moving.grant_bonus(user_id=user.pk, amount=Decimal(9), key="b", actor="system", now=NOON)

        with pytest.raises(refusals.InsufficientFunds):
            adjust(finance, user, "-1")

    def test_what_is_owed_is_paid_from_it_first(self, finance):
        user = CustomerFactory(funds=Decimal(5))
        moving.take_back(
            user_id=user.pk,
            amount=Decimal(8),
            bonus=Decimal(0),
            key="t",
            subject_type="top_up",
            subject_id=1,
            actor="system",
            reason="",
            now=NOON,
        )

        adjust(finance, user, "10")

        assert held(user) == 7

    def test_the_record_names_who_asked_and_who_did_it(self, finance):
        made = adjust(finance, CustomerFactory(), "5")

        actor = f"staff:{finance.pk}"
        assert acts_on("adjustment", made.pk) == [("asked", actor), ("done", actor)]

    def test_the_same_key_again_returns_the_first(self, finance):
        user = CustomerFactory()
        first = adjust(finance, user, "5", key=KEY)

        assert adjust(finance, user, "5", key=KEY) == first
        assert held(user) == 5

    def test_the_same_key_for_something_else_is_refused(self, finance):
        user = CustomerFactory()
        adjust(finance, user, "5", key=KEY)

        with pytest.raises(refusals.KeyUsedOtherwise):
            adjust(finance, user, "6", key=KEY)

    @pytest.mark.parametrize("amount", ["0", "0.000001", "NaN", "-Infinity"])
    def test_an_amount_that_is_no_money_is_refused(self, finance, amount):
        with pytest.raises(refusals.AmountNotPossible):
            adjust(finance, CustomerFactory(), amount)

    def test_without_a_reason_nothing_happens(self, finance):
        with pytest.raises(ValueError, match="says why"):
            adjust(finance, CustomerFactory(), "5", reason="  ")

    def test_without_the_permission_nothing_happens(self, second):
        with pytest.raises(PermissionDenied):
            adjust(second, CustomerFactory(), "5")


class TestAboveTheLimit:
    @pytest.mark.parametrize("amount", ["100.00001", "-100.00001"])
    def test_it_waits_and_moves_nothing(self, finance, amount):
        user = CustomerFactory(funds=Decimal(500))

        made = adjust(finance, user, amount)

        assert (made.state, made.needs_second_person, made.decided_by) == ("waiting", True, None)
        assert held(user) == 500

    def test_the_limit_is_the_owners(self, finance):
        MoneyRules.objects.update_or_create(pk=1, defaults={"second_person_above": Decimal(2)})

        assert adjust(finance, CustomerFactory(), "2.01").state == "waiting"

    def test_another_person_carries_it_out(self, finance, second):
        user = CustomerFactory()
        made = adjust(finance, user, "250")

        done = approve(second, made)

        assert (done.state, done.decided_by) == ("done", second)
        assert held(user) == 250
        assert acts_on("adjustment", made.pk) == [("asked", f"staff:{finance.pk}"), ("done", f"staff:{second.pk}")]

    def test_who_asked_neither_approves_nor_refuses(self, finance):
        made = adjust(finance, CustomerFactory(), "250")

        with pytest.raises(corrections.SamePerson):
            approve(finance, made)
        with pytest.raises(corrections.SamePerson):
            refuse(finance, made)

        assert Adjustment.objects.get().state == "waiting"

    def test_the_database_does_not_take_one_person_for_two(self, finance):
        made = adjust(finance, CustomerFactory(), "250")

        with pytest.raises(IntegrityError, match="second_person_is_another"), transaction.atomic():
            Adjustment.objects.filter(pk=made.pk).update(state="done", decided_by=finance, decided_at=NOON)

    def test_control_without_the_constraint_one_person_would_do(self, finance):
        """The control for the test above."""
        made = adjust(finance, CustomerFactory(), "250")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table has triggers pending, and is not altered
            cursor.execute("ALTER TABLE wallet_adjustment DROP CONSTRAINT second_person_is_another")

        Adjustment.objects.filter(pk=made.pk).update(state="done", decided_by=finance, decided_at=NOON)

        assert Adjustment.objects.get(pk=made.pk).state == "done"

    def test_refused_it_moves_nothing_and_says_why(self, finance, second):
        user = CustomerFactory()
        made = adjust(finance, user, "250")

        refused = refuse(second, made)

        assert (refused.state, refused.refusal, held(user)) == ("refused", "Not proven", 0)

    @pytest.mark.parametrize("again", [approve, refuse])
    def test_it_is_decided_once(self, finance, second, again):
        made = adjust(finance, CustomerFactory(), "250")
        approve(second, made)

        with pytest.raises(corrections.AlreadyDecided):
            again(second, made)

        assert Transfer.objects.filter(kind="adjustment").count() == 1

    def test_approved_when_the_money_is_gone_it_still_waits(self, finance, second):
        user = CustomerFactory(funds=Decimal(150))
        made = adjust(finance, user, "-150")
        adjust(finance, user, "-1")

        with pytest.raises(refusals.InsufficientFunds):
            approve(second, made)

        assert Adjustment.objects.get(pk=made.pk).state == "waiting"

    @pytest.mark.parametrize("decide", [approve, refuse])
    def test_deciding_takes_a_permission_of_its_own(self, finance, decide):
        made = adjust(finance, CustomerFactory(), "250")

        with pytest.raises(PermissionDenied):
            decide(staff_with("can_adjust"), made)

    def test_a_refusal_says_why(self, finance, second):
        made = adjust(finance, CustomerFactory(), "250")

        with pytest.raises(ValueError, match="says why"):
            refuse(second, made, reason=" ")


class TestInParts:
    """The limit is for what one person does alone in 24 hours."""

    def test_parts_that_come_to_the_limit_happen_at_once_and_the_next_cent_waits(self, finance):
        user = CustomerFactory(funds=Decimal(50))

        parts = [adjust(finance, user, amount).state for amount in ("60", "-40", "0.01")]

        assert parts == ["done", "done", "waiting"]

    def test_another_wallet_is_no_way_round(self, finance):
        assert adjust(finance, CustomerFactory(), "100").state == "done"
        assert adjust(finance, CustomerFactory(), "100").state == "waiting"

    def test_what_a_second_person_approved_does_not_count(self, finance, second):
        approve(second, adjust(finance, CustomerFactory(), "500"))

        assert adjust(finance, CustomerFactory(), "100").state == "done"

    def test_a_day_later_it_begins_anew(self, finance):
        adjust(finance, CustomerFactory(), "100")
        later = {"staff": finance, "user_id": CustomerFactory().pk, "amount": Decimal(100), "reason": "Paid twice"}

        early = corrections.adjust(**later, key=uuid4(), now=NOON + timedelta(hours=24, seconds=-1))
        in_time = corrections.adjust(**later, key=uuid4(), now=NOON + timedelta(hours=24))

        assert [early.state, in_time.state] == ["waiting", "done"]

    def test_each_person_has_their_own(self, finance):
        adjust(finance, CustomerFactory(), "100")

        assert adjust(staff_with("can_adjust"), CustomerFactory(), "100").state == "done"


class TestOwnWallet:
    def test_ones_own_wallet_takes_a_second_person_whatever_the_amount(self, finance, second):
        made = adjust(finance, finance, "0.01")

        assert made.state == "waiting"
        assert approve(second, made).state == "done"

    def test_nobody_approves_what_their_own_wallet_gets(self, finance, second):
        made = adjust(finance, second, "250")

        with pytest.raises(corrections.SamePerson):
            approve(second, made)


class TestEffect:
    @pytest.mark.parametrize(
        ("amount", "after", "covered", "two"),
        [("-5", 0, True, False), ("-5.01", Decimal("-0.01"), False, False), ("101", 106, True, True)],
    )
    def test_it_says_what_would_happen_and_changes_nothing(self, finance, amount, after, covered, two):
        user = CustomerFactory(funds=Decimal(5))

        effect = corrections.effect_of_adjustment(staff=finance, user_id=user.pk, amount=Decimal(amount), now=NOON)

        assert (effect.before, effect.after, effect.covered, effect.needs_second_person) == (5, after, covered, two)
        assert not Adjustment.objects.exists()


AT_ONCE = 8


def eight_at_once(staff) -> list[str]:
    """Correct eight wallets by 60 of the limit of 100 from threads that begin at the same moment; the states."""
    MoneyRules.objects.get_or_create(pk=1)  # making it would lock the others out
    users = [CustomerFactory() for _ in range(AT_ONCE)]
    gate = Barrier(AT_ONCE)

    def begin(user) -> str:
        try:
            gate.wait(timeout=30)
            return adjust(staff, user, "60").state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as workers:
        return list(workers.map(begin, users))


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_eight_at_once_one_passes_alone(self, finance):
        assert sorted(eight_at_once(finance)) == ["done"] + ["waiting"] * (AT_ONCE - 1)

    def test_control_without_the_lock_more_than_one_does(self, finance, monkeypatch):
        """The control: everybody adds up before anybody corrects."""
        added = Barrier(AT_ONCE)
        needs = corrections._needs_second_person

        def add_up_together(**what):
            found = needs(**what)
            added.wait(timeout=30)
            return found

        monkeypatch.setattr(corrections, "_lock_money_rules", lambda: None)
        monkeypatch.setattr(corrections, "_needs_second_person", add_up_together)

        assert eight_at_once(finance).count("done") > 1
