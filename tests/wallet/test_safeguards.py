"""Spending held back: frozen wallets, limits by day and month, who may set them, and what is written down (R57)."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied

from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import Event, Safeguard, SpentDay
from wallet.operations import audit, payouts

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def charge(user, amount, *, order, now=NOON):
    return operations.charge(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:charge",
        subject_type="order",
        subject_id=order,
        actor=f"customer:{user.pk}",
        now=now,
    )


def refund(user, amount, *, order, now=NOON, cause="failed"):
    return operations.refund(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:{cause}",
        subject_type="order",
        subject_id=order,
        actor="system",
        now=now,
    )


def limit(user, *, daily=None, monthly=None, now=NOON):
    amounts = {name: None if text is None else Decimal(text) for name, text in (("daily", daily), ("monthly", monthly))}
    return operations.set_limits(user_id=user.pk, **amounts, actor=f"customer:{user.pk}", now=now)


def ask_payout(user, amount):
    return payouts.ask_payout(
        user_id=user.pk, amount=Decimal(amount), destination="IBAN", request_key=uuid.uuid4(), now=NOON
    )


@pytest.fixture
def user():
    return CustomerFactory(funds=Decimal(1000))


def staff_with(*codenames):
    staff = CustomerFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return staff


class TestFrozen:
    @pytest.fixture(autouse=True)
    def _frozen(self, user):
        charge(user, "5", order=1)
        operations.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)

    def test_nothing_can_be_bought_and_it_says_since_when(self, user):
        with pytest.raises(operations.WalletFrozen) as refused:
            charge(user, "1", order=2)

        assert refused.value.since == NOON
        assert operations.frozen_since(user.pk) == NOON
        assert operations.balance_of(user.pk) == 995

    def test_nothing_is_paid_out(self, user):
        with pytest.raises(operations.WalletFrozen):
            ask_payout(user, "1")

        assert operations.balance_of(user.pk) == 995

    def test_what_comes_in_still_arrives(self, user):
        refund(user, "2", order=1)
        operations.top_up(user_id=user.pk, amount=Decimal(3), key="t", actor="system", now=NOON)

        assert operations.balance_of(user.pk) == 1000

    def test_a_charge_made_before_answers_its_repeat(self, user):
        assert charge(user, "5", order=1).key == "order:1:charge"

    def test_freezing_again_keeps_the_first_reason_and_writes_nothing(self, user):
        assert operations.freeze(user_id=user.pk, reason="Other", actor="system", now=NOON + DAY) is False
        assert Safeguard.objects.get().frozen_reason == "Chargeback"
        assert Event.objects.filter(subject_type="safeguard").count() == 1

    def test_staff_with_the_permission_unfreeze_and_say_why(self, user):
        staff = staff_with("can_freeze")

        assert operations.unfreeze(staff=staff, user_id=user.pk, reason=" Paid up ", now=NOON + DAY) is True

        charge(user, "1", order=2)
        last = Event.objects.latest("id")
        assert (last.kind, last.actor, last.reason) == ("unfrozen", f"staff:{staff.pk}", "Paid up")
        assert last.facts["frozen_for"] == "Chargeback"
        assert operations.unfreeze(staff=staff, user_id=user.pk, reason="Again", now=NOON + DAY) is False

    def test_nobody_unfreezes_their_own_wallet(self, user):
        staff = staff_with("can_freeze")
        operations.freeze(user_id=staff.pk, reason="Chargeback", actor="system", now=NOON)

        with pytest.raises(audit.OwnWallet):
            operations.unfreeze(staff=staff, user_id=staff.pk, reason="It is fine", now=NOON)

        assert operations.is_frozen(staff.pk)

    def test_staff_without_it_do_not(self, user):
        with pytest.raises(PermissionDenied):
            operations.unfreeze(staff=staff_with("can_limit"), user_id=user.pk, reason="x", now=NOON)
        with pytest.raises(PermissionDenied):
            operations.freeze_by_staff(staff=staff_with("can_limit"), user_id=user.pk, reason="x", now=NOON)

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_nobody_freezes_or_unfreezes_without_a_reason(self, user, reason):
        staff = staff_with("can_freeze")

        with pytest.raises(ValueError, match="why"):
            operations.unfreeze(staff=staff, user_id=user.pk, reason=reason, now=NOON)
        with pytest.raises(ValueError, match="why"):
            operations.freeze_by_staff(staff=staff, user_id=user.pk, reason=reason, now=NOON)
        with pytest.raises(ValueError, match="why"):
            operations.freeze(user_id=user.pk, reason=reason, actor="system", now=NOON)

    def test_staff_freeze_a_wallet_that_was_never_used(self):
        stranger = CustomerFactory()

        operations.freeze_by_staff(staff=staff_with("can_freeze"), user_id=stranger.pk, reason="Check", now=NOON)

        assert operations.is_frozen(stranger.pk)
        assert not operations.is_frozen(CustomerFactory().pk)


class TestDailyLimit:
    @pytest.mark.parametrize(
        ("amount", "passes"), [("9.99999", True), ("10", True), ("10.00001", False)], ids=["below", "at", "above"]
    )
    def test_up_to_the_limit_and_no_further(self, user, amount, passes):
        limit(user, daily="10")

        if passes:
            charge(user, amount, order=1)
        else:
            with pytest.raises(operations.SpendingLimitReached) as refused:
                charge(user, amount, order=1)
            assert (refused.value.period, refused.value.limit, refused.value.spent) == ("day", 10, 0)
            assert (refused.value.needed, refused.value.left) == (Decimal(amount), 10)
            assert operations.balance_of(user.pk) == 1000
            assert not SpentDay.objects.filter(amount__gt=0).exists()

    def test_what_was_spent_earlier_that_day_counts(self, user):
        limit(user, daily="10")
        charge(user, "6", order=1)

        with pytest.raises(operations.SpendingLimitReached) as refused:
            charge(user, "4.00001", order=2)

        assert (refused.value.spent, refused.value.left) == (6, 4)
        charge(user, "4", order=3)

    def test_also_what_was_spent_before_the_limit_was_set(self, user):
        charge(user, "6", order=1)
        refund(user, "1", order=1)
        limit(user, daily="10")

        assert operations.limits_of(user.pk, NOON).spent_today == 5
        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "5.00001", order=2)

    def test_a_repeat_of_a_charge_counts_once(self, user):
        limit(user, daily="10")

        assert charge(user, "10", order=1) == charge(user, "10", order=1)

    def test_the_day_turns_at_midnight_in_utc(self, user):
        evening = datetime(2026, 11, 10, 23, 59, 59, 999_999, tzinfo=UTC)
        limit(user, daily="10", now=evening)
        charge(user, "10", order=1, now=evening)

        charge(user, "10", order=2, now=evening + timedelta(microseconds=1))

        limits = operations.limits_of(user.pk, evening)
        assert (limits.spent_today, limits.day_ends) == (10, datetime(2026, 11, 11, tzinfo=UTC))

    def test_a_refund_of_the_same_day_gives_room(self, user):
        limit(user, daily="10")
        charge(user, "10", order=1)
        refund(user, "4", order=1)

        charge(user, "4", order=2)

        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "0.00001", order=3)

    def test_a_refund_of_an_earlier_day_makes_no_room_beyond_the_limit(self, user):
        limit(user, daily="10")
        charge(user, "10", order=1)
        refund(user, "10", order=1, now=NOON + DAY)

        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "10.00001", order=2, now=NOON + DAY)
        charge(user, "10", order=2, now=NOON + DAY)

    def test_zero_allows_nothing(self, user):
        limit(user, daily="0")

        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "0.00001", order=1)

    def test_payouts_and_corrections_are_no_spending(self, user):
        limit(user, daily="0", monthly="0")

        ask_payout(user, "1")

        assert operations.balance_of(user.pk) == 999


class TestMonthlyLimit:
    @pytest.mark.parametrize(("amount", "passes"), [("3.99999", True), ("4", True), ("4.00001", False)])
    def test_days_add_up(self, user, amount, passes):
        limit(user, monthly="10")
        charge(user, "6", order=1, now=NOON)

        if passes:
            charge(user, amount, order=2, now=NOON + DAY)
        else:
            with pytest.raises(operations.SpendingLimitReached) as refused:
                charge(user, amount, order=2, now=NOON + DAY)
            assert (refused.value.period, refused.value.spent) == ("month", 6)

    def test_the_month_turns_at_midnight_in_utc(self, user):
        evening = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
        limit(user, monthly="10", now=evening)
        charge(user, "10", order=1, now=evening)

        charge(user, "10", order=2, now=evening + timedelta(microseconds=1))

        limits = operations.limits_of(user.pk, evening)
        assert (limits.spent_this_month, limits.month_ends) == (10, datetime(2027, 1, 1, tzinfo=UTC))

    def test_the_month_before_the_limit_was_set_counts_from_its_first_day(self, user):
        first = datetime(2026, 11, 1, tzinfo=UTC)
        charge(user, "1", order=1, now=first - timedelta(microseconds=1))
        charge(user, "2", order=2, now=first)
        charge(user, "3", order=3, now=first + 9 * DAY)

        limits = limit(user, monthly="100", now=first + 20 * DAY)

        assert limits.spent_this_month == 5

    def test_a_day_set_on_the_first_of_a_month_knows_the_evening_before(self, user):
        """A charge that began before midnight may come after the limit."""
        midnight = datetime(2026, 12, 1, tzinfo=UTC)
        charge(user, "4", order=1, now=midnight - timedelta(hours=1))
        limit(user, daily="10", now=midnight)

        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "7", order=2, now=midnight - timedelta(seconds=1))


class TestSetting:
    def test_lowering_holds_at_once(self, user):
        limit(user, daily="10", monthly="100")

        limits = limit(user, daily="5", monthly="100")

        assert (limits.daily, limits.monthly, limits.next_at) == (5, 100, None)

    @pytest.mark.parametrize("wanted", ["20", None], ids=["raised", "removed"])
    def test_raising_or_removing_waits_a_day(self, user, wanted):
        limit(user, daily="10")

        limits = limit(user, daily=wanted)

        assert (limits.daily, limits.next_daily, limits.next_at) == (10, wanted and Decimal(wanted), NOON + DAY)
        soon = NOON + DAY - timedelta(microseconds=1)
        assert operations.limits_of(user.pk, soon).daily == 10
        with pytest.raises(operations.SpendingLimitReached):
            charge(user, "15", order=1, now=soon)
        charge(user, "15", order=2, now=NOON + DAY)
        later = operations.limits_of(user.pk, NOON + DAY)
        assert (later.daily, later.next_at) == (wanted and Decimal(wanted), None)

    def test_staffs_limit_and_the_customers_hold_together(self, user):
        staff = staff_with("can_limit")
        limit(user, daily="10", monthly="30")

        limits = operations.set_staff_limits(
            staff=staff, user_id=user.pk, daily=Decimal(20), monthly=Decimal(25), reason="Asked by phone", now=NOON
        )

        assert (limits.daily, limits.monthly, limits.own_daily, limits.staff_daily) == (10, 25, 10, 20)
        for order, day in enumerate((0, 1)):
            charge(user, "10", order=order, now=NOON + day * DAY)
        with pytest.raises(operations.SpendingLimitReached) as refused:
            charge(user, "6", order=3, now=NOON + 2 * DAY)
        assert (refused.value.period, refused.value.limit) == ("month", 25)

    def test_staff_raise_theirs_at_once(self, user):
        staff = staff_with("can_limit")
        for daily in (Decimal(5), None):
            limits = operations.set_staff_limits(
                staff=staff, user_id=user.pk, daily=daily, monthly=None, reason="Because", now=NOON
            )

        assert (limits.daily, limits.next_at) == (None, None)

    def test_nobody_lifts_our_limits_on_themselves(self, user):
        staff, other = staff_with("can_limit"), staff_with("can_limit")
        limits = {"user_id": staff.pk, "daily": Decimal(1), "monthly": None, "reason": "x", "now": NOON}
        operations.set_staff_limits(staff=other, **limits)

        with pytest.raises(audit.OwnWallet):
            operations.set_staff_limits(staff=staff, **limits | {"daily": None})

        assert operations.limits_of(staff.pk, NOON).staff_daily == 1

    def test_staff_need_the_permission_and_a_reason(self, user):
        arguments = {"user_id": user.pk, "daily": Decimal(1), "monthly": None, "now": NOON}

        with pytest.raises(PermissionDenied):
            operations.set_staff_limits(staff=staff_with("can_freeze"), reason="x", **arguments)
        with pytest.raises(ValueError, match="why"):
            operations.set_staff_limits(staff=staff_with("can_limit"), reason=" ", **arguments)

    @pytest.mark.parametrize("amount", ["-1", "0.000001", "NaN", "Infinity", "1e12"])
    def test_a_limit_that_is_no_amount_is_refused(self, user, amount):
        with pytest.raises(operations.AmountNotPossible):
            limit(user, daily=amount)

    def test_every_change_is_written_down(self, user):
        limit(user, daily="10")
        limit(user, daily="20")
        operations.set_staff_limits(
            staff=staff_with("can_limit"), user_id=user.pk, daily=None, monthly=Decimal(7), reason="Why", now=NOON
        )

        said = [
            (event.kind, event.subject_id, event.facts)
            for event in Event.objects.filter(subject_type="safeguard").order_by("id")
        ]
        assert said == [
            ("limits_set", user.pk, {"daily": "10", "begins": NOON.isoformat()}),
            ("limits_set", user.pk, {"daily": "20", "begins": (NOON + DAY).isoformat()}),
            ("staff_limits_set", user.pk, {"monthly": "7"}),
        ]

    def test_who_set_nothing_has_no_limits_and_no_row(self, user):
        charge(user, "5", order=1)

        limits = operations.limits_of(user.pk, NOON)

        assert (limits.daily, limits.monthly, limits.next_at, limits.spent_today) == (None, None, None, 0)
        assert not Safeguard.objects.exists()
        assert not SpentDay.objects.exists()
