"""A claim acts on what is true once it has its locks, and not on what its statement saw when it began."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from orders.delivery import claiming
from orders.delivery.claiming import Claim, claim_wave
from orders.delivery.holding import hold_and_release
from orders.models import Order, Provider, Run, Switches
from tests.orders.two_ways import TwoWays

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = "AND pg_sleep(2)::text = ''"  # after the statement's snapshot, before its locks
ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"


def while_a_claim_looks(provider: Provider, monkeypatch, meanwhile: Callable[[], None], *, now) -> Claim:
    """What a claim takes that began before something happened, and gets its locks after it."""
    lock = claiming.LOCK
    monkeypatch.setattr(claiming, "LOCK", lock.replace(claiming.IN_TURN, f"{SLOW} {claiming.IN_TURN}"))

    def claim() -> Claim:
        try:
            return claim_wave(provider=provider, balance=None, now=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        claimed = threads.submit(claim)
        until = time.monotonic() + 10
        while not asleep():
            assert time.monotonic() < until
            time.sleep(0.02)
        meanwhile()
        assert asleep(), "the claim must still be looking"
        return claimed.result(20)


def asleep() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ASLEEP)
        return bool(cursor.fetchone()[0])


def off_and_on(provider: Provider, *, now) -> None:
    """A provider is switched off for a moment, in which a pass finds its orders."""
    Provider.objects.filter(pk=provider.pk).update(enabled=False)
    hold_and_release(now=now)
    Provider.objects.filter(pk=provider.pk).update(enabled=True)


@pytest.fixture
def two(connect, without_request_ids, with_request_ids):
    return TwoWays(connect(without_request_ids), connect(with_request_ids))


class TestMovedMeanwhile:
    def claimed(self, two, monkeypatch) -> tuple[Claim, Order]:
        order = two.order()
        first, now = two.first.provider, two.first.now
        claim = while_a_claim_looks(first, monkeypatch, lambda: off_and_on(first, now=now), now=now)
        assert Run.objects.get(order=order).provider == two.second.provider
        return claim, order

    def test_a_run_goes_where_it_was_moved_to(self, two, monkeypatch):
        """R11: the route that the rule chose, and no other, is sent the order."""
        claim, order = self.claimed(two, monkeypatch)

        assert (claim.claimed, Run.objects.get(order=order).state) == ((), "queued")

    def test_without_the_second_look_it_goes_to_the_wrong_provider(self, two, monkeypatch):
        """The control."""
        monkeypatch.setattr(claiming, "STILL_SENDABLE", claiming.STILL_SENDABLE.replace(f"AND {claiming.SENDABLE}", ""))

        claim, _ = self.claimed(two, monkeypatch)

        assert claim.claimed[0].request.provider_service == Run.objects.get().provider_service
        assert Run.objects.get().state == "submitting"


class TestHeldMeanwhile:
    def test_what_nobody_takes_is_not_sent(self, upstream, monkeypatch):
        """Decision 10: a held order has no due time."""
        order = upstream.order()

        claim = while_a_claim_looks(
            upstream.provider, monkeypatch, lambda: off_and_on(upstream.provider, now=upstream.now), now=upstream.now
        )

        assert claim.claimed == ()
        assert (upstream.fresh(order).status, upstream.run(order).state) == ("held", "queued")


class TestShutMeanwhile:
    """Between a provider's balance and the claim, which may be the seconds of a slow call."""

    def test_a_provider_that_was_paused_is_sent_nothing(self, upstream):
        upstream.order()
        Provider.objects.update(paused_at=upstream.now)

        assert claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed == ()

    def test_nor_one_while_everything_is_kept_back(self, upstream):
        """Decision 29."""
        upstream.order()
        Switches.objects.update_or_create(defaults={"stop_dispatch": True})

        assert claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed == ()

    def test_otherwise_it_is(self, upstream):
        upstream.order()

        assert len(claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed) == 1
