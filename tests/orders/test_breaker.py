"""A provider's health: the breaker that all workers share, its probe, and how much is sent how fast (R12, R31, R32)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Alarm, Outgoing
from orders.delivery import answers, dispatch
from orders.delivery.claiming import claim_wave
from orders.delivery.holding import hold_and_release
from orders.models import Flag, Provider, Route, Run, Wave
from orders.operations import providers
from orders.providers.classify import Classified
from orders.reading.overdue import oldest_unsent
from policies.rules.vocabulary import Submission
from smmpanel.tasks import work
from tests.factories import ServiceFactory

ALARMED = "owner@example.test"


def now_of(upstream) -> Provider:
    return Provider.objects.get(pk=upstream.provider.pk)


def state_of(upstream) -> str:
    provider = now_of(upstream)
    if provider.opened_at is None:
        return "closed"
    return "open" if provider.backoff_until > upstream.now else "half open"


def calls(upstream) -> tuple[int, int]:
    """How many `add` and `balance` calls the provider has counted."""
    counted = upstream.simulator.watch()["requests"]
    return counted.get("add", 0), counted.get("balance", 0)


def alarms() -> "QuerySet[Outgoing]":
    return Outgoing.objects.filter(key__startswith="alarm:provider:")


def alarm() -> Outgoing:
    """The one that there is."""
    return alarms().get()


def opened(upstream) -> None:
    providers.fail(provider_id=upstream.provider.pk, times=providers.OPENS_AFTER, now=upstream.now)


class TestOpens:
    def test_after_five_balance_calls_in_a_row_that_came_to_nothing(self, upstream, settings):
        """Reliability 3, row 9, and staff are told once."""
        settings.ALARM_EMAIL = ALARMED
        upstream.order()
        upstream.simulator.fault("http_502", action="balance", next=5)

        states = []
        for _ in range(5):
            upstream.send()
            states.append(state_of(upstream))
            upstream.later(seconds=30)

        assert states == ["closed"] * 4 + ["open"]
        assert alarm().subject == f"{upstream.provider.name} does not answer"
        upstream.later(seconds=60)
        upstream.send()
        assert not Alarm.objects.filter(key__startswith="provider:", cleared_at=None).exists()  # it took the order

    def test_on_unclear_answers_before_a_whole_queue_becomes_unknown(self, upstream):
        """Each of them costs a person an hour: eight are tried, and none of the other twelve."""
        for _ in range(20):
            upstream.order()
        upstream.simulator.fault("http_500", accepted=0, next=20)

        upstream.send()

        assert state_of(upstream) == "open"
        assert Run.objects.filter(state="unknown").count() == 8
        assert Run.objects.filter(state="queued").count() == 12

    def test_not_while_somebody_there_takes_something(self, upstream):
        """A wave of which one came through is an answer."""
        for _ in range(8):
            upstream.order()
        upstream.simulator.fault("http_500", accepted=0, next=7)

        upstream.send()

        assert (state_of(upstream), now_of(upstream).failures) == ("closed", 0)

    @pytest.mark.parametrize("words", ["Bad link", "Computer says no", "You have active order with this link"])
    def test_not_on_a_definite_no(self, upstream, words):
        for _ in range(8):
            upstream.order()
        upstream.simulator.fault(f"error:{words}", next=8)

        upstream.send()

        assert (state_of(upstream), now_of(upstream).failures) == ("closed", 0)

    def test_for_all_workers_at_once(self, upstream):
        """It lies in the database: whoever looks next sends nothing."""
        upstream.order()
        opened(upstream)

        assert dispatch.providers_due(now=upstream.now) == []
        assert (upstream.send(), calls(upstream)) == (0, calls(upstream))


class TestHalfOpen:
    @pytest.fixture
    def open_one(self, upstream):
        opened(upstream)
        return upstream

    def test_one_balance_call_probes_it_and_never_an_order(self, open_one):
        order = open_one.order()
        open_one.simulator.fault("html", action="balance", next=1)
        before = calls(open_one)
        open_one.later(seconds=61)
        assert state_of(open_one) == "half open"

        assert open_one.send() == 0

        assert [after - was for after, was in zip(calls(open_one), before, strict=True)] == [0, 1]
        assert (open_one.arrived(order), state_of(open_one)) == (0, "open")

    def test_it_is_probed_also_with_nothing_to_send(self, open_one):
        """Else what was held or went elsewhere would never come back."""
        assert dispatch.providers_due(now=open_one.now) == []
        open_one.later(seconds=61)

        assert dispatch.providers_due(now=open_one.now) == [open_one.provider.pk]
        open_one.send()

        assert state_of(open_one) == "closed"
        assert dispatch.providers_due(now=open_one.now) == []

    def test_each_failed_probe_doubles_the_wait_up_to_ten_minutes(self, open_one):
        open_one.simulator.fault("html", action="balance", next=6)

        waited = []
        for _ in range(6):
            waited.append((now_of(open_one).backoff_until - open_one.now).seconds)
            open_one.now = now_of(open_one).backoff_until
            open_one.send()

        assert waited == [60, 120, 240, 480, 600, 600]

    def test_an_answered_probe_lets_one_order_go_and_then_the_others(self, open_one):
        orders = [open_one.order() for _ in range(9)]
        open_one.later(seconds=61)

        assert open_one.send() == 9

        assert [wave.sent for wave in Wave.objects.order_by("pk")] == [1, 8]
        assert (state_of(open_one), now_of(open_one).failures) == ("closed", 0)
        assert {open_one.accepted(order) for order in orders} == {1}

    def test_one_that_tells_its_balance_and_takes_nothing_opens_again_at_the_first_order(self, open_one):
        for _ in range(9):
            open_one.order()
        open_one.simulator.fault("http_500", accepted=0, next=9)
        open_one.later(seconds=61)

        open_one.send()

        assert state_of(open_one) == "open"
        assert Run.objects.filter(state="unknown").count() == 1
        assert (now_of(open_one).backoff_until - open_one.now).seconds >= 120

    def test_a_person_who_opens_it_ends_the_wait(self, open_one):
        order = open_one.order()

        providers.reopen(provider_id=open_one.provider.pk, by="staff:1", now=open_one.now)
        open_one.send()

        assert open_one.accepted(order) == 1


class TestPaused:
    @pytest.mark.parametrize(
        ("words", "reason"), [("Not enough funds on balance", "funds"), ("Your account is suspended", "account")]
    )
    def test_staff_are_told_once_what_is_to_be_mended(self, upstream, settings, words, reason):
        """R32: our money or our account there is our business, and no customer's."""
        settings.ALARM_EMAIL = ALARMED
        for _ in range(3):
            upstream.order()
        upstream.simulator.fault(f"error:{words}", next=3)

        upstream.send()

        assert now_of(upstream).paused_reason == reason
        assert alarm().subject == f"{upstream.provider.name} is paused: {providers.WHY_PAUSED[reason]}"
        providers.reopen(provider_id=upstream.provider.pk, by="staff:3", now=upstream.now)
        assert Alarm.objects.get(key__startswith="provider:").cleared_by == "staff:3"

    def test_a_refused_key_is_found_by_the_probe(self, upstream, settings):
        settings.ALARM_EMAIL = ALARMED
        order = upstream.order()
        Provider.objects.update(api_key="wrong")

        upstream.send()

        assert (now_of(upstream).paused_reason, upstream.arrived(order)) == ("key", 0)
        assert "refuses our key" in alarm().subject

    def test_a_pause_by_staff_is_no_news_to_them(self, upstream, settings):
        settings.ALARM_EMAIL = ALARMED

        providers.pause(provider_id=upstream.provider.pk, reason="They changed owners", now=upstream.now)
        providers.shut(provider_id=upstream.provider.pk, problem="funds", now=upstream.now)

        assert now_of(upstream).paused_reason == "They changed owners"
        assert not alarms().exists()


