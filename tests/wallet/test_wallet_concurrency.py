"""Many at once on one wallet, and on many: what there is money for, and no deadlock (reliability 1, rows 4 and 5)."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import Account, Entry, Transfer
from wallet.verification import ledger

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 32
PRICE = Decimal("0.5")
ROUNDS = 8


def at_once(work, items):
    """Start one thread an item, all at the same moment; what each returned, or the exception it raised, by name."""
    gate = threading.Barrier(len(items))

    def run(item):
        try:
            gate.wait(timeout=60)
            work(item)
        except (DatabaseError, operations.Refusal) as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as workers:
        return Counter(workers.map(run, items))


def charge(user_id, order):
    return operations.charge(
        user_id=user_id,
        amount=PRICE,
        key=f"order:{order}:charge",
        subject_type="order",
        subject_id=order,
        actor="system",
        now=NOON,
    )


def charge_without_the_lock(user_id, order):
    """What `wallet_charge` would be without its locks: look, then take."""
    with transaction.atomic(), connection.cursor() as sql:
        sql.execute("SELECT id, balance FROM wallet_account WHERE user_id = %s AND kind = 'cash'", [user_id])
        account, balance = sql.fetchone()
        if balance < PRICE:
            raise operations.InsufficientFunds(balance=balance, needed=PRICE)
        sql.execute("SELECT pg_sleep(0.2)")  # so that everybody has looked before the first one takes
        transfer = Transfer.objects.create(kind="charge", key=f"order:{order}:charge", actor="system", at=NOON)
        orders = Account.objects.get(code="orders")
        Entry.objects.create(transfer=transfer, account_id=account, amount=-PRICE)
        Entry.objects.create(transfer=transfer, account=orders, amount=PRICE)


@contextmanager
def sabotaged(*changes):
    """The wallet's SQL with texts of it replaced: (file, what, by what); as it was again afterwards."""
    for name in dict.fromkeys(name for name, *_ in changes):
        text = file(name).read_text()
        for _, what, by in (change for change in changes if change[0] == name):
            assert what in text, f"{name} does not hold {what!r} any more"
            text = text.replace(what, by)
        execute(text)
    try:
        yield
    finally:
        for name, *_ in changes:
            execute(file(name).read_text())


def file(name):
    return Path(settings.BASE_DIR) / "wallet" / "sql" / f"{name}.sql"


def execute(text):
    with connection.cursor() as sql:
        sql.execute(text)


def differing():
    """What does not hold of the ledger itself; that moves are about something is another matter."""
    return [check.title for check in ledger.CHECKS if check.differing()]


def test_a_wallet_with_money_for_twelve_pays_twelve_of_thirty_two():
    user = CustomerFactory(funds=12 * PRICE)

    outcomes = at_once(lambda order: charge(user.pk, order), range(THREADS))

    assert outcomes == {"done": 12, "InsufficientFunds": 20}
    assert operations.balance_of(user.pk) == 0
    assert differing() == []


def test_without_the_lock_they_all_pass_the_check_and_only_the_database_stops_them():
    """The negative control: the race is real. Even then the constraint lets no wallet fall below zero."""
    operations.seed()
    user = CustomerFactory(funds=12 * PRICE)

    outcomes = at_once(lambda order: charge_without_the_lock(user.pk, order), range(THREADS))

    assert outcomes["IntegrityError"] > 0
    assert outcomes["done"] == 12
    assert operations.balance_of(user.pk) == 0
    assert differing() == []


def test_without_the_lock_and_the_constraint_the_wallet_would_be_overspent():
    """The negative control of the constraint itself."""
    operations.seed()
    user = CustomerFactory(funds=12 * PRICE)
    with connection.cursor() as sql:
        sql.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [BELOW_ZERO])
        definition = sql.fetchone()[0]
        sql.execute(f"ALTER TABLE wallet_account DROP CONSTRAINT {BELOW_ZERO}")
    try:
        at_once(lambda order: charge_without_the_lock(user.pk, order), range(THREADS))

        assert operations.balance_of(user.pk) < 0
    finally:
        with connection.cursor() as sql:
            sql.execute(f"ALTER TABLE wallet_account ADD CONSTRAINT {BELOW_ZERO} {definition} NOT VALID")
            sql.execute("TRUNCATE wallet_entry, wallet_transfer, wallet_account")
            sql.execute(f"ALTER TABLE wallet_account VALIDATE CONSTRAINT {BELOW_ZERO}")


BELOW_ZERO = "wallet_balance_is_never_below_zero"


def test_the_same_charge_thirty_two_times_at_once_is_one():
    """Reliability 1, row 1: a key moves money once."""
    user = CustomerFactory(funds=12 * PRICE)

    outcomes = at_once(lambda _: charge(user.pk, 1), range(THREADS))

    assert outcomes == {"done": THREADS}
    assert operations.balance_of(user.pk) == 11 * PRICE


def test_the_first_use_by_many_at_once_makes_one_wallet():
    user = CustomerFactory()

    outcomes = at_once(
        lambda n: operations.top_up(user_id=user.pk, amount=PRICE, key=f"t:{n}", actor="system", now=NOON),
        range(THREADS),
    )

    assert outcomes == {"done": THREADS}
    assert operations.balance_of(user.pk) == THREADS * PRICE
    assert Account.objects.filter(user=user).count() == 2
    assert differing() == []


