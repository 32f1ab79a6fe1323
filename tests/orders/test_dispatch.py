"""Sending runs to a real simulated provider: at most one acceptance a run, whatever the answers are (reliability 2)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.delivery import answers, dispatch
from orders.delivery.claiming import claim_wave
from orders.delivery.waiting import wake_waiting
from orders.models import Attempt, Flag, LinkHold, Order, OrderEvent, Run, Switches, Wave
from orders.operations import providers
from orders.providers.classify import Classified
from policies.models import Decision
from policies.rules.vocabulary import Submission
from tests.past_the_guards import past_the_guards


def statuses_of(order: Order) -> list[str]:
    return list(OrderEvent.objects.filter(order=order).order_by("pk").values_list("status", flat=True))


def flags_of(order: Order) -> list[str]:
    return list(Flag.objects.filter(order=order, resolved_at=None).values_list("kind", flat=True))


class TestAccepted:
    def test_an_order_is_claimed_sent_followed_and_completed_without_anybody(self, upstream):
        """R9, R10: queued to completed with no staff action; an exact completion decides nothing (decision 24)."""
        order = upstream.order()

        assert upstream.send() == 1
        assert upstream.fresh(order).status == "processing"
        done = upstream.ended(order)

        assert (done.status, done.cause, done.refunded) == ("completed", "all_delivered", 0)
        assert (upstream.run(order).delivered, upstream.run(order).outcome) == (1000, "delivered")
        assert statuses_of(order) == ["queued", "submitting", "processing", "completed"]
        assert upstream.accepted(order) == 1
        assert not Decision.objects.exists()

    def test_waves_follow_one_another_until_nothing_is_due(self, upstream):
        """R12: as many at once as the provider takes, the longest due first, none left."""
        orders = [upstream.order() for _ in range(20)]

        assert upstream.send() == 20
        assert [wave.sent for wave in Wave.objects.order_by("pk")] == [8, 8, 4]
        assert {upstream.accepted(order) for order in orders} == {1}
        assert upstream.send() == 0

    def test_the_balance_before_and_after_is_evidence(self, upstream):
        """Reliability 2, rule 4: the difference is what the provider charged for the wave."""
        order = upstream.order()

        upstream.send()

        wave = Wave.objects.get()
        number = upstream.run(order).provider_order_id
        charged = Decimal(upstream.simulator.call("status", order=number)["charge"])
        assert wave.balance_before - wave.balance_after == charged
        assert not wave.void
        upstream.provider.refresh_from_db()
        assert (upstream.provider.balance, upstream.provider.currency) == (wave.balance_after, "USD")
        assert upstream.provider.request_ids

    def test_the_attempt_keeps_what_the_provider_said(self, upstream):
        order = upstream.order()

        upstream.send()

        attempt = Attempt.objects.get(run__order=order)
        assert (attempt.submission, attempt.provider_order_id) == ("accepted", upstream.run(order).provider_order_id)

    def test_an_id_that_another_run_has_proves_nothing(self, upstream):
        """Reliability 3, row 10: held and flagged, never linked twice."""
        first, second = upstream.order(), upstream.order()
        Run.objects.filter(order=second).update(due_at=upstream.now + timedelta(hours=1))
        upstream.send()
        upstream.simulator.fault("same_id")
        upstream.later(hours=2)

        upstream.send()

        assert upstream.run(first).state == "live"
        assert (upstream.fresh(second).status, flags_of(second)) == ("unknown", ["same_id"])


class TestDefiniteNo:
    def test_a_refused_link_ends_the_order_and_pays_everything_back(self, upstream):
        """R37: every route refused is a complete failure, "refund.6.3"; R9 without anybody."""
        order = upstream.order(sim="error:Bad%20link")
        before = upstream.balance()

        upstream.send()

        failed = upstream.fresh(order)
        assert (failed.status, failed.cause, failed.refunded) == ("failed", "failed", failed.charge)
        assert upstream.balance() - before == failed.charge
        assert Decision.objects.get().clause_refs == ["refund.6.3"]
        assert not LinkHold.objects.exists()

    def test_words_that_nobody_mapped_wait_for_a_person(self, upstream):
        """Reliability 2, rule 3: staff, and no refund yet."""
        order = upstream.order(sim="error:Computer%20says%20no")

        upstream.send()

        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("held", 0)
        assert flags_of(order) == ["unmapped"]
        assert Attempt.objects.get().detail == '{"error":"Computer says no"}'

    def test_a_provider_without_our_money_is_paused_and_no_customer_pays_for_it(self, upstream):
        """R32; reliability 3, row 8: provider paused, orders wait, no refund; a person opens it again."""
        order = upstream.order()
        upstream.simulator.fault("error:Not enough funds on balance")

        upstream.send()

        upstream.provider.refresh_from_db()
        assert upstream.provider.paused_reason == "funds"
        assert (upstream.fresh(order).status, upstream.fresh(order).refunded) == ("queued", 0)
        assert not LinkHold.objects.exists()  # it may stay closed for long: others need not wait behind it
        assert dispatch.providers_due(now=upstream.now) == []
        assert upstream.send() == 0

        providers.reopen(provider_id=upstream.provider.pk, by="staff:1", now=upstream.now)
        upstream.later(seconds=1)
        assert upstream.send() == 1
        assert upstream.accepted(order) == 1


class TestPoison:
    """Reliability 3, row 31: one that cannot be written keeps no other from it, in the claim or after the answers."""

    def test_an_order_whose_status_does_not_fit_is_flagged_and_the_wave_goes(self, upstream):
        poison, sound = upstream.order(), upstream.order()
        Order.objects.filter(pk=poison.pk).update(status="in_progress")  # nothing leads from there to submitting

        assert upstream.send() == 2

        assert (upstream.fresh(sound).status, flags_of(sound)) == ("processing", [])
        assert (upstream.fresh(poison).status, flags_of(poison)) == ("in_progress", ["odd_status"])
        assert (upstream.accepted(poison), upstream.run(poison).state) == (1, "live")

    def test_a_refused_order_that_cannot_be_ended_keeps_no_other_from_its_end(self, upstream):
        orders = [upstream.order(sim="error:Bad%20link") for _ in range(3)]
        poison = Order.objects.filter(pk=orders[0].pk)
        with past_the_guards():
            poison.update(refund_policy=orders[0].support_policy_id)  # which has no clause to cite

        upstream.send()

        assert [upstream.fresh(order).status for order in orders] == ["submitting", "failed", "failed"]
        assert flags_of(orders[0]) == ["settle_failed"]

    def test_answers_that_cannot_be_written_together_are_written_alone(self, upstream):
        poison, sound = upstream.order(), upstream.order()
        claim = claim_wave(provider=upstream.provider, balance=None, now=upstream.now)
        taken = Classified(Submission.ACCEPTED, "accepted", provider_order_id=1)
        numbers = {poison.pk: 2**64, sound.pk: 1}  # the database holds no such number
        outcomes = [(each, replace(taken, provider_order_id=numbers[each.order_id])) for each in claim.claimed]

        answers.record(provider_id=upstream.provider.pk, outcomes=outcomes, now=upstream.now)

        assert [upstream.fresh(order).status for order in (poison, sound)] == ["submitting", "processing"]


class TestLater:
    def test_too_many_requests_sends_it_again_after_the_time_asked_for(self, upstream):
        """Reliability 3, row 7."""
        order = upstream.order()
        upstream.simulator.fault("http_429:7")

        upstream.send()

        assert upstream.fresh(order).status == "queued"
        assert LinkHold.objects.get().order_id == order.pk  # a short wait: it keeps its place on the link
        upstream.later(seconds=6)
        assert upstream.send() == 0
        upstream.later(seconds=2)
        assert upstream.send() == 1
        assert (upstream.accepted(order), upstream.run(order).tries) == (1, 2)

    def test_a_link_busy_at_the_provider_delays_that_order_alone(self, upstream):
        busy, other = upstream.order(), upstream.order()
        Run.objects.filter(order=other).update(due_at=upstream.now + timedelta(seconds=1))
        upstream.simulator.fault("error:You have active order with this link. Please wait until order being completed.")

        upstream.send()
        upstream.later(seconds=2)
        upstream.send()

        assert [upstream.fresh(order).status for order in (busy, other)] == ["queued", "processing"]
        upstream.later(minutes=1)
        upstream.send()
        assert upstream.accepted(busy) == 1

    def test_a_provider_that_does_not_tell_its_balance_gets_no_order(self, upstream):
        """Reliability 3, row 9: the probe is a balance call, never an add; the pauses double."""
        order = upstream.order()
        upstream.simulator.fault("http_502", action="balance", next=3)

        waited = []
        for _ in range(3):
            upstream.send()
            upstream.provider.refresh_from_db()
            waited.append((upstream.provider.backoff_until - upstream.now).seconds)
            upstream.later(seconds=60)

        assert (upstream.arrived(order), upstream.run(order).tries) == (0, 0)
        assert waited == [1, 2, 4]
        assert upstream.send() == 1

    def test_a_provider_that_refuses_our_key_is_paused_before_any_order_is_tried(self, upstream):
        """Reliability 2, rule 3: key bad pauses the provider, orders stay queued."""
        order = upstream.order()
        upstream.provider.api_key = "not-the-key"
        upstream.provider.save(update_fields=["api_key"])

        upstream.send()

        upstream.provider.refresh_from_db()
        assert upstream.provider.paused_reason == "key"
        assert (upstream.fresh(order).status, upstream.arrived(order)) == ("queued", 0)


class TestWaiting:
    def test_the_second_order_on_a_link_waits_for_the_first_and_then_goes(self, upstream):
        """R18, decision 14: one live order a link and metric."""
        link = "https://instagram.com/p/shared"
        first, second = upstream.order(link=link), upstream.order(link="instagram.com/p/shared/?igsh=1")

        upstream.send()

        assert [upstream.fresh(order).status for order in (first, second)] == ["processing", "waiting"]
        wake_waiting(now=upstream.now)
        assert upstream.send() == 0
        upstream.ended(first)
        assert upstream.send() == 0  # freed, but not yet woken

        assert wake_waiting(now=upstream.now) == 1
        assert upstream.send() == 1
        assert upstream.ended(second).status == "completed"
        assert statuses_of(second) == ["queued", "waiting", "submitting", "processing", "completed"]

    def test_waiters_go_one_at_a_time_and_in_the_order_of_placing(self, upstream):
        link = "https://instagram.com/p/queue"
        orders = [upstream.order(link=link) for _ in range(3)]

        served = []
        for _ in orders:
            wake_waiting(now=upstream.now)
            upstream.send()
            live = [order for order in orders if upstream.fresh(order).status == "processing"]
            served += live
            upstream.ended(live[0])

        assert served == orders

    def test_other_metrics_of_the_same_link_do_not_wait(self, upstream):
        link = "https://instagram.com/p/both"
        followers = upstream.order(link=link)
        upstream.service.metric = "likes"
        upstream.service.save(update_fields=["metric"])
        likes = upstream.order(link=link)

        upstream.send()

        assert {upstream.fresh(order).status for order in (followers, likes)} == {"processing"}

    def test_staff_hear_of_an_order_that_waits_for_a_day(self, upstream):
        link = "https://instagram.com/p/long"
        upstream.order(link=link)
        waiter = upstream.order(link=link)
        upstream.send()

        wake_waiting(now=upstream.later(hours=23))
        assert flags_of(waiter) == []
        wake_waiting(now=upstream.later(hours=1, minutes=1))
        wake_waiting(now=upstream.now)

        assert flags_of(waiter) == ["waiting_long"]


class TestParts:
    """R16 to R18, "refund.4.2": parts are evenly spaced, also after time in which nothing was sent."""

    @pytest.fixture(autouse=True)
    def in_parts(self, upstream):
        upstream.service.run_size, upstream.service.run_interval_minutes = 100, 30
        upstream.service.save(update_fields=["run_size", "run_interval_minutes"])

    def claimed(self, upstream) -> list[int]:
        claim = claim_wave(provider=upstream.provider, balance=None, now=upstream.now)
        return sorted(each.order_id for each in claim.claimed)

    def due(self, upstream, order) -> list[float]:
        """Minutes from now until each part that was not sent."""
        times = Run.objects.filter(order=order, state="queued").order_by("number").values_list("due_at", flat=True)
        return [(at - upstream.now) / timedelta(minutes=1) for at in times]

    def test_what_fell_due_while_nothing_ran_goes_one_by_one(self, upstream):
        """Decision 16: a process that stood still for hours makes no spike, and loses nothing."""
        order = upstream.order(quantity=500)
        assert self.claimed(upstream) == [order.pk]

        upstream.later(hours=5)
        assert self.claimed(upstream) == [order.pk]
        assert self.due(upstream, order) == [30, 60, 90]
        assert self.claimed(upstream) == []
        upstream.later(minutes=29)
        assert self.claimed(upstream) == []

        sent = []
        for _ in range(4):
            upstream.later(minutes=30)
            sent += self.claimed(upstream)
        assert sent == [order.pk] * 3
        assert self.due(upstream, order) == []

    def test_a_first_part_that_went_late_moves_the_others(self, upstream):
        order = upstream.order(quantity=300)
        upstream.later(minutes=20)

        assert self.claimed(upstream) == [order.pk]
        assert self.due(upstream, order) == [30, 60]

    def test_a_part_that_goes_on_time_leaves_the_plan_alone(self, upstream):
        order = upstream.order(quantity=300)
        upstream.later(seconds=90)

        assert self.claimed(upstream) == [order.pk]
        assert self.due(upstream, order) == [28.5, 58.5]

    def test_late_orders_are_spaced_together(self, upstream, django_assert_max_num_queries):
        """One order's late parts take no other order's turn, and cost no query of their own."""
        orders = [upstream.order(quantity=500)]
        with CaptureQueriesContext(connection) as one:
            self.claimed(upstream)
        orders += [upstream.order(quantity=500) for _ in range(4)]

        upstream.later(hours=5)
        with django_assert_max_num_queries(len(one)):
            first = self.claimed(upstream)
        second = self.claimed(upstream)

        assert sorted([*first, *second]) == [order.pk for order in orders]
        assert [self.due(upstream, order) for order in orders] == [[30, 60, 90], *[[30, 60, 90, 120]] * 4]


class TestSwitches:
    def test_stopped_dispatch_sends_nothing_and_loses_nothing(self, upstream):
        """Decision 29."""
        order = upstream.order()
        Switches.objects.update_or_create(defaults={"stop_dispatch": True})

        assert dispatch.providers_due(now=upstream.now) == []
        assert upstream.send() == 0

        Switches.objects.update(stop_dispatch=False)
        assert upstream.send() == 1
        assert upstream.accepted(order) == 1

    @pytest.mark.parametrize("column", [{"enabled": False}, {"paused_at": "2026-03-02T12:00Z"}])
    def test_a_provider_that_is_not_open_gets_nothing(self, upstream, column):
        upstream.order()
        type(upstream.provider).objects.update(**column)

        assert dispatch.providers_due(now=upstream.now) == []
        assert upstream.send() == 0
