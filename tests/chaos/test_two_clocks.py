"""Two beats, twice the workers and cron beside them: everything once (reliability section 3, row 29)."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from django.core.management import call_command
from django.db import connections

from accounts.models import Outgoing
from orders.models import OrderEvent
from plumbing.caches import FailOpenRedisCache
from smmpanel import beats
from smmpanel.embedded.children import Program
from tests.chaos.counting import what_happened
from tests.chaos.rig import Rig

pytestmark = pytest.mark.chaos

ORDERS = 60
CRON = ("dispatch", "refresh", "reconcile", "hold", "wake", "mail")  # what comes every few seconds


def second(program: Program) -> Program:
    """The same once more, under another name and with a timetable of its own."""
    words = [word.replace("@%h", "2@%h") for word in program.argv]
    return replace(program, name=f"{program.name}2", argv=words)


def cron(stop: Event) -> int:
    """One `manage.py tick` after the other, as from a crontab. How many."""
    passes = 0
    try:
        while not stop.is_set():
            call_command("tick", *CRON)
            passes += 1
            time.sleep(0.2)
    finally:
        connections.close_all()
    return passes


def heard_of_two(chaos: Rig) -> bool:
    """Whether the panel's own cache remembers two clocks that take turns."""
    cache = FailOpenRedisCache(chaos.panel.redis.url, {"KEY_PREFIX": "smmpanel"})
    heard = cache.get(beats.KEY, [])
    return len(heard) == 3 and heard[0] == heard[2]


def test_two_beats_cron_and_twice_the_workers_do_each_thing_once(chaos, settings, tell):
    begun = chaos("--latency-ms", "20")
    panel = begun.panel
    panel.children.start(*(second(panel.programs[name]) for name in ("beat", "clock", "upstream")))
    settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, f"127.0.0.1:{begun.simulator.port}"]
    settings.POLL_SECONDS = 1
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        passes = threads.submit(cron, stop)
        try:
            orders = begun.place(range(ORDERS))
            begun.settle()
            begun.until(lambda: heard_of_two(begun), "the second beat was not heard of")
            begun.until(lambda: not Outgoing.objects.filter(sent_at=None).exists(), "mails wait")
        finally:
            stop.set()
        happened = what_happened(begun.simulator, customers=[begun.upstream.customer.pk])
        tell(f"two beats, four workers, {passes.result()} passes from cron: {happened}")

    assert (happened.sent_twice, happened.forgotten, happened.cents_lost) == (0, 0, 0)
    assert happened.books_balance
    assert not panel.ended_by_themselves
    assert happened.ended == happened.orders == ORDERS + 1  # with the one that `settle` waits for
    endings = OrderEvent.objects.filter(order__in=orders, kind="status", order__ended_at__isnull=False)
    assert endings.filter(status__in=("completed", "partial", "canceled")).count() == ORDERS
