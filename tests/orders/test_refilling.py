"""Refills: asked for by the rule, one at a time, told by their provider, and paying nothing back (R41 to R45)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.utils import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from orders.delivery import leases, refilling
from orders.models import Order, OrderEvent, ProviderLease, Refill, RefillCall, Service
from orders.operations import refilling as operations
from orders.operations.refilling import NotNow, request_refill
from policies.models import Decision
from tests.factories import CustomerFactory
from tests.past_the_guards import past_the_guards
from tests.simulator.conftest import Simulator

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def sold(upstream) -> None:
    Service.objects.update(refill=True, refill_days=30, refill_max=3)


@pytest.fixture
def completed(upstream) -> Order:
    """An order that ended two days ago by the panel's clock, and by the simulator's."""
    order = upstream.order(quantity=100)
    upstream.send()
    ended = upstream.ended(order)
    assert ended.status == "completed"
    upstream.later(days=2)
    return ended


def asked(upstream, order) -> Refill:
    return Refill.objects.get(pk=request_refill(user_id=order.user_id, order_id=order.pk, now=upstream.now))


def ask(upstream) -> int:
    return refilling.ask(provider_id=upstream.provider.pk, now=upstream.now)


def refused(upstream, order) -> str:
    with pytest.raises(NotNow) as why:
        asked(upstream, order)
    return str(why.value)


@pytest.fixture
def hasty(connect, tmp_path):
    """A provider for whom a day is over in no time."""
    simulator = Simulator(tmp_path, "--speed-up", "10000000")
    yield connect(simulator)
    simulator.stop()


def test_a_provider_is_asked_and_followed_until_it_is_done(hasty):
    Service.objects.filter(pk=hasty.service.pk).update(refill=True, refill_days=30)
    order = hasty.order(quantity=100)
    hasty.send()
    hasty.ended(order)
    hasty.later(days=2)
    refill = asked(hasty, order)

    assert ask(hasty) == 1
    assert (Refill.objects.get().state, RefillCall.objects.get().number) == ("under_way", 1)
    assert ask(hasty) == 0  # it is looked at again in ten minutes
    hasty.later(seconds=refilling.FOLLOW_SECONDS)
    assert ask(hasty) == 1

    refill.refresh_from_db()
    assert (refill.state, refill.ended_at) == ("completed", hasty.now)


class TestAsked:
    def test_its_provider_takes_it_and_says_when_it_is_done(self, upstream, completed):
        """R42."""
        before = upstream.balance()
        refill = asked(upstream, completed)
        decided = Decision.objects.get(rule="refills.decide_refill")
        assert (refill.state, decided.outcome, decided.clause_refs) == ("asked", "refill", ["refund.8.1"])

        heard(refill, "under_way", upstream.now, number=7)
        assert Refill.objects.get().state == "under_way"
        heard(refill, "completed", upstream.now)

        refill.refresh_from_db()
        assert (refill.state, refill.ended_at) == ("completed", upstream.now)
        kinds = list(OrderEvent.objects.filter(kind__startswith="refill").order_by("pk").values_list("kind", flat=True))
        assert kinds == ["refill_asked", "refill_completed"]
        assert (upstream.balance(), upstream.fresh(completed).status) == (before, "completed")

    def test_a_provider_s_no_ends_it_with_its_words_and_pays_nothing(self, upstream, completed):
        """R44: a try may fail."""
        refill = asked(upstream, completed)

        assert ask(upstream) == 1  # the simulator's own day is not over

        refill.refresh_from_db()
        assert (refill.state, upstream.fresh(completed).refunded) == ("rejected", 0)
        said = OrderEvent.objects.get(kind="refill_rejected")
        assert (said.public, "less than 24 hours ago" in said.facts["said"]) == (True, True)

    @pytest.mark.parametrize("trouble", ["http_500", "html", "drop", "garbage", "wrong_shape"])
    def test_without_an_answer_it_is_asked_again_and_then_given_up(self, upstream, completed, trouble):
        refill = asked(upstream, completed)
        upstream.simulator.fault(trouble, action="refill", rate=1)
        for _ in range(refilling.MOST_TRIES):
            assert Refill.objects.get().state == "asked"
            ask(upstream)
            upstream.later(hours=2)

        refill.refresh_from_db()
        assert (refill.state, RefillCall.objects.get().tries) == ("failed", refilling.MOST_TRIES)
        upstream.simulator.control(reset=True)

    def test_one_whose_answer_was_lost_is_never_called_refused(self, upstream, completed):
        """The second time it is told no, since the first was taken: nobody can follow it."""
        asked(upstream, completed)
        upstream.simulator.fault("drop", action="refill")
        ask(upstream)
        upstream.later(hours=1)

        ask(upstream)

        assert Refill.objects.get().state == "failed"
        assert "was lost" in RefillCall.objects.get().said

    def test_it_is_not_asked_twice_within_its_wait(self, upstream, completed):
        asked(upstream, completed)
        upstream.simulator.fault("html", action="refill")
        ask(upstream)

        assert (ask(upstream), refilling.providers_due(now=upstream.now)) == (0, [])
        upstream.later(seconds=refilling.FIRST_WAIT_SECONDS)
        assert refilling.providers_due(now=upstream.now) == [upstream.provider.pk]

    def test_two_workers_never_ask_at_once(self, upstream, completed):
        asked(upstream, completed)

        with leases.held(provider_id=upstream.provider.pk, work=ProviderLease.Work.REFILL):
            assert (refilling.providers_due(now=upstream.now), ask(upstream)) == ([], 0)

        assert ask(upstream) == 1


def heard(refill: Refill, state: str, now, *, number: int | None = None, said: str = "") -> None:
    call = refill.calls.get()
    operations.hear(heard={call.pk: (operations.RefillState(state), number, said)}, now=now)


class TestRefused:
    """Orders c.4, in its order."""

    @pytest.mark.parametrize(
        ("columns", "finding"),
        [
            ({"refill": False}, "refill_not_sold"),
            ({"status": "in_progress", "ended_at": None, "cause": ""}, "refill_before_completion"),
            ({"status": "partial"}, "refill_of_unfinished"),
            ({"refunded": "0.01"}, "refill_of_refunded"),
        ],
    )
    def test_by_what_the_order_is(self, upstream, completed, columns, finding):
        with past_the_guards():
            Order.objects.filter(pk=completed.pk).update(**columns)

        assert refused(upstream, completed) == finding

    @pytest.mark.parametrize(("seconds", "inside"), [(-1, True), (0, True), (1, False)])
    def test_the_last_second_of_its_period_is_inside(self, upstream, completed, seconds, inside):
        upstream.now = completed.ended_at + 30 * DAY + timedelta(seconds=seconds)

        assert asked(upstream, completed) if inside else refused(upstream, completed) == "refill_period_over"

    @pytest.mark.parametrize(("seconds", "free"), [(-1, False), (0, True), (1, True)])
    def test_a_day_after_completion_it_may_be_asked_for(self, upstream, completed, seconds, free):
        upstream.now = completed.ended_at + DAY + timedelta(seconds=seconds)

        assert asked(upstream, completed) if free else refused(upstream, completed) == "refill_too_soon"

    def test_one_at_a_time_and_a_day_after_the_last(self, upstream, completed):
        first = asked(upstream, completed)
        assert refused(upstream, completed) == "refill_under_way"
        heard(first, "rejected", upstream.now, said="No drop")
        assert refused(upstream, completed) == "refill_too_soon"
        upstream.later(days=1)

        assert asked(upstream, completed).pk != first.pk

    def test_as_many_as_were_sold(self, upstream, completed):
        for _ in range(3):
            heard(asked(upstream, completed), "completed", upstream.now)
            upstream.later(days=1)

        assert refused(upstream, completed) == "refill_tries_used"

    def test_what_staff_delivered_is_for_support(self, upstream, completed):
        type(upstream.provider).objects.update(adapter="manual", api_url="")

        assert refused(upstream, completed) == "refill_by_support"

    def test_a_refusal_is_kept_once_while_nothing_changes(self, upstream, completed):
        with past_the_guards():
            Order.objects.filter(pk=completed.pk).update(refill=False)
        for _ in range(3):
            refused(upstream, completed)
            upstream.later(minutes=1)

        kept = Decision.objects.get(rule="refills.decide_refill")
        assert (kept.outcome, kept.clause_refs, kept.amount) == ("refuse", ["refund.8.2"], None)

    def test_what_is_not_theirs_is_not_there(self, upstream, completed):
        with pytest.raises(Order.DoesNotExist):
            request_refill(user_id=CustomerFactory().pk, order_id=completed.pk, now=upstream.now)


@pytest.mark.django_db(transaction=True)
class TestRaced:
    def race(self, upstream, order) -> list[object]:
        start = Barrier(8)

        def begin(_: int) -> object:
            try:
                start.wait(10)
                return request_refill(user_id=order.user_id, order_id=order.pk, now=upstream.now)
            except (NotNow, IntegrityError) as no:
                return type(no)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(begin, range(8)))

    def test_eight_at_once_are_one_refill(self, upstream, completed):
        said = self.race(upstream, completed)

        assert said.count(NotNow) == 7
        assert Refill.objects.count() == RefillCall.objects.count() == 1

    def test_without_the_lock_the_database_still_keeps_one(self, upstream, completed, monkeypatch):
        """The control: it is the constraint that says no then, with an error."""
        monkeypatch.setattr(operations.statuses, "lock", lambda ids: Order.objects.filter(pk__in=ids))

        said = self.race(upstream, completed)

        assert IntegrityError in said
        assert Refill.objects.count() == 1

    def test_the_database_refuses_a_second_open_one(self, upstream, completed):
        asked(upstream, completed)

        with pytest.raises(IntegrityError), transaction.atomic():
            Refill.objects.create(order=completed, asked_at=upstream.now, asked_by="customer:1")


class TestPage:
    @pytest.fixture(autouse=True)
    def for_life(self, sold) -> None:
        """The pages go by the clock of today."""
        Service.objects.update(refill_days=0)

    @pytest.fixture
    def browser(self, upstream) -> Client:
        client = Client()
        client.force_login(upstream.customer)
        return client

    def page(self, browser, order) -> str:
        return browser.get(reverse("orders:detail", args=[order.pk])).content.decode()

    def test_it_offers_a_refill_and_asks_for_it(self, upstream, completed, browser):
        assert 'id="refill"' in self.page(browser, completed)

        answer = browser.post(reverse("orders:refill", args=[completed.pk]), follow=True).content.decode()

        assert "We are asking the provider for a refill" in answer
        assert "A refill was asked for." in answer
        assert "A refill is under way." in answer

    def test_where_there_is_none_it_says_why(self, upstream, completed, browser):
        """R43."""
        with past_the_guards():
            Order.objects.filter(pk=completed.pk).update(refill=False)

        page = self.page(browser, completed)

        assert 'id="refill"' not in page
        assert "sold without a refill" in page
        answer = browser.post(reverse("orders:refill", args=[completed.pk]), follow=True).content.decode()
        assert "sold without a refill" in answer


class TestApi:
    @pytest.fixture(autouse=True)
    def for_life(self, sold) -> None:
        Service.objects.update(refill_days=0)

    def call(self, upstream, **params: Any) -> Any:
        _, key = keys.create_key(user_id=upstream.customer.pk, label="", now=timezone.now())
        return Client().post("/api/v2", {"key": key, **params}).json()

    def test_of_one_its_number_is_a_text_and_of_several_a_number(self, upstream, completed):
        other = upstream.order(quantity=100)

        many = self.call(upstream, action="refill", orders=f"{completed.pk},{other.pk},9")

        refill = Refill.objects.get()
        assert many == [
            {"order": completed.pk, "refill": refill.pk},
            {"order": other.pk, "refill": {"error": "The order is not completed"}},
            {"order": 9, "refill": {"error": "Incorrect order ID"}},
        ]
        assert self.call(upstream, action="refill", order=completed.pk) == {
            "error": "The order was completed or refill was requested less than 24 hours ago"
        }
        Refill.objects.all().delete()
        assert self.call(upstream, action="refill", order=completed.pk) == {"refill": str(Refill.objects.get().pk)}

    def test_how_far_it_is(self, upstream, completed):
        refill = asked(upstream, completed)

        assert self.call(upstream, action="refill_status", refill=refill.pk) == {"status": "Pending"}
        heard(refill, "under_way", upstream.now, number=3)
        assert self.call(upstream, action="refill_status", order=completed.pk) == {"status": "In progress"}
        heard(refill, "rejected", upstream.now)
        assert self.call(upstream, action="refill_status", refills=f"{refill.pk},999999,x") == [
            {"refill": refill.pk, "status": "Rejected"},
            {"refill": 999999, "status": {"error": "Refill not found"}},
            {"refill": "x", "status": {"error": "Refill not found"}},
        ]
        assert self.call(upstream, action="refill_status", refill=0) == {"error": "Refill not found"}
