"""Thousands of random moves of every kind on real Postgres, freezes and limits among them, checked after every step.

Reliability 1, row 2. A failing run prints the steps that led there and the seed that repeats it (`--hypothesis-seed`).
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as hypothesis_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from plumbing import sql
from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import Transfer
from wallet.verification import ledger

UNIT = Decimal("0.00001")
CUSTOMERS = 2
AMOUNTS = st.integers(1, 3_000_000).map(lambda units: Decimal(units).scaleb(-5))
CUSTOMER = st.integers(0, CUSTOMERS - 1)
ORDER = st.integers(1, 4)
PERCENT = st.integers(0, 120)  # of what there is; beyond 100 it must be refused
CAUSE = st.sampled_from(["provider_ended", "failed", "canceled_before_claim"])
GIFT = st.sampled_from([("bonus", "bonuses"), ("goodwill", "goodwill")])

# What a commit would check, then the customers' books in one row: entries that do not cancel out, wallets below zero or
# unlike their entries, orders that gave back more of a kind than they took, and what each customer has and owes, and
# has spent of a limit today.
PREPARE = """
PREPARE books (bigint[], date) AS WITH legs AS MATERIALIZED (
  SELECT e.transfer_id, a.user_id, a.kind, a.balance, e.account_id, e.amount
  FROM wallet_account a JOIN wallet_entry e ON e.account_id = a.id WHERE a.user_id = ANY($1)
)
SELECT
  (SELECT coalesce(sum(amount), 0) FROM wallet_entry WHERE transfer_id IN (SELECT transfer_id FROM legs)),
  (SELECT count(*) FROM (SELECT 1 FROM legs GROUP BY account_id, balance
     HAVING balance < 0 OR balance <> sum(amount)) unlike),
  (SELECT count(*) FROM (SELECT 1 FROM legs JOIN wallet_transfer t ON t.id = transfer_id AND t.subject_type = 'order'
     GROUP BY t.subject_id, account_id HAVING sum(amount) > 0) overpaid),
  ARRAY(SELECT coalesce(held.amount, 0) FROM unnest($1) WITH ORDINALITY AS x(u, n) CROSS JOIN LATERAL (
     VALUES (1, (SELECT balance FROM wallet_account a WHERE a.user_id = u AND a.kind = 'cash')),
            (2, (SELECT balance FROM wallet_account a WHERE a.user_id = u AND a.kind = 'bonus')),
            (3, (SELECT -sum(amount) FROM legs WHERE legs.user_id = u AND legs.kind = 'debt')),
            (4, (SELECT amount FROM wallet_spentday s WHERE s.user_id = u AND s.day = $2))
     ) AS held (place, amount) ORDER BY n, place)