class TestHowFast:
    def test_no_more_in_a_minute_than_it_takes(self, upstream):
        orders = [upstream.order() for _ in range(12)]
        Provider.objects.update(sends_per_minute=5)

        sent = []
        for _ in range(6):
            sent.append(upstream.send())
            upstream.later(seconds=21)

        assert sent == [5, 0, 0, 5, 0, 0]
        assert upstream.send() == 2
        assert {upstream.accepted(order) for order in orders} == {1}

    def test_nothing_is_asked_while_the_minute_is_used_up(self, upstream):
        upstream.order()
        upstream.order()
        Provider.objects.update(sends_per_minute=1)
        upstream.send()
        before = calls(upstream)

        assert upstream.send() == 0
        assert calls(upstream) == before

    @pytest.mark.parametrize("action", ["add", "balance"])
    def test_the_wait_that_it_asks_for_is_kept_and_opens_no_breaker(self, upstream, action):
        """Reliability 3, row 7: 429 with Retry-After, to whichever call."""
        order = upstream.order()
        upstream.simulator.fault("http_429:90", action=action)

        upstream.send()

        provider = now_of(upstream)
        assert timedelta(seconds=90) <= provider.backoff_until - upstream.now < timedelta(seconds=95)
        assert (provider.failures, provider.opened_at) == (0, None)
        assert dispatch.providers_due(now=upstream.later(seconds=89)) == []
        upstream.later(seconds=8)
        assert (upstream.send(), upstream.accepted(order)) == (1, 1)

    def test_later_without_a_time_waits_longer_each_time(self, upstream):
        upstream.order()
        said = [Classified(Submission.NOT_ACCEPTED, "too_many_requests")] * 8

        waited = []
        for _ in range(4):
            answers.learn(provider_id=upstream.provider.pk, said=said, now=upstream.now)
            waited.append((now_of(upstream).backoff_until - upstream.now).seconds)

        assert waited == [1, 2, 4, 8]


