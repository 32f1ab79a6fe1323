"""Another route takes what the first provably does not have, and never what it may have (R11, R37, adr/0019)."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connections

from orders.delivery import answers, dispatch, reconcile, unsent
from orders.delivery.claiming import claim_wave
from orders.delivery.holding import hold_and_release
from orders.models import Attempt, Flag, LinkHold, Order, Provider, Route, Run
from orders.operations import providers, routing, unknowns
from orders.providers import adapter_for
from orders.providers.classify import classify
from orders.reading.page import page_of
from policies import wording
from policies.rules import vocabulary
from policies.rules.routing import Skip
from policies.rules.vocabulary import Submission
from tests.factories import ProviderFactory
from tests.orders.two_ways import TwoWays

PAST = "2020-01-01T00:00Z"


@pytest.fixture
def two(db, connect, forgetful, with_request_ids, settings) -> TwoWays:
    """The first keeps no request ids, as most do not; the second does."""
    settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, "127.0.0.1:1"]
    return TwoWays(forgetful, connect(with_request_ids))


class TestMovesOn:
    def test_what_was_provably_not_sent_goes_to_the_next_route_at_once(self, two):
        """Under the same request id: whom it never reached knows of none."""
        order = two.order()
        request_id = two.first.run(order).request_id

        lose(two)
        two.send()

        run = two.first.run(order)
        assert two.taken(order) == (0, 1)
        assert (run.provider, run.state, run.request_id) == (two.second.provider, "live", request_id)
        assert [attempt.submission for attempt in Attempt.objects.order_by("started_at")] == ["not_sent", "accepted"]

    @pytest.mark.parametrize("words", ["Incorrect service ID", "Quantity less than minimal 5000"])
    def test_what_the_provider_refuses_for_reasons_of_its_own(self, two, words):
        order = two.order()
        two.trouble(f"error:{words}")

        two.send()

        assert two.taken(order) == (0, 1)
        assert two.first.fresh(order).status == "processing"
        (told,) = two.told(order)
        assert (told["from"], told["to"]) == (two.first.provider.name, two.second.provider.name)
        assert told["skipped"] == {f"{two.first.provider.name}, service 1001": "refused"}

    def test_what_waits_for_a_provider_without_our_money(self, two):
        """R32: paused with an alarm, and its orders go on elsewhere without giving up their links."""
        order = two.order()
        two.trouble("error:Not enough funds on balance")

        two.first.send()
        assert LinkHold.objects.get().order_id == order.pk
        two.send()

        assert two.taken(order) == (0, 1)
        assert Provider.objects.get(pk=two.first.provider.pk).paused_reason == "funds"

    @pytest.mark.parametrize(
        ("columns", "why"),
        [
            ({"enabled": False}, Skip.OFF),
            ({"paused_at": PAST, "paused_reason": "key"}, Skip.PAUSED),
            ({"opened_at": PAST, "backoff_until": "2026-03-02T13:00Z"}, Skip.SILENT),
            ({"backoff_until": "2026-03-02T12:05Z"}, Skip.ASKED_TO_WAIT),
        ],
    )
    def test_what_is_due_where_nobody_takes_it(self, two, columns, why):
        """R11: within one pass, whatever shut the first one, and the reason is recorded."""
        orders = [two.order() for _ in range(3)]
        two.shut(two.first, **columns)

        hold_and_release(now=two.first.now)

        assert {two.first.fresh(order).status for order in orders} == {"queued"}
        two.send()
        assert {two.taken(order) for order in orders} == {(0, 1)}
        assert [told["reason"] for order in orders for told in two.told(order)] == [why.value] * 3

    def test_parts_still_to_come_go_another_way_too(self, two):
        """A part of an order that is being delivered moves alone; what the first has stays there."""
        order = two.order()
        two.send()
        first = two.first.run(order)
        Run.objects.create(
            order=order, number=2, quantity=500, provider=first.provider, provider_service="1001", due_at=two.first.now
        )
        two.shut(two.first, enabled=False)

        hold_and_release(now=two.first.now)

        moved = dict(Run.objects.filter(order=order).values_list("number", "provider"))
        assert moved == {1: two.first.provider.pk, 2: two.second.provider.pk}
        assert two.first.fresh(order).status == "processing"

    def test_a_route_that_costs_more_than_the_customer_pays_is_not_taken(self, two):
        Route.objects.filter(provider=two.second.provider).update(cost=two.first.service.rate + 1)
        Provider.objects.update(currency="USD")
        order = two.order()
        two.shut(two.first, enabled=False)

        hold_and_release(now=two.first.now)

        assert two.first.fresh(order).status == "held"
        (told,) = two.told(order)
        assert told["skipped"][f"{two.second.provider.name}, service 1001"] == "loss"


class TestRoom:
    """R11, R12: availability counts, and capacity loses nothing."""

    def limit(self, upstream, runs):
        Route.objects.filter(provider=upstream.provider).update(capacity=runs)

    def test_what_finds_no_room_goes_where_there_is_some(self, two):
        orders = [two.order(quantity=50_000) for _ in range(3)]
        self.limit(two.first, 1)
        two.first.send()

        hold_and_release(now=two.first.later(seconds=5))
        two.send()

        assert [two.taken(order) for order in orders] == [(1, 0), (0, 1), (0, 1)]
        assert [told["reason"] for told in two.told(orders[1])] == ["full"]

    def test_where_both_are_full_they_wait_in_their_order(self, two):
        orders = [two.order(quantity=50_000) for _ in range(5)]
        self.limit(two.first, 1)
        self.limit(two.second, 1)
        for _ in range(3):
            two.send()
            hold_and_release(now=two.first.later(seconds=5))

        assert [two.first.fresh(order).status for order in orders] == ["processing"] * 2 + ["queued"] * 3
        assert [two.taken(order) for order in orders[:2]] == [(1, 0), (0, 1)]
        assert not Flag.objects.exists()

    def test_who_finds_the_first_shut_and_the_second_full_waits_in_line(self, two):
        """A delay is no failure: it is not held."""
        self.limit(two.second, 1)
        orders = [two.order(quantity=50_000) for _ in range(3)]
        two.shut(two.first, paused_at=PAST)

        hold_and_release(now=two.first.now)
        two.send()
        hold_and_release(now=two.first.later(seconds=5))

        assert [two.first.fresh(order).status for order in orders] == ["processing", "queued", "queued"]
        assert {two.first.run(order).provider for order in orders} == {two.second.provider}


class TestStays:
    """Decision 13: a provider whose answer proves nothing is never left for another."""

    @pytest.mark.parametrize("trouble", ["drop", "http_500", "html", "late:3"])
    def test_what_the_first_may_have(self, two, trouble):
        order = two.order()
        two.trouble(trouble)

        two.send()
        two.shut(two.first, enabled=False)
        hold_and_release(now=two.first.now)
        two.send()

        assert (two.first.fresh(order).status, two.first.run(order).provider) == ("unknown", two.first.provider)
        assert two.second.arrived(order) == 0

    def test_without_that_rule_it_is_delivered_twice(self, two, monkeypatch):
        """The control: moving on after an answer that proves nothing, which the two providers' own counts show."""
        order = two.order(sim="drop")
        monkeypatch.setattr(answers, "MAY_GO_AGAIN", (*answers.MAY_GO_AGAIN, Submission.UNKNOWN))
        monkeypatch.setattr(answers, "MAY_MOVE_ON", {**answers.MAY_MOVE_ON, Submission.UNKNOWN: Skip.SILENT})
        monkeypatch.setattr(routing, "NOT_TAKEN", vocabulary.NOT_TAKEN | {Submission.UNKNOWN})

        two.send()

        assert two.taken(order) == (1, 1)

    def test_what_staff_send_again_after_looking_it_up(self, two):
        """They may be mistaken: the first may have it after all, so no second one gets it."""
        order = two.order()
        two.trouble("http_500", accepted=0)
        two.first.send()
        run_id = two.first.run(order).pk
        unknowns.resend_run(run_id=run_id, actor="staff:1", reason="not in their list", now=two.first.now)
        two.shut(two.first, paused_at=PAST)

        hold_and_release(now=two.first.later(minutes=1))

        assert (two.first.fresh(order).status, two.first.fresh(order).held_reason) == ("held", "provider_paused")
        providers.reopen(provider_id=two.first.provider.pk, by="staff:1", now=two.first.now)
        hold_and_release(now=two.first.now)
        two.send()
        assert two.taken(order) == (1, 0)

    def test_what_is_not_sent_stays_where_no_other_takes_it(self, two):
        order = two.order()
        two.shut(two.second, paused_at=PAST)

        lose(two)
        two.first.later(seconds=5)
        two.send()

        assert (two.taken(order), two.told(order)) == ((1, 0), [])

    def test_what_a_worker_claimed_and_died_with(self, two, monkeypatch):
        order = two.order()
        monkeypatch.setattr("orders.delivery.dispatch._tries", lambda *_: iter(()))
        two.first.send()
        Run.objects.update(lease_until=PAST)
        reconcile.expire_leases(now=two.first.now)
        two.shut(two.first, enabled=False)

        hold_and_release(now=two.first.now)

        assert two.first.run(order).provider == two.first.provider

    def test_a_link_that_is_busy_there_is_busy_everywhere(self, two):
        order = two.order()
        two.trouble("error:You have active order with this link")

        two.send()

        assert (two.taken(order), two.first.run(order).provider) == ((0, 0), two.first.provider)

    def test_a_bad_link_is_bad_for_all_of_them(self, two):
        """R37: paid back at once, rather than refused by each in turn."""
        order = two.order(sim="error:Bad%20link")

        two.send()

        assert (two.first.fresh(order).status, two.second.arrived(order)) == ("failed", 0)


