"""Claims raced by many workers on real Postgres, with a control that must fail without the guard (examples 4.18)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from orders.delivery import claiming, dispatch, poll
from orders.delivery.claiming import claim_wave
from orders.delivery.waiting import wake_waiting
from orders.models import LinkHold, Order, PollBatch

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 8


def by_eight(work) -> list:
    """What eight workers, begun at the same moment, each return."""
    start = Barrier(WORKERS)

    def begin(_: int) -> object:
        try:
            start.wait(timeout=10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(begin, range(WORKERS)))


@pytest.fixture
def raced(connect, with_request_ids):
    return connect(with_request_ids, concurrency=5)


def claims(raced) -> Counter[int]:
    """How often each run was claimed when eight workers claim until nothing is due."""

    def until_nothing_is_due() -> list[int]:
        taken: list[int] = []
        while claim := claim_wave(provider=raced.provider, balance=None, now=raced.now).claimed:
            taken += [each.run_id for each in claim]
            if len(taken) > 100:
                break
        return taken

    return Counter(run_id for taken in by_eight(until_nothing_is_due) for run_id in taken)


class TestClaim:
    def test_eight_workers_claim_each_run_once(self, raced):
        """Reliability 1, row 7: any number of dispatchers may run."""
        orders = [raced.order() for _ in range(40)]

        claimed = claims(raced)

        assert set(claimed.values()) == {1}
        assert len(claimed) == len(orders)

    def test_without_its_guards_the_same_race_claims_runs_twice(self, raced, monkeypatch):
        """The control: no lock, and no look at the run's state when it is taken."""
        monkeypatch.setattr(claiming, "LOCK", claiming.LOCK.replace("FOR NO KEY UPDATE OF held SKIP LOCKED", ""))
        for statement in ("STILL_SENDABLE", "TAKE"):
            monkeypatch.setattr(
                claiming, statement, getattr(claiming, statement).replace("AND run.state = 'queued'", "")
            )
        for _ in range(40):
            raced.order()

        assert max(claims(raced).values()) > 1

    def test_eight_dispatchers_send_each_run_once(self, raced):
        """One lease a provider: seven of them find it taken."""
        orders = [raced.order() for _ in range(20)]

        sent = by_eight(lambda: dispatch.send_due(provider_id=raced.provider.pk, now=raced.now))
        sent += [raced.send()]

        assert sum(sent) == len(orders)
        assert {raced.accepted(order) for order in orders} == {1}

    def test_two_providers_never_deliver_to_one_link_at_once(self, raced, connect, without_request_ids):
        """Decision 14, across providers: the hold decides, and nobody deadlocks."""
        other = connect(without_request_ids, concurrency=5)
        links = [f"https://instagram.com/p/contested-{number}" for number in range(10)]
        for link in links:
            raced.order(link=link)
            other.order(link=link)
        sides = [raced, other] * (WORKERS // 2)

        def claim() -> None:
            side = sides.pop()
            while claim_wave(provider=side.provider, balance=None, now=side.now).full:
                pass

        by_eight(claim)

        taken = Order.objects.filter(status="submitting").values_list("fingerprint", flat=True)
        assert len(taken) == len(set(taken)) == len(links) == LinkHold.objects.count()
        assert Order.objects.filter(status="waiting").count() == len(links)


class TestWake:
    def test_eight_wakers_wake_one_order_a_link(self, raced):
        for _ in range(3):
            raced.order(link="https://instagram.com/p/woken")
        raced.send()
        first = Order.objects.get(status="processing")
        raced.ended(first)

        by_eight(lambda: wake_waiting(now=raced.now))

        due = Order.objects.filter(runs__due_at__isnull=False, status="waiting")
        assert [order.pk for order in due] == [first.pk + 1]


class TestLook:
    def test_eight_pollers_look_at_each_run_once(self, raced):
        for _ in range(5):
            raced.order(quantity=50_000)
        raced.send()
        raced.later(minutes=1)

        looks = by_eight(lambda: poll.refresh_due_batches(provider_id=raced.provider.pk, now=raced.now))

        assert sum(look.looked_at for look in looks) == 5
        assert PollBatch.objects.get().lease_token is None