"""
CHECK = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; EXECUTE books (%s, %s)"


def part(amount, percent):
    """So many percent of an amount, and never nothing."""
    return (amount * percent / 100).quantize(UNIT) or UNIT


@dataclass
class Books:
    """One customer in plain numbers, as the database must come to them."""

    cash: Decimal = Decimal(20)
    bonus: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)  # today
    guarded: bool = False
    frozen: bool = False
    limit: Decimal | None = None
    payouts: list = field(default_factory=list)

    def receive(self, amount):
        """Cash that comes pays what is owed first."""
        paid = min(self.cash + amount, self.owed)
        self.cash += amount - paid
        self.owed -= paid

    def spend(self, amount):
        """Take bonus, then cash; how much of it was bonus."""
        bonus = min(self.bonus, amount)
        self.bonus -= bonus
        self.cash -= amount - bonus
        self.spent += amount
        return bonus

    @property
    def as_row(self):
        return [self.cash, self.bonus, self.owed, self.spent if self.guarded else 0]


@dataclass
class Bought:
    """What an order took and gave back."""

    charged: Decimal
    bonus: Decimal
    back: Decimal = Decimal(0)
    bonus_back: Decimal = Decimal(0)

    @property
    def left(self):
        return self.charged - self.back


class Ledger(RuleBasedStateMachine):
    """Two customers, a model in plain numbers beside the database."""

    steps: Counter = Counter()
    refund = staticmethod(operations.refund)

    @initialize()
    def open_books(self):
        # One example is one transaction that is rolled back; durable operations may run in it as in a test's own.
        self.outer = transaction.atomic()
        self.outer._from_testcase = True
        self.outer.__enter__()
        operations.seed()
        self.now = NOON
        self.staff = CustomerFactory(is_staff=True, is_superuser=True)
        self.users = [CustomerFactory(funds=Decimal(20)).pk for _ in range(CUSTOMERS)]
        self.books = [Books() for _ in range(CUSTOMERS)]
        self.orders: dict[int, Bought] = {}
        self.done: dict[str, tuple] = {}
        self.sound = True

    def teardown(self):
        if not hasattr(self, "outer"):
            return
        try:
            if self.sound:
                assert [check.title for check in ledger.CHECKS if check.differing()] == []
        finally:
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def perform(self, name, operation, key, **arguments):
        """Carry out what moves money and keep it for repeats; nothing is kept of what is refused."""
        self.steps[name] += 1
        transfer = operation(key=key, **arguments, actor="system", now=self.now)
        self.done[key] = (transfer, operation, arguments)

    def replay(self, key):
        """Doing it again must return the first transfer; the invariants then see that nothing has moved."""
        first, operation, arguments = self.done[key]
        self.steps["replay"] += 1
        assert operation(key=key, **arguments, actor="system", now=self.now) == first

    def about(self, who, amount):
        return {"user_id": self.users[who], "amount": amount}

    def moved(self, who, kind, amount, *, counter, account_kind="cash"):
        """A move against a shared account; whether the account sufficed."""
        books = self.books[who]
        subject = {"subject_type": "machine", "subject_id": 1, "reason": ""}
        arguments = self.about(who, amount) | {"kind": kind, "account_kind": account_kind, "counter": counter}
        try:
            self.perform(kind, operations.move, f"{kind}:{len(self.done)}", **arguments, **subject)
        except operations.InsufficientFunds:
            assert getattr(books, account_kind) + amount < 0
            return False
        return True

    @rule(who=CUSTOMER, amount=AMOUNTS)
    def top_up(self, who, amount):
        self.perform("top_up", operations.top_up, f"top_up:{len(self.done)}", **self.about(who, amount))
        self.books[who].receive(amount)

    @rule(who=CUSTOMER, amount=AMOUNTS, gift=GIFT)
    def give_bonus(self, who, amount, gift):
        kind, counter = gift
        assert self.moved(who, kind, amount, counter=counter, account_kind="bonus")
        self.books[who].bonus += amount

    @rule(who=CUSTOMER, order=ORDER, percent=PERCENT)
    def charge(self, who, order, percent):
        books, number = self.books[who], who * 100 + order
        amount, key = part(books.cash + books.bonus, percent), f"order:{number}:charge"
        if key in self.done:
            return self.replay(key)
        subject = {"subject_type": "order", "subject_id": number}
        try:
            self.perform("charge", operations.charge, key, **self.about(who, amount), **subject)
        except operations.WalletFrozen:
            assert books.frozen
        except operations.SpendingLimitReached:
            assert not books.frozen
            assert books.spent + amount > books.limit
        except operations.InsufficientFunds:
            assert not books.frozen
            assert books.cash + books.bonus < amount
        else:
            assert not books.frozen
            assert books.limit is None or books.spent + amount <= books.limit
            self.orders[number] = Bought(amount, books.spend(amount))
        return None

    @rule(who=CUSTOMER, order=ORDER, cause=CAUSE, percent=PERCENT)
    def pay_back(self, who, order, cause, percent):
        number = who * 100 + order
        key = f"order:{number}:{cause}"
        if key in self.done:
            return self.replay(key)
        if number not in self.orders:  # then it is bought, so that there is something to pay back
            return self.charge(who, order, percent)
        bought = self.orders[number]
        amount = part(bought.left, percent)
        subject = {"subject_type": "order", "subject_id": number}
        try:
            self.perform("refund", self.refund, key, **self.about(who, amount), **subject)
        except operations.RefundExceedsCharge:
            assert amount > bought.left
            return None
        bought.back += amount
        share = (bought.bonus * bought.back / bought.charged).quantize(UNIT, ROUND_FLOOR) - bought.bonus_back
        bought.bonus_back += share
        books = self.books[who]
        books.bonus += share
        books.receive(amount - share)
        books.spent = max(books.spent - amount, Decimal(0))
        return None

    @rule(who=CUSTOMER, amount=AMOUNTS, percent=PERCENT)
    def take_back(self, who, amount, percent):
        """A chargeback: cash first, the rest is owed; of the bonus that came along, what is left of it."""
        books, bonus = self.books[who], part(amount, percent)
        subject = {"subject_type": "machine", "subject_id": 1, "bonus": bonus, "reason": ""}
        key = f"taken_back:{len(self.done)}"
        self.perform("taken_back", operations.take_back, key, **self.about(who, amount), **subject)
        cash = min(books.cash, amount)
        books.cash -= cash
        books.owed += amount - cash
        books.bonus -= min(books.bonus, bonus)

    @rule(who=CUSTOMER, amount=AMOUNTS, sign=st.sampled_from([1, -1]))
    def adjust(self, who, amount, sign):
        if self.moved(who, "adjustment", sign * amount, counter="adjustments"):
            self.books[who].receive(sign * amount)

    @rule(who=CUSTOMER, percent=PERCENT)
    def pay_out(self, who, percent):
        books = self.books[who]
        amount = part(books.cash, percent)
        if self.moved(who, "payout", -amount, counter="payouts"):
            books.cash -= amount
            books.payouts.append(amount)

    @rule(who=CUSTOMER)
    def return_payout(self, who):
        if (books := self.books[who]).payouts:
            amount = books.payouts.pop()
            assert self.moved(who, "payout_returned", amount, counter="payouts")
            books.receive(amount)

    @rule(who=CUSTOMER, freezes=st.booleans(), daily=st.none() | AMOUNTS)
    def guard(self, who, freezes, daily):
        """Freeze a wallet, or unfreeze a frozen one, or set the limit of one that is not."""
        books, user = self.books[who], {"user_id": self.users[who], "now": self.now}
        self.steps["guard"] += 1
        books.guarded = True
        if freezes:
            assert operations.freeze(**user, reason="Chargeback", actor="system") is not books.frozen
            books.frozen = True
        elif books.frozen:
            assert operations.unfreeze(**user, staff=self.staff, reason="Settled")
            books.frozen = False
        else:
            operations.set_staff_limits(**user, staff=self.staff, daily=daily, monthly=None, reason="Asked for")
            books.limit = daily

    @rule()
    def sleep(self):
        self.now += timedelta(days=1)
        for books in self.books:
            books.spent = Decimal(0)

    @rule(data=st.data())
    def repeat(self, data):
        if self.done:
            self.replay(data.draw(st.sampled_from(sorted(self.done))))

    @invariant()
    def the_books_balance(self):
        if hasattr(self, "users"):
            self.sound = False
            expected = [amount for books in self.books for amount in books.as_row]
            assert sql.rows(CHECK, (self.users, self.now.date())) == [(0, 0, 0, expected)]
            self.sound = True


def walk(machine, *, examples, steps=60, phases=(Phase.generate, Phase.shrink)):
    """Run the machine over and over; return how many operations it made."""
    machine.steps = Counter()
    seed = random.randrange(2**32)
    rules = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    # A plan made while the tables are empty scans them, and inside one transaction nothing makes it anew as they grow.
    sql.execute("DISCARD PLANS")
    sql.execute("SET LOCAL enable_seqscan = off")
    sql.execute(PREPARE)
    try:
        run_state_machine_as_test(hypothesis_seed(seed)(machine), settings=rules)
    finally:
        sql.execute("DEALLOCATE books")
        print(f"ledger machine: seed {seed}, {machine.steps.total()} operations: {dict(machine.steps)}")
    return machine.steps.total()


@pytest.mark.django_db
def test_ten_thousand_operations_keep_the_books():
    """Sum zero, no negative wallet, refunds never beyond the charge, repeats change nothing."""
    assert walk(Ledger, examples=300) >= 10_000


@pytest.mark.nightly
@pytest.mark.django_db
def test_a_hundred_thousand_operations_keep_the_books():
    assert walk(Ledger, examples=2_800) >= 100_000


@pytest.mark.django_db
def test_the_machine_notices_a_refund_that_forgets_its_key():
    """The negative control: a refund under a fresh key each time pays again, and must not pass."""

    class Forgetful(Ledger):
        @staticmethod
        def refund(*, key, **arguments):
            return operations.refund(key=f"{key}:{Transfer.objects.count()}", **arguments)

    with pytest.raises((AssertionError, operations.RefundExceedsCharge)):
        walk(Forgetful, examples=200, phases=[Phase.generate])
