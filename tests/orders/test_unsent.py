"""Orders that no provider takes: given up after the hours of their policy, never for our own absence (refund.6.3)."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction

from orders.delivery import dispatch, unsent
from orders.delivery.claiming import claim_wave
from orders.delivery.waiting import wake_waiting
from orders.models import LinkHold, Order, Provider, Run, Service, Switches
from orders.operations import providers, statuses
from plumbing import sql
from policies.models import Decision
from policies.rules.drip_feed import Drip
from policies.rules.vocabulary import RunState
from tests.past_the_guards import past_the_guards


def watch(upstream, *, hours: float, step: float = 0.75) -> None:
    """Pass after pass, without a gap, for some hours."""
    until = upstream.now + timedelta(hours=hours)
    while True:
        unsent.give_up_unsent(now=upstream.now)
        if upstream.now >= until:
            return
        upstream.now = min(upstream.now + timedelta(hours=step), until)


def pause(upstream) -> None:
    providers.pause(provider_id=upstream.provider.pk, reason="funds", now=upstream.now)


def shut(**columns: object) -> None:
    Provider.objects.update(**columns)


@pytest.fixture
def order(upstream) -> Order:
    """Placed while its provider is paused."""
    pause(upstream)
    return upstream.order()


class TestGivenUp:
    def test_after_three_days_at_a_paused_provider_everything_is_paid_back_once(self, upstream, order):
        """R37, "refund.6.3": nobody can deliver it."""
        before = upstream.balance()

        watch(upstream, hours=74)

        failed = upstream.fresh(order)
        assert (failed.status, failed.cause, failed.refunded) == ("failed", "failed", failed.charge)
        assert upstream.balance() - before == failed.charge
        assert Decision.objects.get().clause_refs == ["refund.6.3"]
        assert (upstream.run(order).state, upstream.run(order).outcome) == ("ended", "stalled")

    @pytest.mark.parametrize(("seconds", "status"), [(-1, "queued"), (0, "failed"), (1, "failed")])
    def test_at_the_very_second(self, upstream, order, seconds, status):
        watch(upstream, hours=71.5)
        assert upstream.fresh(order).status == "queued"

        unsent.give_up_unsent(now=upstream.later(minutes=30, seconds=seconds))

        assert upstream.fresh(order).status == status

    def test_when_its_provider_does_not_answer(self, upstream):
        """Each pass of dispatch puts it off a little more."""
        order = upstream.order()
        watch(upstream, hours=72)
        assert upstream.fresh(order).status == "queued"  # open, and only not asked: that is our doing

        providers.back_off(provider_id=upstream.provider.pk, now=upstream.now)
        unsent.give_up_unsent(now=upstream.now)

        assert upstream.fresh(order).status == "failed"

    def test_when_the_provider_tells_it_to_wait_again_and_again(self, upstream):
        """Somebody else's order stands on its link there; putting it back does not begin the hours anew."""
        order = upstream.order()
        for _ in range(74):
            upstream.simulator.fault("error:You have active order with this link.")
            upstream.send()
            unsent.give_up_unsent(now=upstream.now)
            upstream.later(hours=1)

        assert upstream.fresh(order).status == "failed"
        assert not LinkHold.objects.exists()

    def test_parts_that_were_delivered_are_kept_and_paid(self, upstream, order):
        """A part that nobody takes fails the rest of its order alone."""
        run = upstream.run(order)
        Run.objects.filter(pk=run.pk).update(quantity=600)
        Run.objects.create(
            order=order, number=2, quantity=400, delivered=400, provider=run.provider, state="ended",
            outcome="delivered", ended_at=upstream.now, accepted_at=upstream.now, provider_order_id=7,
        )  # fmt: skip

        Order.objects.update(status="in_progress")
        watch(upstream, hours=72)

        failed = upstream.fresh(order)
        assert (failed.status, failed.refunded) == ("failed", failed.charge * 6 / 10)