def test_random_movements_among_ten_wallets_meet_no_deadlock():
    """Several wallets in one transaction, in account-id order, from the first use of the shared accounts on."""
    users = [CustomerFactory(funds=Decimal(100)).pk for _ in range(10)]
    seed = random.randrange(2**32)
    print(f"ten wallets: seed {seed}")

    def move(worker):
        dice = random.Random(seed + worker)
        for n in range(ROUNDS):
            with transaction.atomic():
                order = worker * 1000 + n
                for step, user in enumerate(sorted(dice.sample(users, 3))):
                    charge(user, order * 10 + step)
            payer = dice.choice(users)
            operations.top_up(user_id=payer, amount=PRICE, key=f"t:{order}", actor="system", now=NOON)

    assert at_once(move, range(THREADS)) == {"done": THREADS}
    assert differing() == []
    moved = THREADS * ROUNDS * (1 - 3) * PRICE
    assert sum(operations.balance_of(user) for user in users) == 1000 + moved


class Dealer:
    """A thread's random moves among wallets: every kind there is, one or three wallets in a transaction."""

    def __init__(self, users, *, worker, seed):
        self.users, self.worker, self.dice = users, worker, random.Random(seed + worker)
        self.number = 0
        self.charged = []
        self.paid_out = []

    def deal(self):
        many = self.dice.random() < 0.3
        chosen = sorted(self.dice.sample(self.users, min(3, len(self.users)) if many else 1))
        with transaction.atomic():
            for user in chosen:
                self.number += 1
                self.dice.choice(self.KINDS)(self, user)

    def arguments(self, user, **more):
        number = self.worker * 1_000_000 + self.number
        common = {"user_id": user, "amount": Decimal(self.dice.randint(1, 400)).scaleb(-2), "key": f"deal:{number}"}
        return common | {"subject_type": "deal", "subject_id": number, "actor": "system", "now": NOON} | more

    def top_up(self, user):
        operations.top_up(**self.arguments(user))

    def grant_bonus(self, user):
        operations.grant_bonus(**self.arguments(user))

    def charge(self, user):
        charge = operations.charge(**self.arguments(user))
        self.charged.append((user, charge.subject_id))

    def refund(self, user):
        owner, subject = self.dice.choice(self.charged or [(user, 0)])
        if owner == user:  # another's would be locked out of order
            operations.refund(**self.arguments(user, subject_id=subject))

    def take_back(self, user):
        bonus = Decimal(self.dice.randint(0, 100)).scaleb(-2)
        operations.take_back(**self.arguments(user), bonus=bonus, reason="")

    def adjust(self, user):
        moved = self.arguments(user)
        moved["amount"] *= self.dice.choice((1, -1))
        operations.move(**moved, kind="adjustment", account_kind="cash", counter="adjustments", reason="")

    def pay_out(self, user):
        moved = self.arguments(user)
        moved["amount"] *= -1
        operations.move(**moved, kind="payout", account_kind="cash", counter="payouts", reason="")
        self.paid_out.append((user, moved["amount"]))

    def return_payout(self, user):
        owner, amount = self.dice.choice(self.paid_out or [(0, 0)])
        if owner == user:
            moved = self.arguments(user, amount=-amount)
            operations.move(**moved, kind="payout_returned", account_kind="cash", counter="payouts", reason="")

    KINDS = [top_up] * 3 + [charge] * 6 + [refund] * 2 + [grant_bonus, take_back, adjust, pay_out, return_payout]


def deal_for(seconds, users, *, until=frozenset()):
    """Let 32 threads deal; how their moves ended. until: names of errors after which nothing more is to be seen."""
    seed, ends, outcomes, counting = random.randrange(2**32), time.monotonic() + seconds, Counter(), threading.Lock()

    def work(worker):
        dealer = Dealer(users, worker=worker, seed=seed)
        while time.monotonic() < ends and not until & outcomes.keys():
            try:
                dealer.deal()
                outcome = "done"
            except (DatabaseError, operations.Refusal) as error:
                outcome = type(error).__name__
            with counting:
                outcomes[outcome] += 1

    assert at_once(work, range(THREADS)) == {"done": THREADS}
    print(f"{len(users)} wallets: seed {seed}, {seconds} s, {outcomes.total()} transactions: {dict(outcomes)}")
    return outcomes


def ten_wallets():
    """Ten customers with 100 each: three have limits that nothing reaches, three that much reaches, one is frozen.

    The first one owes something.
    """
    operations.seed()
    users = [CustomerFactory(funds=Decimal(100)).pk for _ in range(10)]
    for user, daily in zip(users, [10**6] * 3 + [20] * 3, strict=False):
        operations.set_limits(user_id=user, daily=Decimal(daily), monthly=None, actor="system", now=NOON)
    operations.freeze(user_id=users[-1], reason="Chargeback", actor="system", now=NOON)
    chargeback(users[0], 1, amount=Decimal(500))
    return users


