"""Orders that staff deliver: taken, reported and finished through the same claims and rules as any other (R9)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections

from orders.delivery import by_hand, dispatch, poll, unsent
from orders.delivery.holding import hold_and_release
from orders.delivery.waiting import wake_waiting
from orders.models import Delivery, Flag, Handling, LinkHold, Order, OrderEvent, Provider, Route, Run, Sample
from orders.operations import providers
from orders.reading.overdue import oldest_look
from orders.reading.page import page_of
from policies import wording
from policies.models import Decision
from tests.factories import NOON, OrderFactory, ProviderFactory, ServiceFactory
from tests.orders.two_ways import TwoWays

pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/p/by-hand"


@pytest.fixture
def service():
    return ServiceFactory(routed=ProviderFactory(adapter="manual", api_url="", name="Our team"))


@pytest.fixture
def order(service) -> Order:
    return OrderFactory(service=service, at=NOON)


def run_of(order) -> Run:
    return Run.objects.get(order=order)


def fresh(order) -> Order:
    return Order.objects.get(pk=order.pk)


def take(order, actor="staff:7"):
    by_hand.take(run_id=run_of(order).pk, actor=actor, now=NOON)


def report(order, delivered, start_count=None):
    by_hand.report(
        run_id=run_of(order).pk, delivered=delivered, start_count=start_count, actor="staff:7", reason="seen", now=NOON
    )


def finish(order, delivered, start_count=None):
    by_hand.finish(
        run_id=run_of(order).pk, delivered=delivered, start_count=start_count, actor="staff:7", reason="seen", now=NOON
    )


class TestListed:
    def test_nobody_is_called_and_staff_are_told_once(self, order):
        """R9: a manual order is flagged."""
        assert dispatch.providers_due(now=NOON) == []
        assert dispatch.send_due(provider_id=run_of(order).provider_id, now=NOON) == 0
        hold_and_release(now=NOON)
        hold_and_release(now=NOON)

        assert Flag.objects.get(order=order).kind == "by_hand"
        assert (fresh(order).status, run_of(order).state) == ("queued", "queued")

    def test_its_page_says_that_a_person_delivers_it(self, order):
        page = page_of(order_id=order.pk, user_id=order.user_id, now=NOON)

        assert (page.by_hand, page.explanation.finding) == (True, "status_queued_by_hand")
        assert "member of our staff" in wording.reason(page.explanation)

    def test_a_paused_one_holds_its_orders_like_any_other(self, order):
        providers.pause(provider_id=run_of(order).provider_id, reason="on holiday", now=NOON)

        hold_and_release(now=NOON)

        assert (fresh(order).status, fresh(order).held_reason) == ("held", "provider_paused")

    def test_what_nobody_has_taken_yet_does_not_fail(self, order):
        """R12: it waits, and staff have its flag."""
        for hour in range(80):
            unsent.give_up_unsent(now=NOON + timedelta(hours=hour))

        assert fresh(order).status == "queued"

    def test_without_an_address_only_staff_can_deliver(self):
        """The database refuses the other thing."""
        with pytest.raises(IntegrityError, match="provider_is_called_at_an_address_or_by_hand"):
            ProviderFactory(adapter="api_v2", api_url="")


class TestDelivered:
    def test_from_the_queue_to_completed(self, order):
        take(order)
        assert (fresh(order).status, Handling.objects.get().taken_by) == ("processing", "staff:7")
        assert LinkHold.objects.get().order_id == order.pk

        report(order, 400, start_count=1200)
        assert fresh(order).status == "in_progress"
        finish(order, 1000)

        done, run = fresh(order), run_of(order)
        assert (done.status, done.cause, done.refunded) == ("completed", "all_delivered", 0)
        assert (run.delivered, run.start_count, run.outcome) == (1000, 1200, "delivered")
        assert not Delivery.objects.exists()
        assert not LinkHold.objects.exists()
        assert not Decision.objects.exists()

    def test_ended_short_it_pays_back_what_the_rule_says(self, order):
        """R38, "refund.7.3": by the rule that reads providers' reports, and the operation that settles them."""
        take(order)

        finish(order, 843)

        short = fresh(order)
        assert (short.status, short.cause) == ("partial", "provider_ended")
        assert short.refunded == short.charge * 157 / 1000
        assert Decision.objects.get().clause_refs == ["refund.7.3"]

    def test_a_minor_difference_is_none(self, order):
        """R40, "refund.7.2"."""
        take(order)

        finish(order, 985)

        assert (fresh(order).status, fresh(order).refunded) == ("completed", 0)

    def test_nothing_delivered_pays_everything_back(self, order):
        take(order)

        finish(order, 0)

        assert (fresh(order).status, fresh(order).refunded) == ("canceled", order.charge)

    def test_a_package_is_all_or_nothing(self, service):
        service.type = "Package"
        service.min_quantity = 1
        service.save(update_fields=["type", "min_quantity"])
        whole, none = (OrderFactory(service=service, quantity=1, at=NOON) for _ in range(2))
        take(whole)
        take(none)

        finish(whole, 1)
        finish(none, 0)

        assert [fresh(each).status for each in (whole, none)] == ["completed", "canceled"]
        assert [fresh(each).refunded for each in (whole, none)] == [0, none.charge]

    def test_reports_draw_the_chart_and_are_kept_with_who_and_why(self, order):
        take(order)
        report(order, 400)
        report(order, 400)
        finish(order, 1000)

        lines = OrderEvent.objects.filter(order=order, public=False).order_by("pk")
        assert [line.kind for line in lines] == ["taken", "reported", "reported", "finished"]
        assert {line.actor for line in lines} == {"staff:7"}
        assert lines[1].facts == {"run": 1, "delivered": 400, "reason": "seen"}
        assert list(Sample.objects.values_list("delivered", flat=True)) == [400, 1000]

    def test_its_flag_is_closed_with_it(self, order):
        hold_and_release(now=NOON)
        take(order)
        assert Flag.objects.get().resolved_at is None

        finish(order, 1000)

        assert Flag.objects.get().resolved_by == "staff:7"

    def test_nobody_looks_at_it_over_the_wire(self, order):
        take(order)

        assert poll.providers_due(now=NOON) == []
        assert oldest_look(now=NOON + timedelta(hours=1)) is None  # so nobody neglects it either