class TestWaitsOn:
    def test_an_order_whose_last_part_has_just_ended_is_under_way(self, upstream):
        """However long ago its next part was put back: somebody took the one before it."""
        Service.objects.update(dripfeed=True)
        order = upstream.order(quantity=100, drip=Drip(3, 60))
        upstream.send()
        while not order.runs.filter(state="ended").exists():
            upstream.look()
        put_back = order.runs.filter(number=2)
        put_back.update(due_at=upstream.now + timedelta(hours=1), due_since=upstream.now - timedelta(hours=100))
        shut(watched_since=upstream.now - timedelta(hours=200), watched_at=upstream.now)

        assert unsent.give_up_unsent(now=upstream.now) == 0

        order.runs.filter(number=1).update(ended_at=upstream.now - timedelta(hours=73))
        assert unsent.give_up_unsent(now=upstream.now) == 1  # the control

    def test_our_own_downtime_does_not_count(self, upstream, order):
        """R37: nobody watched for four days, so nobody can say that it could not be sent."""
        watch(upstream, hours=5)
        upstream.later(days=4)

        watch(upstream, hours=71)
        assert upstream.fresh(order).status == "queued"

        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)
        assert upstream.send() == 1

    def test_time_behind_another_order_does_not_count(self, upstream):
        """R18: *waiting* is no standstill of ours."""
        link = "https://instagram.com/p/behind"
        first, second = upstream.order(link=link), upstream.order(link=link)
        upstream.send()
        watch(upstream, hours=80)
        upstream.ended(first)
        pause(upstream)
        wake_waiting(now=upstream.now)

        watch(upstream, hours=71)
        assert upstream.fresh(second).status == "waiting"
        watch(upstream, hours=1)
        assert upstream.fresh(second).status == "failed"

    def test_a_wait_begun_before_another_order_took_the_link_is_over(self, upstream):
        """Put back by a provider without our money, its link let go and taken by another: then it waits for that."""
        link = "https://instagram.com/p/let-go"
        first = upstream.order(link=link)
        upstream.simulator.fault("error:Not enough funds on balance")
        upstream.send()
        assert upstream.run(first).due_since == first.placed_at
        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)
        Run.objects.update(due_at=upstream.now + timedelta(minutes=1))
        upstream.later(seconds=5)
        upstream.order(link=link)
        upstream.send()

        upstream.later(minutes=2)
        upstream.send()

        assert (upstream.fresh(first).status, upstream.run(first).due_since) == ("waiting", None)

    @pytest.mark.parametrize("state", [RunState.UNKNOWN, RunState.PARKED, RunState.SUBMITTING])
    def test_what_may_be_upstream_or_is_with_a_person_is_left_alone(self, upstream, order, state):
        Run.objects.update(state=state.value, attempt=upstream.run(order).request_id, lease_until=upstream.now)

        watch(upstream, hours=100)

        assert upstream.fresh(order).ended_at is None

    def test_what_an_open_provider_has_not_got_round_to_is_left_alone(self, upstream):
        """R12: capacity delays and loses nothing."""
        order = upstream.order()

        watch(upstream, hours=100)

        assert upstream.fresh(order).status == "queued"

    def test_what_staff_hold_back_is_left_alone(self, upstream, order):
        """Decision 29."""
        Switches.objects.update_or_create(defaults={"stop_dispatch": True})

        watch(upstream, hours=100)

        assert upstream.fresh(order).status == "queued"


def test_one_order_that_cannot_be_given_up_does_not_stop_the_others(upstream, order):
    """Reliability 3, row 31."""
    other = upstream.order()
    with past_the_guards():
        Order.objects.filter(pk=order.pk).update(refund_policy=order.support_policy_id)  # which has no clause to cite

    watch(upstream, hours=73)

    assert upstream.fresh(other).status == "failed"
    assert order.flags.get().kind == "settle_failed"


@pytest.mark.django_db(transaction=True)
class TestRaced:
    """Against the claim: an order is sent or given up, never both, and one that ended holds no link."""

    @pytest.fixture
    def upstream(self, connect, with_request_ids):
        return connect(with_request_ids)

    def elsewhere(self, work: Callable[[], Any]) -> "Future[Any]":
        """On a connection of its own."""

        def _work() -> Any:
            try:
                return work()
            finally:
                connections.close_all()

        return ThreadPoolExecutor(1).submit(_work)

    def test_a_claim_skips_what_is_being_given_up(self, upstream, order):
        watch(upstream, hours=71)
        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)
        provider = Provider.objects.get()

        with transaction.atomic():
            statuses.lock([order.pk]).get()
            wave = self.elsewhere(lambda: claim_wave(provider=provider, balance=None, now=upstream.now)).result(10)

        assert (len(wave.claimed), LinkHold.objects.count()) == (0, 0)

    def test_giving_up_waits_for_a_claim_and_finds_it_sent(self, upstream, order):
        watch(upstream, hours=71.5)
        upstream.later(minutes=31)

        with transaction.atomic():
            statuses.lock([order.pk]).get()
            late = self.elsewhere(lambda: unsent.give_up_unsent(now=upstream.now))
            while not sql.rows("SELECT FROM pg_locks WHERE NOT granted"):
                time.sleep(0.01)
            Run.objects.update(state="submitting", attempt=upstream.run(order).request_id, lease_until=upstream.now)
            statuses.refresh(order_ids=[order.pk], actor="system", now=upstream.now)

        assert late.result(10) == 0
        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("submitting", 0)

    def test_twenty_orders_are_each_sent_or_given_up(self, upstream, order):
        orders = [order, *[upstream.order() for _ in range(19)]]
        watch(upstream, hours=71.5)
        upstream.later(minutes=31)

        giving_up = self.elsewhere(lambda: unsent.give_up_unsent(now=upstream.now))
        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)
        dispatch.send_due(provider_id=upstream.provider.pk, now=upstream.now)
        giving_up.result(30)

        for each in orders:
            sent = upstream.accepted(each)
            assert (sent, upstream.fresh(each).status) in [(1, "processing"), (0, "failed")]
        live = Order.objects.live().values_list("pk", flat=True)
        assert set(LinkHold.objects.values_list("order_id", flat=True)) <= set(live)
