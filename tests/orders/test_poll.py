"""Looking at live runs in batches: what a report changes, and that the same report twice changes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.delivery import poll
from orders.models import Delivery, Flag, Order, OrderEvent, PollBatch, Run, Sample
from orders.operations import ending_by_hand
from orders.providers.base import Statuses
from policies.rules import delivery
from tests.past_the_guards import past_the_guards

LARGE = 50_000  # four seconds of the simulator's time
REPORTED = ["run", "delivered", "start_count", "word", "progressed_at"]  # how often a run is looked at is no news of it


def snapshot(order: Order) -> tuple[object, ...]:
    """Everything a look may have changed."""
    return (
        Order.objects.filter(pk=order.pk).values_list().get(),
        list(Run.objects.filter(order=order).values_list()),
        list(Delivery.objects.filter(order_id=order.pk).values(*REPORTED)),
        list(OrderEvent.objects.filter(order=order).values_list("pk", flat=True)),
        list(Flag.objects.filter(order=order).values_list("pk", flat=True)),
        Sample.objects.filter(run__order=order).count(),
    )


def live(upstream, pattern: Order, *, count: int, quantity: int = LARGE, **wishes: float) -> None:
    """Rows of `count` orders as if they had been sent, and the simulator's orders behind them, a fifth delivered.

    wishes: how the simulator delivers them, if otherwise.
    """
    made = upstream.simulator.bulk(count=count, quantity=quantity, **{"ago": 1, **wishes})
    batch = PollBatch.objects.create(provider=upstream.provider, size=count, due_at=upstream.now)
    for number in range(made["first"], made["last"] + 1):
        order = upstream.fresh(pattern)
        order.pk, order.status = None, "processing"
        order.save()
        run = Run.objects.create(
            order=order,
            number=1,
            quantity=quantity,
            provider=upstream.provider,
            provider_service=order.provider_service,
            provider_order_id=number,
            state="live",
            accepted_at=upstream.now,
        )
        Delivery.objects.create(
            run=run,
            batch=batch,
            order_id=order.pk,
            provider_order_id=number,
            quantity=quantity,
            progressed_at=upstream.now,
        )


class TestProgress:
    def test_the_first_units_move_the_order_and_leave_a_point_of_the_chart(self, upstream):
        order = upstream.order(quantity=LARGE)
        upstream.send()

        while not Sample.objects.exists():
            upstream.look()

        live = Delivery.objects.get()
        assert upstream.fresh(order).status == "in_progress"
        assert (live.word, live.start_count is not None) == ("In progress", True)
        assert Sample.objects.get().delivered == live.delivered >= LARGE // 50
        assert live.progressed_at <= upstream.now + timedelta(seconds=1)

    def test_at_most_fifty_points_are_kept_of_a_run(self, upstream):
        """Decision 10."""
        order = upstream.order(quantity=LARGE)
        upstream.send()

        while upstream.fresh(order).ended_at is None:
            upstream.look()

        points = list(Sample.objects.order_by("pk").values_list("delivered", flat=True))
        assert len(points) <= 50
        assert points == sorted(points)
        assert points[-1] == LARGE

    def test_the_same_report_twice_changes_nothing(self, upstream):
        order = upstream.order(quantity=LARGE, sim="remains:30000")
        upstream.send()
        while not Delivery.objects.get().start_count:
            upstream.look()
        before = snapshot(order)

        assert upstream.look().changed == 0
        assert snapshot(order) == before
        assert Delivery.objects.get().delivered == 20_000

    def test_a_run_that_moved_to_another_batch_meanwhile_is_looked_at_with_that_one(self, upstream):
        upstream.order(quantity=LARGE, sim="remains:30000")
        upstream.send()
        while not Delivery.objects.get().start_count:
            upstream.look()
        Delivery.objects.update(delivered=19_999)
        claimed = poll.claim_and_read(provider_id=upstream.provider.pk, now=upstream.later(days=1), limit=1)
        step = delivery.advance(claimed.rows[0][1:7], {"status": "In progress", "remains": "30000"})
        other = PollBatch.objects.create(provider=upstream.provider, size=1, due_at=upstream.now)
        Delivery.objects.update(batch=other)

        poll.apply(poll.Look(upstream.provider.pk, claimed, Statuses({}), [step], (), {}), upstream.now)

        assert Delivery.objects.get().delivered == 19_999
        assert upstream.look().changed == 1
        assert (Delivery.objects.get().delivered, Delivery.objects.get().word) == (20_000, "In progress")

    def test_a_batch_that_another_worker_has_is_left_to_it(self, upstream):
        upstream.order(quantity=LARGE)
        upstream.send()
        PollBatch.objects.update(lease_until="2999-01-01T00:00Z")
        assert upstream.look().looked_at == 0

        PollBatch.objects.update(lease_until="2020-01-01T00:00Z")
        assert upstream.look().looked_at == 1


class TestOdd:
    """Reliability 3, rows 11, 12, 14 and 16: flagged, and no money moves."""

    @pytest.mark.parametrize(
        ("trouble", "flag"),
        [
            ("remains:-5", "impossible_number"),
            ("remains:1%20000", "impossible_number"),
            ("remains:more", "impossible_number"),
            ("word:Refunded", "unknown_word"),
        ],
    )
    def test_what_makes_no_sense_is_flagged_and_not_believed(self, upstream, trouble, flag):
        order = upstream.order(quantity=LARGE, sim=trouble)
        upstream.send()
        before = upstream.balance()

        while not Flag.objects.exists():
            upstream.look()

        assert set(Flag.objects.values_list("kind", flat=True)) == {flag}
        assert (upstream.fresh(order).refunded, upstream.balance()) == (Decimal(0), before)
        assert upstream.fresh(order).ended_at is None

    def test_delivered_never_falls(self, upstream):
        order = upstream.order(quantity=LARGE, sim="regress")
        upstream.send()

        seen = [0]
        while upstream.fresh(order).ended_at is None:
            upstream.look()
            seen += Delivery.objects.values_list("delivered", flat=True)

        assert seen == sorted(seen)
        assert "regressed" in Flag.objects.values_list("kind", flat=True)

    def test_ids_left_out_of_the_answer_stay_due(self, upstream):
        orders = [upstream.order() for _ in range(4)]
        upstream.send()
        upstream.simulator.fault("missing:0.5", action="status")
        upstream.look()

        for order in orders:
            assert upstream.ended(order).status == "completed"

    @pytest.mark.parametrize("trouble", ["http_500", "html", "drop", "garbage", "wrong_shape"])
    def test_a_call_that_failed_changes_nothing(self, upstream, trouble):
        order = upstream.order()
        upstream.send()
        before = snapshot(order)
        upstream.simulator.fault(trouble, action="status")

        upstream.look()

        assert snapshot(order) == before
        assert upstream.ended(order).status == "completed"


class TestCharge:
    """Fault row 15: an order goes on at the customer's price, and staff hear of a provider that charges more."""

    def test_more_than_listed_is_told_once_and_moves_no_money(self, upstream):
        plain, dear = upstream.order(quantity=LARGE), upstream.order(quantity=LARGE, sim="charge:1.5")
        upstream.send()

        ended = [upstream.ended(each) for each in (plain, dear)]

        flag = Flag.objects.get()
        assert (flag.kind, flag.run, flag.facts) == (
            *("dearer", upstream.run(dear)),
            {"charged": "68.01750", "listed": "45.345"},
        )
        assert [(each.status, each.charge, each.refunded) for each in ended] == [("completed", Decimal(75), 0)] * 2

    def test_a_run_that_is_first_seen_when_it_has_ended_is_compared_too(self, upstream):
        dear = upstream.order(quantity=100, sim="charge:9")
        upstream.send()

        upstream.ended(dear)

        assert Flag.objects.get().facts == {"charged": "0.81621", "listed": "0.09069"}