REFUSALS = {"InsufficientFunds", "SpendingLimitReached", "WalletFrozen", "RefundExceedsCharge"}


def check_dealing(seconds):
    outcomes = deal_for(seconds, ten_wallets())

    assert outcomes.keys() - REFUSALS == {"done"}
    assert outcomes["done"] > 100
    assert differing() == []
    return outcomes.keys()


def test_ten_seconds_of_every_kind_of_move_among_ten_wallets_meet_no_deadlock():
    """Reliability 1, row 4: no deadlock reaches a caller, and all of it sums to zero."""
    assert "done" in check_dealing(10)


@pytest.mark.nightly
def test_a_minute_of_every_kind_of_move_among_ten_wallets_meets_no_deadlock():
    assert check_dealing(60) >= {"InsufficientFunds", "SpendingLimitReached", "WalletFrozen"}


LOCK = "order by id for no key update"


def test_without_the_locks_the_same_moves_meet_errors():
    """The negative control: bonus and cash are locked in both orders, and balances are believed that have changed."""
    operations.seed()
    user = CustomerFactory(funds=Decimal(100)).pk
    broken = {"OperationalError", "IntegrityError"}

    with sabotaged(("wallet_moves", LOCK, "order by id"), ("wallet_charge", LOCK, "order by id")):
        outcomes = deal_for(30, [user], until=broken)

    assert outcomes.keys() & broken
    assert outcomes.keys() - REFUSALS - {"done"} <= broken


def limited_to_two():
    """A customer with money for many and a limit for two."""
    user = CustomerFactory(funds=100 * PRICE)
    operations.set_limits(user_id=user.pk, daily=2 * PRICE, monthly=None, actor="system", now=NOON)
    return user


def test_of_many_charges_at_once_the_limit_lets_two_pass():
    """R57: two charges at the same moment do not both take the last of a limit."""
    user = limited_to_two()

    outcomes = at_once(lambda order: charge(user.pk, order), range(THREADS))

    assert outcomes == {"done": 2, "SpendingLimitReached": THREADS - 2}
    assert differing() == []


def test_without_the_lock_the_limit_lets_more_pass():
    """The negative control: each sees what was spent before the others spend."""
    user = limited_to_two()

    counting = "  insert into wallet_spentday as spent (user_id, day, amount) values (p_user_id, v_day, p_amount)"
    slowly = ("wallet_safeguards", counting, f"  perform pg_sleep(0.2);\n{counting}")

    with sabotaged(("wallet_charge", LOCK, "order by id"), slowly):
        outcomes = at_once(lambda order: charge(user.pk, order), range(THREADS))

    assert outcomes["done"] > 2


def chargeback(user_id, number, *, amount=Decimal(30)):
    return operations.take_back(
        user_id=user_id,
        amount=amount,
        bonus=Decimal(0),
        key=f"deal:{number}:taken_back",
        subject_type="deal",
        subject_id=number,
        actor="system",
        reason="",
        now=NOON,
    )


def behind_a_chargeback(user_id, move):
    """Take 30 back from a wallet, and let the move wait for it."""
    taken = threading.Event()

    def work(number):
        if number == 0:
            with transaction.atomic():
                chargeback(user_id, number)
                taken.set()
                time.sleep(0.3)  # so that the other one waits for this transaction
        else:
            taken.wait(timeout=60)
            move(number)

    return at_once(work, range(2))


def owed_by(user_id):
    entries = Entry.objects.filter(account__user_id=user_id, account__kind="debt")
    return -sum(entry.amount for entry in entries)


def test_a_second_chargeback_that_waits_for_the_first_adds_to_the_debt():
    """A statement that waited for a lock does not see the debt account that the other transaction made."""
    user = CustomerFactory(funds=Decimal(10))

    outcomes = behind_a_chargeback(user.pk, lambda number: chargeback(user.pk, number))

    assert outcomes == {"done": 2}
    assert (owed_by(user.pk), operations.balance_of(user.pk)) == (50, 0)
    assert differing() == []


def test_funds_that_wait_for_a_chargeback_pay_what_it_left_owed():
    user = CustomerFactory(funds=Decimal(10))

    outcomes = behind_a_chargeback(
        user.pk,
        lambda number: operations.top_up(user_id=user.pk, amount=Decimal(25), key="t:2", actor="system", now=NOON),
    )

    assert outcomes == {"done": 2}
    assert (owed_by(user.pk), operations.balance_of(user.pk)) == (0, 5)
    assert differing() == []


def test_a_freeze_lets_no_charge_pass_that_comes_after_it():
    """A charge that waits for the wallet sees the freeze that it waited for."""
    user = CustomerFactory(funds=100 * PRICE)
    frozen = threading.Event()

    def work(order):
        if order == 0:
            with transaction.atomic():
                operations.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)
                frozen.set()
                time.sleep(0.3)  # so that the others wait for this transaction
        else:
            frozen.wait(timeout=60)
            charge(user.pk, order)

    assert at_once(work, range(8)) == {"done": 1, "WalletFrozen": 7}
    assert operations.balance_of(user.pk) == 100 * PRICE
