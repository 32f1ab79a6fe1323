"""Goals P1 and P3: what a look at every live order costs the database, in CPU, and in pages and WAL over twenty."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils import timezone

from orders.delivery import poll
from orders.models import Provider
from orders.providers.base import Statuses
from plumbing import sql
from policies.rules.delivery import Step
from tests.bench import live, measuring, sizes
from tests.bench.measuring import Figure, Meter, Taken

# The same rows, the same columns, no index touched: the least that a look at all of them can cost.
BARE = "UPDATE orders_delivery SET delivered = least(delivered + 1, quantity), progressed_at = now()"
HOT_UPDATES = """
    SELECT n_tup_upd, n_tup_hot_upd, pg_relation_size(relid) FROM pg_stat_user_tables WHERE relname = 'orders_delivery'
"""
MOST_WAL = 130
TICKS = 20


def p1(*, of: Sequence[int]) -> Figure:
    """CPU of the database in a full refresh in which every order has news, against one bare UPDATE of the same rows."""
    return sizes.at_each(of, _p1, goal_size=1_000_000)


def p3(*, of: Sequence[int]) -> Figure:
    """Twenty full refreshes without a vacuum in which every order has news."""
    return sizes.at_each(of, _p3, goal_size=1_000_000)


def _p1(count: int) -> Figure:
    provider = live.seed(count)
    bare: list[Taken] = []
    looks: list[dict[str, Taken]] = []
    for _ in sizes.steps(range(1, 1 + _rounds(count)), "round"):
        live.vacuum()
        bare.append(measuring.take(lambda: sql.execute(BARE)))
        live.vacuum()
        live.make_due()
        looks.append(look_at_all(provider, now=timezone.now()))
    whole, applying = ([look[part] for look in looks] for part in ("whole", "apply"))
    limit = measuring.server_cpu_each(bare)
    return Figure(
        name="P1",
        goal="database side of a full refresh: at most 3x one bare UPDATE, applying alone at most 2x",
        value=measuring.server_cpu_each(whole),
        limit=limit,
        unit="us of the database's CPU an order",
        n=count,
        notes={
            "applying alone, ratio": measuring.server_cpu_each(applying) / limit,
            "with our CPU for sending and fetching, ratio": measuring.cpu_each(whole) / measuring.cpu_each(bare),
            "wall, ratio": measuring.wall_rate(bare) / measuring.wall_rate(whole),
            "memory_mib": _memory(),
        },
    )


def look_at_all(provider: Provider, *, now: datetime) -> dict[str, Taken]:
    """Claim, read and apply all that is due, with a unit more for every order: the cost of all three, and of applying.

    What is applied is made up in between and not measured.
    """
    done, whole, applying = 0, Meter(), Meter()
    while True:
        with whole.running():
            claimed = poll.claim_and_read(provider_id=provider.pk, now=now, limit=poll.BATCHES_AT_ONCE)
        if not claimed:
            break
        steps = [_one_more(row) for row in claimed.rows]
        look = poll.Look(provider.pk, claimed, Statuses({}), steps, (), {})
        with whole.running(), applying.running():
            poll.apply(look, now)
        done += len(steps)
    return {"whole": whole.taken(done), "apply": applying.taken(done)}


def _one_more(row: poll.Row) -> Step:
    _, run_id, order_id, quantity, delivered, start_count = row[:6]
    count = min(delivered + 1, quantity)
    return Step(run_id, order_id, count, start_count or 1, "In progress", None, (), sample=count % 20 == 0)


def _p3(count: int) -> Figure:
    provider = live.seed(count)
    _autovacuum(on=False)
    try:
        look_at_all(provider, now=timezone.now())  # it moves every row once, so that the twenty find it as others do
        bare_wal = _wal_of(lambda: sql.execute(BARE)) / count
        updated, hot, size = _updates()
        wal = _wal_of(lambda: _twenty(provider)) / count / TICKS
        updated_after, hot_after, size_after = _updates()
    finally:
        _autovacuum(on=True)
    return Figure(
        name="P3",
        goal="20 refreshes without vacuum: WAL at most 130 B a row, table at most 1.2x its size, HOT at least 98 %",
        value=wal,
        limit=MOST_WAL,
        unit="bytes of WAL a row",
        n=count,
        notes={
            "table, times its size": size_after / size,
            "HOT updates, share": (hot_after - hot) / (updated_after - updated),
            "WAL of a bare UPDATE, bytes a row": bare_wal,
            "full_page_writes": sql.rows("SHOW full_page_writes")[0][0],
            "memory_mib": _memory(),
        },
    )


def _twenty(provider: Provider) -> None:
    for _ in range(TICKS):
        live.make_due()
        look_at_all(provider, now=timezone.now())


def _autovacuum(*, on: bool) -> None:
    for table in live.HOT:
        sql.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = {str(on).lower()})")


def _updates() -> tuple[int, int, int]:
    sql.execute("SELECT pg_stat_force_next_flush()")
    sql.execute("SELECT pg_stat_clear_snapshot()")
    ((updated, hot, size),) = sql.rows(HOT_UPDATES)
    return updated, hot, size


def _wal_of(work: Callable[[], object]) -> int:
    ((before,),) = sql.rows("SELECT pg_current_wal_insert_lsn()")
    work()
    ((written,),) = sql.rows("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", [before])
    return int(written)


def _rounds(count: int) -> int:
    """Few orders are over in milliseconds, so they are looked at more often."""
    return max(3, min(15, 300_000 // count))


def _memory() -> dict[str, int]:
    return measuring.memory(database_session=measuring.session_of_connection())