class TestAnEndThatCannotBeTrue:
    """Decision 17: no money moves on a number that denies another; a person finds the right one."""

    def said(self, upstream, trouble: str) -> Order:
        """A canceled order whose remains are told so for one look."""
        order = upstream.order(quantity=LARGE, sim="canceled")
        upstream.send()
        upstream.simulator.fault(trouble, action="status")
        return upstream.ended(order)

    def test_canceled_with_nothing_missing_and_nothing_charged_ends_nothing(self, upstream):
        order = self.said(upstream, "remains:0")

        assert (order.ended_at, order.refunded, Flag.objects.get().kind) == (None, 0, "contradicted")
        assert Delivery.objects.get().word == "Canceled"

    def test_a_sound_report_ends_it_and_closes_what_was_odd(self, upstream):
        self.said(upstream, "remains:0")

        upstream.look()

        ended = Order.objects.get()
        assert (ended.status, ended.refunded) == ("canceled", ended.charge)
        assert (Flag.objects.get().resolved_by, Flag.objects.get().resolution) == ("system", "a sound report came")

    @pytest.mark.parametrize("trouble", ["remains:-5", "word:Chilling", "missing:1"])
    def test_a_sound_report_closes_what_was_odd_about_one_that_goes_on(self, upstream, trouble):
        upstream.order(quantity=LARGE)
        upstream.send()
        upstream.simulator.fault(trouble, action="status")
        upstream.look()
        assert Flag.objects.filter(resolved_at=None).count() == 1

        upstream.look()

        assert not Flag.objects.filter(resolved_at=None).exists()

    def test_while_it_goes_on_nobody_may_end_it_with_a_number(self, upstream):
        order = upstream.order(quantity=LARGE)
        upstream.send()
        upstream.simulator.fault("remains:-5", action="status")
        upstream.look()

        with pytest.raises(ending_by_hand.StillGoing, match="In progress"):
            self.end(upstream, order, 7)

        assert upstream.fresh(order).ended_at is None

    def test_of_what_its_provider_denies_a_person_may_find_fewer(self, upstream):
        order = self.said(upstream, "remains:0")
        Delivery.objects.update(delivered=900)
        Flag.objects.update(kind="contradicted")

        self.end(upstream, order, 300)

        ended = upstream.fresh(order)
        assert (ended.status, upstream.run(order).delivered) == ("partial", 300)
        assert ended.refunded == ended.charge - ended.charge * 300 / LARGE

    def test_and_of_what_it_does_not_deny_never_fewer(self, upstream):
        order = self.said(upstream, "remains:0")
        Delivery.objects.update(delivered=900)
        Flag.objects.update(kind="remains_missing")

        with pytest.raises(ending_by_hand.NumberOutOfRange, match=f"900 to {LARGE}"):
            self.end(upstream, order, 300)

    def end(self, upstream, order, delivered: int) -> None:
        seen = Delivery.objects.get().delivered
        ending_by_hand.end_as_found(
            run_id=upstream.run(order).pk,
            seen_delivered=seen,
            delivered=delivered,
            actor="staff:1",
            reason="asked them",
            now=upstream.now,
        )


