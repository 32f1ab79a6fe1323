"""Goal P5: what Celery adds to a full refresh: the same passes by a worker that gets ticks, and by this process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from statistics import median

from django.conf import settings
from django.db import connection
from django.utils import timezone

from orders.models import PollBatch
from smmpanel import tasks
from tests.bench import live, measuring, sizes
from tests.bench.bare_loop import BareLoop
from tests.bench.measuring import Figure
from tests.bench.provider import Target, with_live_orders
from tests.bench.refreshing import ROUNDS, refresh_all, set_back
from tests.web_server import database_url

GOAL_SIZE = 100_000
MOST_SECONDS = 1800
IDLE_TICKS = 50


def p5(*, of: Sequence[int]) -> Figure:
    """CPU of a worker that refreshes everything, ticked once a second, against the same passes without Celery."""
    return sizes.at_each(of, _p5, goal_size=GOAL_SIZE)


def _p5(count: int) -> Figure:
    with with_live_orders(count) as target:
        provider = live.seed(count, first_id=target.first_id, api_url=target.url, api_key=target.key)
        loop = BareLoop(target, provider_id=provider.pk)
        loop.refresh_all()  # brings the database up to date, so that only what is set back has news
        loop.close()
        with_celery, without = [], []
        with _worker(target) as worker:
            _wait_for_ticks(worker)
            for _ in sizes.steps(range(1, 1 + ROUNDS), "round"):
                set_back()
                with_celery.append(_until_nothing_is_due(worker))
                set_back()
                spent = time.process_time()
                refresh_all(provider)
                without.append(time.process_time() - spent)
            idle = _idle(worker)
            memory = measuring.memory(worker=worker.pid, simulator=target.pid)
    return Figure(
        name="P5",
        goal="Celery's share of a full refresh: at most 10 % of its CPU, a ratio of 1.11",
        value=median(with_celery) / count * 1e6,
        limit=median(without) / count * 1e6,
        unit="us of the worker's CPU an order",
        n=count,
        notes={
            "Celery's share": 1 - median(without) / median(with_celery),
            "CPU of a tick that finds nothing, ms": idle * 1000,
            "memory_mib": memory,
        },
    )


@contextmanager
def _worker(target: Target) -> Iterator[subprocess.Popen[bytes]]:
    """One worker for both queues, with the threads of the one that `make run` starts for providers."""
    command = [sys.executable, "-m", "celery", "-A", "smmpanel", "worker", "--without-mingle", "--without-gossip"]
    environment = os.environ | {
        "DATABASE_URL": database_url(connection.get_connection_params()),
        "OUTBOUND_ALLOW": target.at,
        "POLL_SECONDS": str(settings.POLL_SECONDS),
    }
    worker = subprocess.Popen(
        [*command, "-P", "threads", "-c", "8", "-Q", "upstream,clock", "-n", "bench@%h", "-l", "ERROR"], env=environment
    )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(60)


def _until_nothing_is_due(worker: subprocess.Popen[bytes]) -> float:
    """Tick once a second, as beat does, until every batch was looked at; the CPU that took the worker, seconds."""
    due, before = timezone.now(), measuring.cpu_of(worker.pid)
    end = time.monotonic() + MOST_SECONDS
    while PollBatch.objects.filter(due_at__lte=due).exists():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < end, "the worker did not look at everything"
        tasks.tick.apply_async(kwargs={"name": "refresh"})
        time.sleep(1)
    return measuring.cpu_of(worker.pid) - before


def _wait_for_ticks(worker: subprocess.Popen[bytes]) -> None:
    """Until the worker has started and taken its first ticks, which none of the rounds is to pay for."""
    live.make_due()
    _until_nothing_is_due(worker)


def _idle(worker: subprocess.Popen[bytes]) -> float:
    """Seconds of CPU that a tick costs which finds nothing due."""
    before = measuring.cpu_of(worker.pid)
    PollBatch.objects.update(due_at=timezone.now() + timedelta(days=1))
    for _ in range(IDLE_TICKS):
        tasks.tick.apply_async(kwargs={"name": "refresh"})
    time.sleep(5)
    return (measuring.cpu_of(worker.pid) - before) / IDLE_TICKS
