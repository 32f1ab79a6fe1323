"""Goodwill: bonus outside the refund policy, inside a monthly budget that nobody overdraws (decision 27)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from tests.wallet.people import acts_on, held, staff_with
from wallet.models import BONUS, MoneyRules, Transfer
from wallet.operations import audit, corrections, refusals

KEY = UUID(int=1)
AT_ONCE = 8
WHY = "Sorry for the wait"


@pytest.fixture
def support(db):
    MoneyRules.objects.update_or_create(pk=1, defaults={"goodwill_monthly": Decimal(20)})
    return staff_with("can_give_goodwill")


def give(staff, user, amount, *, key=None, reason=WHY, now=NOON):
    return corrections.give_goodwill(
        staff=staff, user_id=user.pk, amount=Decimal(amount), reason=reason, key=key or uuid4(), now=now
    )


class TestGiving:
    def test_it_is_bonus_and_its_own_kind_of_transfer(self, support):
        user = CustomerFactory(funds=Decimal(5))

        given = give(support, user, "3.50")

        assert (held(user, BONUS), held(user)) == (Decimal("3.50"), 5)
        assert (given.kind, given.reason, given.actor) == (
            "goodwill",
            f"{corrections.OUTSIDE}{WHY}",
            f"staff:{support.pk}",
        )
        assert acts_on("goodwill", given.pk) == [("given", f"staff:{support.pk}")]

    def test_the_statement_says_that_no_policy_owed_it(self, support, client):
        user = CustomerFactory()
        give(support, user, "3.50")
        client.force_login(user)

        page = client.get(reverse("wallet:index")).content.decode()

        assert "Outside the refund policy: Sorry for the wait" in page

    def test_the_same_key_again_returns_the_first(self, support):
        user = CustomerFactory()
        first = give(support, user, "15", key=KEY)

        assert give(support, user, "15", key=KEY) == first
        assert held(user, BONUS) == 15

    def test_the_same_key_for_something_else_is_refused(self, support):
        user = CustomerFactory()
        give(support, user, "5", key=KEY)

        with pytest.raises(refusals.KeyUsedOtherwise):
            give(support, user, "6", key=KEY)
        with pytest.raises(refusals.KeyUsedOtherwise):
            give(support, CustomerFactory(), "5", key=KEY)

    def test_nobody_gives_it_to_themselves(self, support):
        with pytest.raises(audit.OwnWallet):
            give(support, support, "1")

    def test_it_takes_its_permission(self, support):
        with pytest.raises(PermissionDenied):
            give(staff_with("can_adjust"), CustomerFactory(), "1")

    def test_it_says_why(self, support):
        with pytest.raises(ValueError, match="says why"):
            give(support, CustomerFactory(), "1", reason=" ")

    @pytest.mark.parametrize("amount", ["0", "-1", "0.000001"])
    def test_an_amount_that_is_no_money_is_refused(self, support, amount):
        with pytest.raises(refusals.AmountNotPossible):
            give(support, CustomerFactory(), amount)


class TestBudget:
    def test_the_last_of_it_can_be_given_and_no_more(self, support):
        give(support, CustomerFactory(), "20")

        with pytest.raises(corrections.BudgetExceeded) as beyond:
            give(support, CustomerFactory(), "0.01")

        assert beyond.value.left == 0

    def test_all_staff_and_customers_share_it(self, support):
        give(support, CustomerFactory(), "12")

        with pytest.raises(corrections.BudgetExceeded) as beyond:
            give(staff_with("can_give_goodwill"), CustomerFactory(), "9")

        assert beyond.value.left == 8

    @pytest.mark.parametrize(
        ("first", "second", "fits"),
        [
            (datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), True),
            (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), False),
        ],
    )
    def test_a_month_is_one_in_utc(self, support, first, second, fits):
        give(support, CustomerFactory(), "20", now=first)

        if fits:
            give(support, CustomerFactory(), "20", now=second)
        else:
            with pytest.raises(corrections.BudgetExceeded):
                give(support, CustomerFactory(), "20", now=second)

    def test_lowered_below_what_was_given_nothing_is_left(self, support):
        give(support, CustomerFactory(), "20")
        MoneyRules.objects.update(goodwill_monthly=5)

        budget = corrections.goodwill_budget(now=NOON + timedelta(days=1))

        assert (budget.given, budget.left) == (20, 0)

    def test_a_new_installation_has_the_rules_it_is_shipped_with(self, db):
        MoneyRules.objects.all().delete()

        assert corrections.money_rules().second_person_above == 100


def eight_at_once(staff) -> list[str]:
    """Give 15 of the budget of 20 from eight threads that begin at the same moment; what each came to."""
    users = [CustomerFactory() for _ in range(AT_ONCE)]
    gate = Barrier(AT_ONCE)

    def begin(user) -> str:
        try:
            gate.wait(timeout=30)
            give(staff, user, "15")
        except corrections.BudgetExceeded:
            return "beyond"
        else:
            return "given"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as workers:
        return list(workers.map(begin, users))


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_eight_at_once_one_has_the_last_of_the_budget(self, support):
        came = eight_at_once(support)

        assert sorted(came) == ["beyond"] * (AT_ONCE - 1) + ["given"]
        assert Transfer.objects.filter(kind="goodwill").count() == 1

    def test_control_without_the_lock_more_than_one_has_it(self, support, monkeypatch):
        """The control: everybody counts before anybody gives."""
        counted = Barrier(AT_ONCE)
        count = corrections.goodwill_budget

        def count_together(**when):
            budget = count(**when)
            counted.wait(timeout=30)
            return budget

        monkeypatch.setattr(corrections, "_lock_money_rules", lambda: None)
        monkeypatch.setattr(corrections, "goodwill_budget", count_together)

        assert eight_at_once(support).count("given") > 1