class TestMany:
    def test_a_hundred_orders_cost_as_many_queries_as_ten(self, upstream):
        """Architecture, sentence 6: work on many orders is done for many orders at once."""

        def queries_of_a_look() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert upstream.look().changed == Delivery.objects.count()
            return len(captured)

        pattern = upstream.order(quantity=LARGE)
        live(upstream, pattern, count=10)
        for_ten = queries_of_a_look()
        Delivery.objects.all().delete()
        PollBatch.objects.all().delete()
        live(upstream, pattern, count=100)

        assert queries_of_a_look() == for_ten
        assert Order.objects.filter(status="in_progress").count() == 110

    def test_runs_share_a_batch_and_an_empty_batch_goes(self, upstream):
        orders = [upstream.order() for _ in range(10)]
        upstream.send()
        assert PollBatch.objects.get().size == 10

        for order in orders:
            upstream.ended(order)

        assert not PollBatch.objects.exists()
        assert not Delivery.objects.exists()

    def test_thin_batches_grow_together(self, upstream):
        pattern = upstream.order(quantity=LARGE)
        live(upstream, pattern, count=3)
        live(upstream, pattern, count=2)

        upstream.look()

        assert PollBatch.objects.get().size == 5 == PollBatch.objects.get().deliveries.count()
        assert upstream.look().looked_at == 5

    def test_one_order_whose_status_does_not_fit_does_not_stop_the_others(self, upstream):
        """Reliability 3, row 31."""
        poison, sound = upstream.order(quantity=LARGE, sim="remains:9"), upstream.order(quantity=LARGE, sim="remains:9")
        upstream.send()
        with past_the_guards():
            Order.objects.filter(pk=poison.pk).update(status="waiting")  # nothing leads from there to in progress

        while not Delivery.objects.filter(order_id=sound.pk, delivered__gt=0).exists():
            upstream.look()

        assert [upstream.fresh(order).status for order in (poison, sound)] == ["waiting", "in_progress"]
        assert Flag.objects.get(kind="odd_status").order_id == poison.pk

    def test_one_order_that_cannot_be_ended_does_not_stop_the_others(self, upstream):
        """Reliability 3, row 31: flagged, the others go on."""
        poison, sound = upstream.order(sim="partial:0.5"), upstream.order(sim="partial:0.5")
        upstream.send()
        with past_the_guards():
            Order.objects.filter(pk=poison.pk).update(status="waiting")  # from which no order may become partial

        assert upstream.ended(sound).status == "partial"
        upstream.ended(poison)

        assert Flag.objects.get(kind="settle_failed").order_id == poison.pk
        assert upstream.fresh(poison).refunded == 0
        Order.objects.filter(pk=poison.pk).update(status="processing")
        assert upstream.ended(poison).status == "partial"
