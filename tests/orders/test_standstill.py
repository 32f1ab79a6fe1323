"""Live runs without progress: a fresh report proves a standstill, our own absence proves nothing (refund.6.3, R37)."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.delivery import poll, stalling
from orders.models import Delivery, Flag, Order, PollBatch
from orders.operations import runs
from policies.models import Decision
from policies.rules.vocabulary import RunOutcome
from tests.factories import NOON
from tests.past_the_guards import past_the_guards
from tests.policy_versions import put_in_force

LARGE = 50_000  # four seconds of the simulator's time
STILL = "remains:30000"  # the simulator reports this for ever


def look(upstream) -> poll.Refreshed:
    return poll.refresh_due_batches(provider_id=upstream.provider.pk, now=upstream.now)


def until_it_moves(upstream, order: Order) -> None:
    """Wait, without a look, for the provider's first unit."""
    number = upstream.run(order).provider_order_id
    while not upstream.simulator.truth(number, at=time.time())["delivered"]:
        time.sleep(0.02)


def unseen(order: Order) -> list[bool]:
    """What staff were told about the order, and whether it still lasts."""
    told = Flag.objects.filter(order=order, kind="unseen").order_by("pk")
    return [flag.resolved_at is None for flag in told]


@pytest.fixture
def still(upstream) -> Order:
    """An order that stands at 20,000 of 50,000, all of it seen at `upstream.now`."""
    order = upstream.order(quantity=LARGE, sim=STILL)
    upstream.send()
    while not Delivery.objects.get().delivered:
        upstream.later(minutes=2)
        look(upstream)
    Delivery.objects.update(progressed_at=upstream.now)
    return order


class TestOurDowntime:
    def test_four_days_without_a_look_and_then_progress_refund_nothing(self, upstream):
        """R37: what nobody looked at has not failed for that; the clock alone moves no money."""
        order = upstream.order(quantity=LARGE)
        upstream.send()
        before = upstream.balance()
        upstream.later(days=4)

        stalling.flag_unseen(now=upstream.now)
        assert (upstream.fresh(order).status, unseen(order)) == ("processing", [True])
        until_it_moves(upstream, order)
        look(upstream)

        assert (upstream.fresh(order).refunded, upstream.balance()) == (0, before)
        assert unseen(order) == [False]
        assert upstream.ended(order).status == "completed"

    def test_four_days_without_a_look_and_then_the_same_number_are_a_failure_refunded_once(self, upstream, still):
        """R37, "refund.6.3": delivered never falls, so equal numbers at both ends prove the standstill between."""
        before = upstream.balance()
        upstream.later(days=4)

        stalling.flag_unseen(now=upstream.now)
        for _ in range(2):
            look(upstream)
            upstream.later(days=1)

        order = upstream.fresh(still)
        assert (order.status, order.cause, order.refunded) == ("failed", "failed", order.charge * Decimal("0.6"))
        assert upstream.balance() - before == order.refunded
        assert Decision.objects.get().clause_refs == ["refund.6.3"]
        assert unseen(still) == [False]

    def test_a_provider_that_answers_nobody_for_four_days_is_told_to_staff_once(self, upstream, still):
        before = upstream.balance()
        upstream.simulator.fault("http_500", action="status", rate=1)

        for _ in range(8):
            upstream.later(hours=12)
            look(upstream)

        assert (upstream.fresh(still).ended_at, upstream.balance()) == (None, before)
        assert unseen(still) == [True]

        upstream.simulator.control(reset=True)
        upstream.later(minutes=2)
        look(upstream)
        assert (upstream.fresh(still).status, unseen(still)) == ("failed", [False])

    def test_a_clock_that_ticks_alone_tells_staff_once_and_moves_no_money(self, upstream, still):
        """As from a crontab with this tick only."""
        before = upstream.balance()

        told = [stalling.flag_unseen(now=upstream.later(hours=24, minutes=2)) for _ in range(5)]

        assert told == [0, 0, 1, 1, 1]
        assert (upstream.fresh(still).ended_at, upstream.balance(), unseen(still)) == (None, before, [True])


class TestTheHours:
    @pytest.mark.parametrize(("seconds", "status"), [(-1, "in_progress"), (0, "failed"), (1, "failed")])
    def test_of_the_policy_end_to_the_second(self, upstream, still, seconds, status):
        """R37: fail_after 72 h."""
        upstream.later(hours=72, seconds=seconds)

        look(upstream)

        assert upstream.fresh(still).status == status

    def test_are_those_of_the_policy_that_the_order_was_placed_under(self, upstream, still, patient_policy):
        with past_the_guards():
            Order.objects.filter(pk=still.pk).update(refund_policy=patient_policy)
        upstream.later(hours=73)
        look(upstream)
        assert upstream.fresh(still).ended_at is None

        upstream.later(hours=27)
        look(upstream)
        assert upstream.fresh(still).status == "failed"

    def test_begin_anew_with_progress(self, upstream, still):
        Delivery.objects.update(delivered=19_999, progressed_at=upstream.now - timedelta(days=9))
        upstream.later(minutes=2)
        look(upstream)
        assert Delivery.objects.get().progressed_at >= upstream.now

        upstream.later(hours=71)
        look(upstream)
        assert upstream.fresh(still).ended_at is None

    @pytest.fixture
    def patient_policy(self, still):
        """Another version, that allows 100 hours."""
        shipped = still.refund_policy
        version = shipped.policy.versions.create(number=2, params={**shipped.params, "fail_after_h": 100})
        version.clauses.create(ref="refund.6.3", position=1, heading="Failure", text="After {fail_after_h} hours.")
        return put_in_force(version, at=NOON + timedelta(seconds=1), now=NOON)


def test_a_standstill_reported_by_one_look_is_none_when_another_has_seen_it_move(upstream, still):
    """A worker may die and its report come late: `delivered` is what it saw."""
    Delivery.objects.update(delivered=20_001)
    run = upstream.run(still)
    ended = {"outcome": RunOutcome.STALLED, "start_count": None, "actor": "system", "now": upstream.now}

    runs.end_run(run_id=run.pk, delivered=20_000, **ended)
    assert upstream.fresh(still).ended_at is None

    runs.end_run(run_id=run.pk, delivered=20_001, **ended)
    assert upstream.fresh(still).status == "failed"


def test_a_look_at_orders_that_move_costs_nothing_more(upstream, still):
    """One small query about the policies; the orders' own are read only where the patience may be over."""

    def about_orders() -> int:
        upstream.later(minutes=2)
        with CaptureQueriesContext(connection) as captured:
            look(upstream)
        return sum("refund_policy_id" in query["sql"] for query in captured)

    assert about_orders() == 0
    Delivery.objects.update(progressed_at=upstream.now - timedelta(hours=80))
    assert about_orders() > 0


def test_only_batches_that_nobody_looks_at_are_read_by_the_clock(upstream, still, django_assert_num_queries):
    upstream.later(days=4)
    PollBatch.objects.update(due_at=upstream.now - timedelta(minutes=1))

    with django_assert_num_queries(2):
        assert stalling.flag_unseen(now=upstream.now) == 0
