"""Any number of live orders, as copies of one that went live through the real doors: a million in a minute or so."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from orders.models import Delivery, Order, PollBatch, Provider, Run
from orders.operations import runs
from policies.rules.vocabulary import OrderStatus
from tests.bench import measuring
from tests.bench.placing import place, shop

HOT = ("orders_delivery", "orders_pollbatch", "orders_sample")
COPIES = "generate_series(1, %(count)s - 1) AS n"

# Without triggers and foreign keys, which would take an hour: what is copied has passed them.
COPY_ORDERS = """
    INSERT INTO orders_order (id, link, fingerprint, {columns})
    SELECT id + n, 'https://instagram.com/live' || n, md5(n::text) || md5('2' || n), {columns}
    FROM orders_order, {copies} WHERE id = %(order)s
"""
COPY_RUNS = """
    INSERT INTO orders_run (id, order_id, request_id, provider_order_id, {columns})
    SELECT id + n, order_id + n, gen_random_uuid(), provider_order_id + n, {columns}
    FROM orders_run, {copies} WHERE id = %(run)s
"""
COPY_DELIVERIES = """
    INSERT INTO orders_delivery (run_id, order_id, provider_order_id, batch_id, delivered, {columns})
    SELECT run_id + n, order_id + n, provider_order_id + n, (%(batches)s::bigint[])[1 + n / %(size)s],
           1 + n %% 500, {columns}
    FROM orders_delivery, {copies} WHERE run_id = %(run)s
"""


def seed(
    count: int, *, first_id: int = 5_000_001, api_url: str = "https://nobody.example.com", api_key: str = "key"
) -> Provider:
    """`count` live orders at one provider, in poll batches that are due, 1 to 500 units of 1,000 delivered; no others.

    first_id: the provider's id of the first; the others follow.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET smmpanel.may_truncate = 'on'")
        cursor.execute("TRUNCATE orders_order, orders_pollbatch CASCADE")
        cursor.execute("RESET smmpanel.may_truncate")
    run = _one_that_lives(first_id)
    provider = run.provider
    Provider.objects.filter(pk=provider.pk).update(api_url=api_url, poll_concurrency=32, poll_deadline=120)
    provider.refresh_from_db()
    provider.api_key = api_key
    provider.save(update_fields=["api_key"])
    _copy(run, count)
    return provider


def make_due() -> None:
    """Every batch is due again."""
    PollBatch.objects.update(due_at=timezone.now() - timedelta(minutes=1), lease_until=None, lease_token=None)


def vacuum() -> None:
    """What autovacuum would have done by now, so that no round pays for the one before it."""
    with connection.cursor() as cursor:
        for table in HOT:
            cursor.execute(f"VACUUM ANALYZE {table}")


def _one_that_lives(provider_order_id: int) -> Run:
    service, (user_id,) = shop(wallets=1)
    place(user_id, service)
    run = Run.objects.select_related("provider").get(order__user_id=user_id)
    run.provider_order_id = provider_order_id
    with transaction.atomic():
        runs.go_live(runs=[run], now=timezone.now())
    Delivery.objects.filter(pk=run.pk).update(delivered=1)
    Order.objects.filter(pk=run.order_id).update(status=OrderStatus.IN_PROGRESS.value)
    return run


def _copy(run: Run, count: int) -> None:
    batches = _batches(run, count)
    values = {"count": count, "order": run.order_id, "run": run.pk, "batches": batches, "size": runs.BATCH_SIZE}
    tables = {
        COPY_ORDERS: measuring.columns(Order, "id", "link", "fingerprint", "request_key"),
        COPY_RUNS: measuring.columns(Run, "id", "order_id", "request_id", "provider_order_id"),
        COPY_DELIVERIES: measuring.columns(
            Delivery, "run_id", "order_id", "provider_order_id", "batch_id", "delivered"
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement, columns in tables.items():
            cursor.execute(statement.format(columns=", ".join(columns), copies=COPIES), values)
        cursor.execute("SET session_replication_role = DEFAULT")
        for table in ("orders_order", "orders_run"):  # whoever writes next goes on after these
            cursor.execute(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
        cursor.execute("ANALYZE orders_order, orders_run")
    vacuum()


def _batches(run: Run, count: int) -> list[int]:
    """Full batches like the one that the first run came into; they are listed in the runs' order."""
    first = run.delivery.batch
    like = {name: getattr(first, name) for name in measuring.columns(PollBatch, "id", "size")}
    sizes = [min(runs.BATCH_SIZE, count - start) for start in range(0, count, runs.BATCH_SIZE)]
    made = PollBatch.objects.bulk_create(PollBatch(**like, size=size) for size in sizes)
    Delivery.objects.filter(pk=run.pk).update(batch_id=made[0].pk)
    first.delete()
    return [batch.pk for batch in made]