class TestNobody:
    def test_refused_by_every_route_is_a_complete_failure(self, two):
        """R37, decision 17, "refund.6.3"."""
        order = two.order()
        for upstream in (two.first, two.second):
            upstream.simulator.fault("error:Incorrect service ID")

        two.send()

        failed = two.first.fresh(order)
        assert (failed.status, failed.cause, failed.refunded) == ("failed", "failed", failed.charge)
        assert [attempt.submission for attempt in Attempt.objects.all()] == ["rejected"] * 2

    def test_refused_by_one_while_the_other_is_shut_it_waits_for_that_one(self, two):
        order = two.order()
        two.trouble("error:Incorrect service ID")
        two.shut(two.second, paused_at=PAST)

        two.send()
        hold_and_release(now=two.first.later(seconds=10))

        held = two.first.fresh(order)
        assert (held.status, held.held_reason, held.refunded) == ("held", "provider_paused", 0)
        providers.reopen(provider_id=two.second.provider.pk, by="staff:1", now=two.first.now)
        hold_and_release(now=two.first.now)
        two.send()
        assert two.taken(order) == (0, 1)

    @pytest.mark.parametrize(
        ("columns", "reason", "said"),
        [
            ({"enabled": False}, "no_provider", "switched off"),
            ({"paused_at": PAST, "paused_reason": "funds"}, "provider_paused", "takes no orders from us"),
            ({"opened_at": PAST}, "provider_silent", "does not answer"),
            ({"backoff_until": "2026-03-02T12:30Z"}, "provider_busy", "asked us to wait"),
        ],
    )
    def test_with_none_left_customer_and_staff_are_told_why(self, two, columns, reason, said):
        """R11: held with its reason, in plain words on its page, and among what needs a person."""
        order = two.order()
        for upstream in (two.first, two.second):
            two.shut(upstream, **columns)

        hold_and_release(now=two.first.now)
        hold_and_release(now=two.first.later(seconds=5))

        held = two.first.fresh(order)
        page = page_of(order_id=order.pk, user_id=order.user_id, now=two.first.now)
        assert (held.status, held.held_reason) == ("held", reason)
        assert said in wording.reason(page.explanation)
        assert "72 hours" in wording.reason(page.explanation)
        assert two.flags(order) == ["held"]
        (told,) = two.told(order)
        assert len(told["skipped"]) == 2

    def test_the_reason_that_is_told_follows_what_is_true(self, two):
        order = two.order()
        for upstream in (two.first, two.second):
            two.shut(upstream, opened_at=PAST)
        hold_and_release(now=two.first.now)
        for upstream in (two.first, two.second):
            two.shut(upstream, paused_at=PAST)

        hold_and_release(now=two.first.now)

        assert two.first.fresh(order).held_reason == "provider_paused"

    def test_whoever_is_back_first_takes_it_and_the_flag_is_closed(self, two):
        order = two.order()
        for upstream in (two.first, two.second):
            two.shut(upstream, paused_at=PAST)
        hold_and_release(now=two.first.now)
        providers.reopen(provider_id=two.second.provider.pk, by="staff:1", now=two.first.now)

        hold_and_release(now=two.first.now)
        two.send()

        assert (two.taken(order), two.flags(order)) == ((0, 1), [])
        assert Flag.objects.get(order=order).resolved_by == "system"

    def test_three_days_without_any_of_them_is_a_complete_failure(self, two):
        """R37: the hours count from when it first was due, whoever it waited for since."""
        order = two.order()
        two.shut(two.first, paused_at=PAST)
        two.shut(two.second, paused_at=PAST)
        for _ in range(73):
            hold_and_release(now=two.first.now)
            unsent.give_up_unsent(now=two.first.now)
            two.first.later(hours=1)
        hold_and_release(now=two.first.now)

        failed = two.first.fresh(order)
        assert (failed.status, failed.refunded, two.flags(order)) == ("failed", failed.charge, [])


