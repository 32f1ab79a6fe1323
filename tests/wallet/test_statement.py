"""Reading a statement: order, running balance, filters, paging."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plumbing import sql
from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import BONUS, CASH, Account, Entry
from wallet.reading import statement
from wallet.reading.statement import Wanted

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def charge(user, amount, *, order=1, at=NOON):
    return operations.charge(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:charge",
        subject_type="order",
        subject_id=order,
        actor=f"customer:{user.pk}",
        now=at,
    )


def refund(user, amount, *, order=1, at=NOON):
    return operations.refund(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:provider_ended",
        subject_type="order",
        subject_id=order,
        actor="system",
        now=at,
    )


def top_up(user, amount, *, key, at=NOON):
    return operations.top_up(user_id=user.pk, amount=Decimal(amount), key=key, actor="system", now=at)


def give_bonus(user, amount, *, key="bonus", at=NOON):
    """A bonus, as a transfer of its own against a shared account."""
    [(transfer,)] = sql.rows(
        "INSERT INTO wallet_transfer (kind, key, subject_type, actor, reason, at) "
        "VALUES ('bonus', %s, '', 'system', '', %s) RETURNING id",
        (key, at),
    )
    [(shared,)] = sql.rows("SELECT wallet_system_account('bonuses')")
    account = Account.objects.get(user=user, kind=BONUS)
    for account_id, moved in ((account.pk, Decimal(amount)), (shared, -Decimal(amount))):
        sql.execute(
            "INSERT INTO wallet_entry (transfer_id, account_id, amount) VALUES (%s, %s, %s)",
            (transfer, account_id, moved),
        )


def busy_month(*, hours=200):
    """A customer who spends each hour, tops up each tenth and is paid back each fifth one."""
    user = CustomerFactory(funds=Decimal(1000))
    give_bonus(user, "30")
    for hour in range(1, hours):
        at = NOON + hour * HOUR
        if hour % 10 == 0:
            top_up(user, "5", key=f"more:{user.pk}:{hour}", at=at)
        charge(user, "2.5", order=hour, at=at)
        if hour % 5 == 0:
            refund(user, "1.25", order=hour, at=at)
    return user


def all_pages(user, *, size, wanted=statement.EVERYTHING):
    """Every line, page by page."""
    found, before = [], None
    while True:
        page = statement.page(user_id=user.pk, size=size, before=before, wanted=wanted)
        assert len(page.lines) <= size
        found += page.lines
        if (before := page.older_than) is None:
            return found


class TestLines:
    def test_they_are_newest_first_with_the_balance_of_cash_and_bonus_after_each(self):
        user = CustomerFactory(funds=Decimal("5"))
        give_bonus(user, "1")
        charge(user, "3")

        lines = statement.page(user_id=user.pk, size=10).lines

        assert [(line.account, line.amount, line.balance) for line in lines] == [
            (CASH, -2, 3),
            (BONUS, -1, 5),
            (BONUS, 1, 6),
            (CASH, 5, 5),
        ]

    def test_a_wallet_that_was_never_used_has_none(self):
        page = statement.page(user_id=CustomerFactory().pk, size=5)

        assert (page.lines, page.older_than, page.gave_up) == ([], None, False)

    def test_the_balance_after_is_the_sum_of_all_before(self):
        user = busy_month(hours=60)

        lines = all_pages(user, size=1000)

        sums = [sum(line.amount for line in lines[place:]) for place in range(len(lines))]
        assert [line.balance for line in lines] == sums


class TestPages:
    def test_they_join_without_gap_or_overlap(self):
        user, _ = busy_month(hours=40), CustomerFactory(funds=Decimal(100))

        whole = Entry.objects.filter(account__user=user).order_by("-id").values_list("pk", flat=True)

        assert [line.entry_id for line in all_pages(user, size=7)] == list(whole)

    def test_a_page_is_one_query(self, django_assert_num_queries):
        user = busy_month(hours=30)
        wanted = Wanted(kind="refund", since=NOON + 3 * HOUR, until=NOON + 20 * HOUR)

        with django_assert_num_queries(1):
            statement.page(user_id=user.pk, size=5, before=10**9, wanted=wanted)


class TestFilters:
    WANTED = [
        Wanted(kind="refund"),
        Wanted(kind="bonus"),
        Wanted(kind="payout"),
        Wanted(since=NOON + 40 * HOUR),
        Wanted(until=NOON + 40 * HOUR),
        Wanted(since=NOON + 40 * HOUR, until=NOON + 41 * HOUR),
        Wanted(since=NOON + 40.5 * HOUR, until=NOON + 40.6 * HOUR),
        Wanted(kind="top_up", since=NOON + 15 * HOUR, until=NOON + 60 * HOUR),
        Wanted(since=datetime(2000, 1, 1, tzinfo=UTC)),
        Wanted(until=datetime(2000, 1, 1, tzinfo=UTC)),
        Wanted(since=datetime(2900, 1, 1, tzinfo=UTC)),
    ]

    def test_they_leave_exactly_what_fits_each_with_its_own_balance(self):
        """The oracle: all lines, filtered here."""
        user = busy_month(hours=70)
        everything = all_pages(user, size=1000)

        for wanted in self.WANTED:
            expected = [
                line
                for line in everything
                if wanted.kind in ("", line.kind)
                and (wanted.since is None or line.at >= wanted.since)
                and (wanted.until is None or line.at < wanted.until)
            ]
            assert all_pages(user, size=7, wanted=wanted) == expected, wanted

    def test_entries_that_stand_in_another_order_than_their_times_are_found(self):
        """`at` is read before the wallet is locked: one that waited stands after a later one."""
        user = CustomerFactory(funds=Decimal(100))
        times = [0, 120, 60, 180, 90, 240]  # seconds
        for order, seconds in enumerate(times, start=1):
            charge(user, "1", order=order, at=NOON + HOUR + timedelta(seconds=seconds))
        span = Wanted(since=NOON + HOUR + timedelta(seconds=60), until=NOON + HOUR + timedelta(seconds=180))

        assert [line.subject_id for line in all_pages(user, size=1, wanted=span)] == [5, 3, 2]

    def test_a_page_gives_up_after_so_many_entries_and_goes_on_from_there(self, monkeypatch):
        """A kind that nearly never occurs must not make a page read the whole history."""
        monkeypatch.setattr(statement, "FIRST_LOOK", 10)
        monkeypatch.setattr(statement, "LOOK_THROUGH", 20)
        user = busy_month(hours=40)
        wanted = Wanted(kind="bonus")

        first = statement.page(user_id=user.pk, size=5, wanted=wanted)

        assert (first.lines, first.gave_up) == ([], True)
        assert [line.amount for line in all_pages(user, size=5, wanted=wanted)] == [30]


class TestPlaceOfATime:
    def test_halving_finds_the_first_entry_that_is_not_older(self):
        user = CustomerFactory(funds=Decimal(100))
        for order in range(1, 30):
            charge(user, "1", order=order, at=NOON + order * HOUR)
            CustomerFactory(funds=Decimal(1))  # so that ids have gaps
        account = Account.objects.get(user=user, kind=CASH)
        entries = list(Entry.objects.filter(account=account).order_by("id").values_list("pk", "transfer__at"))

        for moment in [NOON - HOUR, *(NOON + half * HOUR / 2 for half in range(64))]:
            [(place,)] = sql.rows("SELECT wallet_entry_at(%s, %s)", (account.pk, moment))
            assert [at for pk, at in entries if pk >= place] == [at for _, at in entries if at >= moment]

    def test_an_account_without_entries_has_one_too(self):
        CustomerFactory(funds=Decimal(1))
        bonus = Account.objects.get(kind=BONUS)

        assert sql.rows("SELECT wallet_entry_at(%s, %s)", (bonus.pk, NOON)) == [(1,)]
