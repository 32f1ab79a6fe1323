"""Goals P6 and P8: what placing an order costs in process, and what one busy wallet costs."""

import itertools
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from django.db import connection, connections
from django.db.models import Sum
from django.utils import timezone

import policies.operations as policies
import wallet.operations as wallet
from accounts.models import User
from orders.models import Order, OrderEvent, Run, Service
from orders.operations import placing
from tests.bench import measuring
from tests.factories import ServiceFactory, fund
from wallet.models import Account, Entry, Transfer

FUNDS = Decimal(1_000_000)
THREADS = 8
_number = itertools.count()


def shop(*, wallets: int) -> tuple[Service, list[int]]:
    """A service on sale and funded customers who have accepted the policies."""
    now = timezone.now()
    policies.seed(now=now)
    wallet.seed()
    shown = {version.pk: version.checksum for version in policies.required_versions(now=now)}
    users = User.objects.bulk_create(User(email=f"bench{next(_number)}@example.test") for _ in range(wallets))
    for user in users:
        fund(user, FUNDS, now=now)
        policies.accept(user_id=user.pk, checksums=shown, context="order", now=now)
    return ServiceFactory(), [user.pk for user in users]


def place(user_id: int, service: Service) -> None:
    """Place one order as form and API do: rules, acceptance, price, ledger, event."""
    placing.place_order(
        user_id=user_id,
        request=placing.Request(
            service_id=service.pk, link=f"https://instagram.com/bench{next(_number)}", quantity=1000
        ),
        request_key=str(uuid.uuid4()),
        channel=Order.Channel.API_V2,
        now=timezone.now(),
    )


def p6(*, orders: int, wallets: int) -> measuring.Figure:
    """CPU of placing against the same rows written by one prepared statement; goal: at most twice."""
    service, users = shop(wallets=wallets)
    place(users[0], service)
    _prepare_bare_insert(Order.objects.get(user_id=users[0]))
    turn = itertools.cycle(users)

    def ours() -> int:
        for _ in range(orders):
            place(next(turn), service)
        return orders

    def bare() -> int:
        for _ in range(orders):
            _bare_insert(next(turn))
        return orders

    placed, limit = measuring.interleaved([ours, bare])
    return measuring.Figure(
        name="P6",
        goal="placing in process: CPU at most 2x the same rows by one prepared statement",
        value=measuring.cpu_each(placed),
        limit=measuring.cpu_each(limit),
        unit="us CPU an order",
        n=orders * measuring.ROUNDS,
        notes={"orders_a_second": measuring.wall_rate(placed), "limit_a_second": measuring.wall_rate(limit)},
    )


def p8(*, orders: int, wallets: int) -> measuring.Figure:
    """The rate on one wallet against the rate spread over many; goal: at least 80 %. Books and orders must agree."""
    service, users = shop(wallets=wallets)

    def spread_over(customers: list[int]) -> Callable[[], int]:
        turn = itertools.cycle(customers)

        def work() -> int:
            with ThreadPoolExecutor(THREADS) as pool:
                for _ in range(THREADS):
                    pool.submit(_place_many, next(turn), [next(turn) for _ in range(orders // THREADS)], service)
            return orders // THREADS * THREADS

        return work

    hot, cool = measuring.interleaved([spread_over(users[:1]), spread_over(users[1:])])
    return measuring.Figure(
        name="P8",
        goal="all load on one wallet: at least 80 % of the rate on many; orders = debits = rows",
        value=measuring.wall_rate(hot),
        limit=measuring.wall_rate(cool),
        unit="orders a second, 8 threads",
        n=orders * measuring.ROUNDS,
        notes={"wallets": wallets - 1, **_books(users)},
    )


def _place_many(_: int, customers: list[int], service: Service) -> None:
    try:
        for user_id in customers:
            place(user_id, service)
    finally:
        connections.close_all()


def _books(users: list[int]) -> dict[str, object]:
    """Orders, charges and entries of these customers; raises AssertionError unless they agree."""
    orders = Order.objects.filter(user_id__in=users)
    charges = Transfer.objects.filter(kind="charge", subject_id__in=orders.values("id"))
    debits = Entry.objects.filter(transfer__in=charges, amount__lt=0)
    charged = orders.aggregate(total=Sum("charge"))["total"]
    left = Account.objects.filter(user_id__in=users).aggregate(total=Sum("balance"))["total"]
    counts = (orders.count(), charges.count(), debits.count())
    assert len(set(counts)) == 1, counts
    assert charged == FUNDS * len(users) - left == -debits.aggregate(total=Sum("amount"))["total"]
    return {"orders": counts[0], "debits": counts[1], "rows": counts[2]}


def _prepare_bare_insert(order: Order) -> None:
    """PREPARE one statement that writes the rows of one placed order: copies of `order`'s, for another customer."""
    order_columns = measuring.columns(Order, "id", "user_id", "request_key", "link")
    run_columns = measuring.columns(Run, "id", "order_id", "request_id")
    event_columns = measuring.columns(OrderEvent, "id", "order_id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            PREPARE bare (bigint, text, text, bigint, bigint) AS
            WITH placed AS (
                INSERT INTO orders_order (user_id, request_key, link, {", ".join(order_columns)})
                SELECT $1, $2, $3, {", ".join(order_columns)}
                FROM orders_order WHERE id = {order.pk} RETURNING id, charge
            ), run AS (
                INSERT INTO orders_run (order_id, request_id, {", ".join(run_columns)})
                SELECT placed.id, gen_random_uuid(), {", ".join(f"r.{name}" for name in run_columns)}
                FROM placed, orders_run r WHERE r.order_id = {order.pk}
            ), event AS (
                INSERT INTO orders_orderevent (order_id, {", ".join(event_columns)})
                SELECT placed.id, {", ".join(f"e.{name}" for name in event_columns)}
                FROM placed, orders_orderevent e WHERE e.order_id = {order.pk}
            ), moved AS (
                INSERT INTO wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
                SELECT 'charge', 'order:' || id || ':charge', 'order', id, 'customer:' || $1, '', now() FROM placed
                RETURNING id
            )
            INSERT INTO wallet_entry (transfer_id, account_id, amount)
            SELECT moved.id, leg.account, leg.sign * placed.charge
            FROM moved, placed, (VALUES ($4, -1), ($5, 1)) AS leg (account, sign)
            """
        )


def _bare_insert(user_id: int) -> None:
    cash, orders = _accounts(user_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "EXECUTE bare (%s, %s, %s, %s, %s)",
            [user_id, str(uuid.uuid4()), f"https://instagram.com/bench{next(_number)}", cash, orders],
        )


_account_ids: dict[int, tuple[int, int]] = {}


def _accounts(user_id: int) -> tuple[int, int]:
    if user_id not in _account_ids:
        cash = Account.objects.get(user_id=user_id, kind="cash").pk
        _account_ids[user_id] = (cash, Account.objects.get(code="orders").pk)
    return _account_ids[user_id]