@pytest.mark.django_db(transaction=True)
def test_moved_and_claimed_at_once_each_order_is_taken_once(connect, without_request_ids, with_request_ids):
    """Whoever has the order's lock decides; the other finds it gone or skips it."""
    two = TwoWays(connect(without_request_ids), connect(with_request_ids))
    orders = [two.order() for _ in range(24)]
    now = two.first.now

    def at(upstream) -> None:
        dispatch.send_due(provider_id=upstream.provider.pk, now=now)

    def shut_and_move() -> None:
        two.shut(two.first, enabled=False)
        hold_and_release(now=now)

    def alone(work) -> None:
        try:
            work()
        finally:
            connections.close_all()

    works = [partial(at, two.first), partial(at, two.second), shut_and_move, partial(hold_and_release, now=now)] * 2
    with ThreadPoolExecutor(len(works)) as threads:
        list(threads.map(alone, works))
    hold_and_release(now=two.first.later(seconds=5))
    two.send()

    assert {sum(two.taken(order)) for order in orders} == {1}
    assert set(Run.objects.values_list("state", flat=True)) == {"live"}


def test_six_hundred_orders_are_moved_in_two_transactions_and_none_is_left(two, django_assert_max_num_queries):
    """Architecture, sentence 6."""
    order = two.order()
    two.shut(two.first, enabled=False)
    copies = [order.pk] + [copy_of(order) for _ in range(600)]

    with django_assert_max_num_queries(50):
        hold_and_release(now=two.first.now)

    assert set(Run.objects.filter(order__in=copies).values_list("provider", flat=True)) == {two.second.provider.pk}


def copy_of(order: Order) -> int:
    run = Run.objects.filter(order_id=order.pk).order_by("pk").first()
    order = Order.objects.get(pk=order.pk)
    order.pk, order.request_key = None, None
    order.save(force_insert=True)
    run.pk, run.order = None, order
    run.save(force_insert=True)
    return order.pk


def lose(two: TwoWays) -> None:
    """Claim what is due at the first, and find nobody listening when it is sent."""
    claim = claim_wave(provider=two.first.provider, balance=None, now=two.first.now)
    nobody = adapter_for(ProviderFactory.build(api_url="http://127.0.0.1:1/api/v2"))
    outcomes = [(claimed, classify(nobody.add(claimed.request))) for claimed in claim.claimed]
    answers.record(provider_id=two.first.provider.pk, outcomes=outcomes, now=two.first.now)
    answers.learn(provider_id=two.first.provider.pk, said=[said for _, said in outcomes], now=two.first.now)
