"""Goals P2 and P4: a whole refresh over HTTP, decisions and writes included, against the same loop without them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.utils import timezone

from orders.delivery import poll
from orders.models import Provider
from plumbing import sql
from tests.bench import live, measuring, sizes
from tests.bench.bare_loop import CALLS_AT_ONCE, IDS_A_CALL, BareLoop
from tests.bench.measuring import Figure, Meter, Taken
from tests.bench.provider import LATENCY_SECONDS, with_live_orders

GOAL_SIZE = 100_000
ROUNDS = 3
CRON_CALLS = 20
BOUND = CALLS_AT_ONCE * IDS_A_CALL / LATENCY_SECONDS
SET_BACK = "UPDATE orders_delivery SET delivered = delivered - 1 WHERE run_id %% 10 = 0"


@dataclass(frozen=True, slots=True)
class Rounds:
    """What three ways to refresh came to, taken in turn. changed: the share of orders with news in ours."""

    ours: list[Taken]
    bare: list[Taken]
    cron: list[Taken]
    changed: float
    memory: dict[str, int]


def p2(*, of: Sequence[int]) -> Figure:
    """CPU of a full refresh, HTTP, JSON, decisions and writes, against the same loop without decisions and Django."""
    return sizes.at_each(of, _p2, goal_size=GOAL_SIZE)


def p4(*, of: Sequence[int]) -> Figure:
    """Orders a second against a provider that takes 50 ms for an answer, against what the latency alone allows."""
    return sizes.at_each(of, _p4, goal_size=GOAL_SIZE, is_rate=True)


def _p2(count: int) -> Figure:
    rounds = _rounds(count)
    return Figure(
        name="P2",
        goal="CPU of a full refresh: at most 2x the same loop without decisions and without Django",
        value=measuring.our_cpu_each(rounds.ours),
        limit=measuring.our_cpu_each(rounds.bare),
        unit="us of our process's CPU an order",
        n=count,
        notes={
            "with the database's CPU, ratio": measuring.cpu_each(rounds.ours) / measuring.cpu_each(rounds.bare),
            "orders with news, share": rounds.changed,
            "memory_mib": rounds.memory,
        },
    )


def _p4(count: int) -> Figure:
    rounds = _rounds(count)
    rate, cron = measuring.wall_rate(rounds.ours), measuring.wall_rate(rounds.cron)
    return Figure(
        name="P4",
        goal="status refresh at 50 ms latency: at least 70 % of the latency's bound, 1,000x one order a call",
        value=rate,
        limit=BOUND,
        unit=f"orders a second, {CALLS_AT_ONCE} calls at once",
        n=count,
        notes={
            "times the cron's orders a second": rate / cron,
            "cron, orders a second": cron,
            "bare loop, orders a second": measuring.wall_rate(rounds.bare),
            "CPU us an order, with the database's": measuring.cpu_each(rounds.ours),
            "orders with news, share": rounds.changed,
            "memory_mib": rounds.memory,
        },
    )


def refresh_all(provider: Provider) -> poll.Refreshed:
    """Every pass that it takes until nothing is due any more."""
    now, total = timezone.now(), poll.Refreshed()
    while provider.pk in poll.providers_due(now=now):
        refreshed = poll.refresh_due_batches(provider_id=provider.pk, now=now)
        total.looked_at += refreshed.looked_at
        total.changed += refreshed.changed
    return total


def set_back() -> None:
    """Every batch is due, and one order in ten is behind by a unit: so many have news in the next pass."""
    sql.execute(SET_BACK)
    live.make_due()
    live.vacuum()


@cache
def _rounds(count: int) -> Rounds:
    """Both goals read the same rounds. The bare loop comes first: it brings the database up to date."""
    with with_live_orders(count) as target:
        provider = live.seed(count, first_id=target.first_id, api_url=target.url, api_key=target.key)
        loop = BareLoop(target, provider_id=provider.pk)
        loop.refresh_all()
        ours, bare, cron, changed = [], [], [], 0
        for _ in sizes.steps(range(1, 1 + ROUNDS), "round"):
            live.vacuum()
            bare.append(_taken(loop.session, loop.refresh_all))
            set_back()
            meter = Meter()
            with meter.running():
                refreshed = refresh_all(provider)
            # A fresh and fast run is due again within a pass that takes minutes.
            assert count <= refreshed.looked_at <= count * 1.001, refreshed
            changed += refreshed.changed
            ours.append(meter.taken(count))
            cron.append(_taken(loop.session, lambda: loop.cron(CRON_CALLS)))
        session = measuring.session_of_connection()
        memory = measuring.memory(database_session=session, simulator=target.pid)
        loop.close()
    return Rounds(ours, bare, cron, changed / count / ROUNDS, memory)


def _taken(session: int, work: Callable[[], int]) -> Taken:
    meter = Meter(session)
    with meter.running():
        done = work()
    return meter.taken(done)
