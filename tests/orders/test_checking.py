"""How often live runs are looked at: they change tier in bulk, calls stay full, nobody is left out (performance 1)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.delivery import batches, observing, poll
from orders.models import Delivery, Flag, Order, OrderEvent, PollBatch
from orders.operations import runs
from orders.providers.base import Statuses
from orders.reading.page import page_of
from policies.rules.delivery import Step, Tier
from policies.rules.vocabulary import RunOutcome
from tests.factories import ProviderFactory
from tests.orders.test_poll import live

FAST, STEADY, STILL = Tier.FAST, Tier.STEADY, Tier.STILL
NEVER = 0.000_01  # units an hour: a simulated order at this pace stands still for as long as a test lasts


@pytest.fixture(autouse=True)
def half_a_minute(settings):
    settings.POLL_SECONDS = 30


@pytest.fixture
def pattern(upstream) -> Order:
    return upstream.order()


@pytest.fixture
def standing(upstream, pattern) -> Delivery:
    """A run of which nothing is delivered, and of which its provider has told all that it ever will."""
    live(upstream, pattern, count=1, pace=NEVER)
    look(upstream, seconds=1)
    upstream.later(seconds=-1)
    Delivery.objects.update(progressed_at=upstream.now)
    return Delivery.objects.get()


def look(upstream, **later):
    """A look after so long."""
    return poll.refresh_due_batches(provider_id=upstream.provider.pk, now=upstream.later(**later))


def tiers() -> dict[int, int]:
    """By tier, how many runs are in its batches; the batches know it too."""
    found = {}
    for batch in PollBatch.objects.order_by("tier", "pk"):
        assert batch.size == batch.deliveries.count()
        found[batch.tier] = found.get(batch.tier, 0) + batch.size
    return found


class TestTiers:
    def test_a_fresh_run_is_looked_at_every_half_minute(self, upstream, pattern):
        live(upstream, pattern, count=1, pace=NEVER)

        seen = [look(upstream, seconds=seconds).looked_at for seconds in (1, 28, 5, 35)]

        assert seen == [1, 0, 1, 1]
        assert tiers() == {FAST: 1}

    @pytest.mark.parametrize(
        ("rest", "tier"),
        [
            (timedelta(minutes=9, seconds=59), FAST),
            (timedelta(minutes=10), STEADY),
            (timedelta(hours=2, minutes=59, seconds=59), STEADY),
            (timedelta(hours=3), STILL),
            (timedelta(hours=71), STILL),
        ],
    )
    def test_a_run_that_rests_is_looked_at_less(self, upstream, standing, rest, tier):
        """The statement that reads the rows goes by `resting_since`, to the second."""
        upstream.later(minutes=1)
        Delivery.objects.update(progressed_at=upstream.now - rest)

        assert look(upstream).looked_at == 1
        assert tiers() == {tier: 1}

    def test_a_still_run_waits_half_an_hour_and_its_page_says_when_it_was_asked(self, upstream, standing):
        Delivery.objects.update(progressed_at=upstream.now - timedelta(hours=5))
        look(upstream, minutes=1)

        assert [look(upstream, minutes=minutes).looked_at for minutes in (29, 2)] == [0, 1]
        order = Order.objects.get(pk=standing.order_id)
        page = page_of(order_id=order.pk, user_id=order.user_id, now=upstream.later(minutes=1))
        assert timedelta(seconds=50) < upstream.now - page.checked_at <= timedelta(minutes=1)

    def test_a_still_run_that_moves_again_is_no_longer_still(self, upstream, pattern):
        live(upstream, pattern, count=1, quantity=10**7, ago=5, pace=1000)
        PollBatch.objects.update(tier=STILL)

        look(upstream, minutes=1)

        assert Delivery.objects.get().delivered > 0
        assert tiers() == {STEADY: 1}

    def test_after_a_call_that_failed_even_still_runs_are_asked_soon_and_stay_where_they_are(self, upstream, standing):
        PollBatch.objects.update(tier=STEADY)
        Delivery.objects.update(progressed_at=upstream.now - timedelta(hours=5))
        upstream.simulator.fault("http_500", action="status")

        look(upstream, minutes=5)

        assert tiers() == {STEADY: 1}
        assert look(upstream, seconds=40).looked_at == 1


class TestWhichTier:
    """What the looks ask of the rules."""

    def row(self, *, delivered=0, rest=FAST, batch=1):
        return (5_000_000, 7, 10_000, 1000, delivered, 12, "In progress", False, None, batch, int(rest))

    def step(self, *, delivered, outcome=None):
        return Step(7, 10_000, delivered, 12, "In progress", outcome, (), False)

    @pytest.mark.parametrize(
        ("tier", "row", "step", "wanted"),
        [
            (FAST, {}, None, {}),
            (STEADY, {}, None, {}),  # rest makes none faster
            (STEADY, {"rest": STILL}, None, {7: STILL}),
            (STILL, {"rest": STEADY}, None, {}),
            (STEADY, {"delivered": 100}, {"delivered": 900}, {7: FAST}),
            (STILL, {"delivered": 100, "rest": STILL}, {"delivered": 101}, {7: STEADY}),
            (STEADY, {"delivered": 100, "rest": STILL}, {"delivered": 100}, {7: STILL}),  # news, and no progress
            (FAST, {"delivered": 100}, {"delivered": 1000, "outcome": RunOutcome.DELIVERED}, {}),
            (STEADY, {"rest": STILL}, {"delivered": 0, "outcome": RunOutcome.STALLED}, {}),
        ],
    )
    def test_by_progress_else_by_rest_and_none_for_what_ends(self, tier, row, step, wanted):
        steps = [self.step(**step)] if step else []

        assert poll.tiers_wanted([self.row(**row)], steps, {1: poll.Turn(tier, 240)}) == wanted

    def test_the_pace_is_that_of_the_time_since_the_last_look(self):
        """A batch that was due long ago has not delivered all of it just now."""
        facts = [self.row()], [self.step(delivered=250)]

        assert poll.tiers_wanted(*facts, {1: poll.Turn(STEADY, 240)}) == {7: FAST}
        assert poll.tiers_wanted(*facts, {1: poll.Turn(STEADY, 86_400)}) == {}


class TestInBulk:
    def test_many_change_tier_in_as_many_queries_as_few(self, upstream, pattern):
        def queries(count):
            live(upstream, pattern, count=count, pace=NEVER)
            wanted = dict.fromkeys(Delivery.objects.values_list("pk", flat=True), STILL)
            with CaptureQueriesContext(connection) as captured:
                batches.change_tiers(provider_id=upstream.provider.pk, wanted=wanted, now=upstream.now)
            batches.tidy(provider_id=upstream.provider.pk)
            assert tiers() == {STILL: count}
            Delivery.objects.all().delete()
            PollBatch.objects.all().delete()
            return len(captured)

        assert queries(5) == queries(60) <= 5

    def test_a_look_at_many_runs_that_rest_costs_as_many_queries_as_at_few(self, upstream, pattern):
        def queries(count):
            live(upstream, pattern, count=count, pace=NEVER)
            Delivery.objects.update(progressed_at=upstream.now - timedelta(hours=5))
            with CaptureQueriesContext(connection) as captured:
                assert look(upstream, minutes=1).looked_at == count
            assert tiers() == {STILL: count}
            Delivery.objects.all().delete()
            PollBatch.objects.all().delete()
            return len(captured)

        assert queries(5) == queries(60)

    def test_full_batches_are_left_alone_and_new_ones_made(self, upstream, pattern, monkeypatch):
        monkeypatch.setattr(runs, "BATCH_SIZE", 4)
        for _ in range(3):
            live(upstream, pattern, count=3, pace=NEVER)

        wanted = dict.fromkeys(Delivery.objects.values_list("pk", flat=True), STILL)
        batches.change_tiers(provider_id=upstream.provider.pk, wanted=wanted, now=upstream.now)
        batches.tidy(provider_id=upstream.provider.pk)

        assert sorted(PollBatch.objects.values_list("tier", "size")) == [(STILL, 1), (STILL, 4), (STILL, 4)]
        assert tiers() == {STILL: 9}

    def test_thin_batches_grow_together_within_their_tier_alone(self, upstream, pattern):
        for _ in range(4):
            live(upstream, pattern, count=2, pace=NEVER)
        slow = PollBatch.objects.order_by("pk")[2:]
        PollBatch.objects.filter(pk__in=[batch.pk for batch in slow]).update(tier=STILL)

        batches.tidy(provider_id=upstream.provider.pk)

        assert sorted(PollBatch.objects.values_list("tier", "size")) == [(FAST, 4), (STILL, 4)]
        assert tiers() == {FAST: 4, STILL: 4}

    def test_what_ended_meanwhile_changes_no_batch(self, upstream, standing):
        ended = {"outcome": RunOutcome.DELIVERED, "start_count": None, "actor": "staff:1", "now": upstream.now}
        runs.end_run(run_id=standing.pk, delivered=standing.quantity, **ended)

        batches.change_tiers(provider_id=upstream.provider.pk, wanted={standing.pk: STILL}, now=upstream.now)

        assert set(tiers().values()) == {0}


class TestFairness:
    def test_the_most_overdue_provider_and_batch_come_first(self, upstream, pattern, monkeypatch):
        for minutes in (5, 60, 30):
            live(upstream, pattern, count=1, pace=NEVER)
            newest = PollBatch.objects.latest("pk")
            PollBatch.objects.filter(pk=newest.pk).update(due_at=upstream.now - timedelta(minutes=minutes))
        other = ProviderFactory()
        PollBatch.objects.create(provider=other, size=1, due_at=upstream.now - timedelta(hours=2))
        overdue = list(
            PollBatch.objects.filter(provider=upstream.provider).order_by("due_at").values_list("pk", flat=True)
        )

        assert poll.providers_due(now=upstream.now) == [other.pk, upstream.provider.pk]
        assert [list(poll._claim(upstream.provider.pk, uuid4(), upstream.now, 1)) for _ in range(3)] == [
            [pk] for pk in overdue
        ]


class TestObservations:
    """Orders c.5: what a provider takes back is recorded and flagged, and moves no money."""

    def test_each_step_back_is_noted_a_few_times_and_told_once(self, upstream, standing):
        before, order = upstream.balance(), Order.objects.get(pk=standing.order_id)
        for known in range(1, 10):
            step = Step(standing.pk, order.pk, known, 12, "In progress", None, ("regressed",), False)
            said = {standing.pk: {"status": "In progress", "remains": 50_000, "charge": "9"}}
            observing.observe([step], said, now=upstream.later(minutes=1))

        notes = OrderEvent.objects.filter(order=order, kind="regressed").order_by("pk")
        assert [note.facts for note in notes] == [
            {"run": 1, "known": known, "status": "In progress", "remains": "50000"} for known in range(1, 6)
        ]
        assert not any(note.public for note in notes)
        assert Flag.objects.get().facts == {"status": "In progress", "remains": "50000"}
        assert (upstream.fresh(order).refunded, upstream.balance()) == (0, before)

    def test_a_strangers_words_are_cut(self, upstream, standing):
        step = Step(standing.pk, standing.order_id, 0, 12, "", None, ("impossible_number",), False)

        observing.observe([step], {standing.pk: {"status": ["x" * 99], "remains": "9" * 99}}, now=upstream.now)

        facts = Flag.objects.get().facts
        assert {name: len(value) for name, value in facts.items()} == {"status": 40, "remains": 40}

    def test_a_run_that_was_left_out_of_an_answer_has_no_words(self, upstream, standing):
        step = Step(standing.pk, standing.order_id, 0, 12, "", None, ("not_in_answer",), False)

        observing.observe([step], {}, now=upstream.now)

        assert Flag.objects.get().facts == {}

    def test_the_looks_keep_what_was_said(self, upstream, pattern):
        live(upstream, pattern, count=1, pace=NEVER)
        Delivery.objects.update(delivered=300)  # as if it had said so before

        look(upstream, minutes=1)

        said = {"status": "In progress", "remains": "50000"}
        assert Flag.objects.get(kind="regressed").facts == said
        assert OrderEvent.objects.get(kind="regressed").facts == {"run": 1, "known": 300, **said}
        assert Delivery.objects.get().delivered == 300


def test_a_look_reads_what_tiers_are_chosen_by(upstream, standing):
    """A call that failed is nobody's look: all of it stays due."""
    nothing = Statuses(reports={}, failed=frozenset({standing.provider_order_id}), problem="down")
    look_at_it = poll.Look(upstream.provider.pk, poll.Claimed(uuid4(), {}, []), nothing, [], set(), {})

    assert look_at_it.seconds_until_next() == [30, 30, 30]