class TestCapacity:
    """R12: runs beyond what a provider's service has at once wait, first come, first served, and none is lost."""

    def limit(self, upstream, runs: int) -> None:
        Route.objects.filter(provider=upstream.provider).update(capacity=runs)

    def test_one_more_goes_for_each_that_ends(self, upstream):
        orders = [upstream.order() for _ in range(7)]
        self.limit(upstream, 3)

        served: list[int] = []
        while len(served) < 7:
            upstream.send()
            live = [order for order in orders if upstream.fresh(order).status == "processing"]
            assert len(live) <= 3
            served += [order.pk for order in live]
            upstream.ended(live[0])
            for order in live[1:]:
                upstream.ended(order)

        assert served == [order.pk for order in orders]
        assert {upstream.accepted(order) for order in orders} == {1}

    def test_unknowns_count_since_they_may_be_there(self, upstream):
        first, second = upstream.order(sim="drop"), upstream.order()
        self.limit(upstream, 1)

        upstream.send()
        upstream.send()

        assert (upstream.run(first).state, upstream.run(second).state) == ("unknown", "queued")

    def test_a_full_service_keeps_nobody_from_another_one(self, upstream):
        """Ten wait before it in the same queue, and the provider takes eight calls at once."""
        crowd = [upstream.order(quantity=50_000) for _ in range(11)]
        self.limit(upstream, 1)
        upstream.service = ServiceFactory(routed=False)
        Route.objects.create(service=upstream.service, provider=upstream.provider, provider_service="1002")
        other = upstream.order()

        upstream.send()

        assert upstream.accepted(other) == 1
        assert [upstream.accepted(order) for order in crowd] == [1] + [0] * 10

    def test_who_waits_for_room_takes_no_link_and_costs_no_call(self, upstream):
        upstream.order(quantity=50_000)
        self.limit(upstream, 1)
        upstream.send()
        waiting = upstream.order()
        before = calls(upstream)

        assert upstream.send() == 0

        assert calls(upstream) == before
        assert not waiting.link_holds.exists()
        hold_and_release(now=upstream.later(seconds=5))
        assert upstream.fresh(waiting).status == "queued"  # a delay is no failure
        assert oldest_unsent(now=upstream.later(hours=1)) is None  # and no neglect

    def test_a_claim_never_takes_more_than_there_is_room_for(self, upstream):
        for _ in range(5):
            upstream.order()
        self.limit(upstream, 2)

        claim = claim_wave(provider=upstream.provider, balance=None, now=upstream.now)

        assert len(claim.claimed) == 2
        assert not claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed

    def test_without_counting_it_would(self, upstream, monkeypatch):
        """The control."""
        for _ in range(5):
            upstream.order()
        self.limit(upstream, 2)
        monkeypatch.setattr("orders.operations.routing.rooms", lambda *_: {})

        assert len(claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed) == 5


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_hangs_delays_no_other(connect, with_request_ids, without_request_ids):
    """Decision 12: a lease and a message for each; the slow one is still waiting when the other's order is taken."""
    slow, quick = connect(with_request_ids), connect(without_request_ids)
    slow.simulator.fault("late:1.5")
    held, gone = slow.order(), quick.order()

    def at(upstream) -> object:
        try:
            work(name="dispatch", part=upstream.provider.pk)
            return timezone.now()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as workers:
        ends = [workers.submit(at, upstream) for upstream in (slow, quick)]
        waited, went = (end.result(30) for end in ends)

    assert went < waited
    assert (quick.accepted(gone), slow.run(held).tries) == (1, 1)


def test_what_a_customer_calls_a_link_closes_no_provider(upstream):
    """Its provider repeats the link in a refusal that nobody mapped: a person has the order, the others go on."""
    order = upstream.order(link="https://instagram.com/p/not_enough_funds")
    upstream.simulator.fault(f"error:Not allowed - {order.link}")

    upstream.send()

    assert Provider.objects.get().paused_at is None
    assert (upstream.run(order).state, Flag.objects.get().kind) == ("parked", "unmapped")