class TestRefused:
    @pytest.mark.parametrize("delivered", [399, 1001])
    def test_a_number_that_cannot_be_changes_nothing(self, order, delivered):
        take(order)
        report(order, 400)

        for act in (report, finish):
            with pytest.raises(by_hand.OutOfRange, match="From 400") as refused:
                act(order, delivered)
            assert refused.value.field == "delivered"

        assert (Delivery.objects.get().delivered, fresh(order).status) == (400, "in_progress")

    def test_the_first_start_count_stands(self, order):
        take(order)
        report(order, 10, start_count=500)

        with pytest.raises(by_hand.OutOfRange) as refused:
            report(order, 20, start_count=501)

        assert refused.value.field == "start_count"
        report(order, 20)
        assert Delivery.objects.get().start_count == 500

    def test_what_was_not_taken_is_not_reported(self, order):
        with pytest.raises(by_hand.NotYours):
            report(order, 10)
        with pytest.raises(by_hand.NotYours):
            finish(order, 10)

    def test_what_a_machine_delivers_is_nobodys_to_take(self):
        order = OrderFactory(at=NOON)

        with pytest.raises(by_hand.NotYours):
            take(order)

        assert run_of(order).state == "queued"

    def test_what_has_ended_is_over(self, order):
        take(order)
        finish(order, 1000)

        for act in (take, lambda each: report(each, 1000), lambda each: finish(each, 1000)):
            with pytest.raises(by_hand.NotYours):
                act(order)

    def test_what_is_not_due_yet_waits_for_its_time(self, order):
        """R16: parts are spaced, whoever delivers them."""
        Run.objects.update(due_at=NOON.replace(hour=13))

        with pytest.raises(by_hand.NotYours):
            take(order)

    def test_the_second_on_a_link_waits_for_the_first(self, service):
        """R18, decision 14: one live order a link and metric, by hand too."""
        first, second = (OrderFactory(service=service, link=LINK, at=NOON) for _ in range(2))
        take(first)

        with pytest.raises(by_hand.LinkBusy):
            take(second)

        assert fresh(second).status == "waiting"
        finish(first, 1000)
        wake_waiting(now=NOON)
        take(second)
        assert fresh(second).status == "processing"

    def test_a_colleague_takes_it_over(self, order):
        take(order)

        by_hand.take_over(run_id=run_of(order).pk, actor="staff:8", reason="on holiday", now=NOON)

        assert Handling.objects.get().taken_by == "staff:8"
        assert OrderEvent.objects.get(kind="taken_over").facts["reason"] == "on holiday"
        assert run_of(order).tries == 1

    def test_nobody_takes_what_a_colleague_has(self, order):
        take(order)
        take(order)  # the same person's second click

        with pytest.raises(by_hand.NotYours):
            take(order, actor="staff:8")

        assert (Handling.objects.get().taken_by, OrderEvent.objects.filter(kind="taken").count()) == ("staff:7", 1)

    def test_what_nobody_took_is_nobodys_to_take_over(self, order):
        with pytest.raises(by_hand.NotYours):
            by_hand.take_over(run_id=run_of(order).pk, actor="staff:8", reason="mine", now=NOON)

    def test_what_its_customer_asks_to_cancel_is_not_taken(self, order):
        Order.objects.update(cancel_requested_at=NOON)

        with pytest.raises(by_hand.NotYours):
            take(order)


def test_a_service_falls_back_on_people(connect, with_request_ids, forgetful):
    """R11: a route by hand is a route."""
    two = TwoWays(forgetful, connect(with_request_ids))
    Route.objects.filter(provider=two.second.provider).update(provider=ProviderFactory(adapter="manual", api_url=""))
    order = two.order()
    two.trouble("error:Incorrect service ID")

    two.first.send()
    hold_and_release(now=two.first.later(seconds=5))
    by_hand.take(run_id=run_of(order).pk, actor="staff:7", now=two.first.now)

    assert fresh(order).status == "processing"
    assert Flag.objects.get(order=order).kind == "by_hand"


@pytest.mark.django_db(transaction=True)
def test_eight_people_take_it_once(service):
    """One hand over the others: the claim is the database's."""
    order, refused = OrderFactory(service=service, at=NOON), list[int]()

    def _take(number: int) -> None:
        try:
            take(order, actor=f"staff:{number}")
        except by_hand.NotYours:
            refused.append(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as hands:
        list(hands.map(_take, range(8)))

    assert run_of(order).tries == 1
    assert OrderEvent.objects.filter(order=order, kind="taken").count() == 1
    assert len(refused) == 7
    assert Provider.objects.get().is_manual
