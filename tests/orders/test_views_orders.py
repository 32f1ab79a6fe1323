"""The orders list and an order's own page, as its owner meets them and nobody else."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.models import Order, Run, Sample
from orders.reading.chart import samples
from policies.rules.vocabulary import Cause, OrderStatus, RunState
from tests.factories import CustomerFactory, OrderFactory, ServiceFactory
from tests.past_the_guards import past_the_guards

pytestmark = pytest.mark.django_db
LIST = reverse("orders:index")


@pytest.fixture
def customer() -> User:
    return CustomerFactory(funds=Decimal(1000))


@pytest.fixture
def browser(customer: User) -> Client:
    browser = Client()
    browser.force_login(customer)
    return browser


def page_of(order: Order) -> str:
    return reverse("orders:detail", args=[order.pk])


def stands(order: Order, status: OrderStatus, **columns: object) -> Order:
    """Put an order where a test wants to look at it; how it gets there is tested with the engine."""
    ended = {"ended_at": timezone.now(), "cause": Cause.PROVIDER_ENDED.value} if status.is_terminal else {}
    Order.objects.filter(pk=order.pk).update(status=status.value, **ended, **columns)
    order.refresh_from_db()
    return order


def placed(order: Order, at: datetime) -> None:
    """Have it been placed then."""
    with past_the_guards():
        Order.objects.filter(pk=order.pk).update(placed_at=at)


def delivered(order: Order, *steps: int) -> None:
    """Samples of its first run, a minute apart, and the last of them on the run."""
    run = order.runs.get(number=1)
    begun = timezone.now() - timedelta(minutes=len(steps))
    placed(order, begun - timedelta(minutes=1))
    Sample.objects.bulk_create(
        Sample(run=run, at=begun + timedelta(minutes=minute), delivered=units) for minute, units in enumerate(steps)
    )
    Run.objects.filter(pk=run.pk).update(
        delivered=steps[-1], accepted_at=begun, start_count=3572, state=RunState.LIVE.value, provider_order_id=run.pk
    )


class TestList:
    def test_a_new_customer_is_led_to_a_first_order(self, browser: Client):
        page = browser.get(LIST).content.decode()

        assert "No orders yet" in page
        assert reverse("orders:place") in page

    def test_it_shows_ones_own_orders_only_the_newest_first(self, browser: Client, customer: User):
        OrderFactory()
        first, second = OrderFactory(user=customer), OrderFactory(user=customer)

        assert self.shown(browser) == [second.pk, first.pk]

    def test_a_row_says_what_was_delivered_charged_and_paid_back(self, browser: Client, customer: User):
        order = OrderFactory(user=customer, service=ServiceFactory(rate=Decimal("2")))
        delivered(order, 400, 843)
        stands(order, OrderStatus.PARTIAL, refunded=Decimal("0.314"))

        page = browser.get(LIST).content.decode()

        for said in ("843 / 1,000", "84 %", "$2.00", "$0.314", "Partial"):
            assert said in page

    @pytest.mark.parametrize(
        ("tab", "statuses"),
        [
            ("pending", ["queued", "unknown"]),
            ("running", ["paused"]),
            ("completed", ["completed"]),
            ("short", ["failed"]),
        ],
    )
    def test_tabs_part_the_orders_and_count_them(self, browser: Client, customer: User, tab: str, statuses: list[str]):
        for status in ("queued", "unknown", "paused", "completed", "failed"):
            stands(OrderFactory(user=customer), OrderStatus(status))

        answer = browser.get(LIST, {"status": tab})

        assert sorted(line.order.status for line in answer.context["page"].lines) == statuses
        counts = {each.name: each.count for _, each in answer.context["tabs"]}
        assert counts == {"all": 5, "pending": 2, "running": 1, "completed": 1, "short": 1}

    def test_counting_stops_at_a_bound(self, browser: Client, customer: User, monkeypatch):
        monkeypatch.setattr("orders.reading.index.MOST_COUNTED", 3)
        OrderFactory.create_batch(5, user=customer, service=ServiceFactory())

        assert ">3+<" in browser.get(LIST).content.decode()

    def test_an_order_is_found_by_its_number_or_a_part_of_its_link(self, browser: Client, customer: User):
        OrderFactory(user=customer)
        videos = ServiceFactory(platform="tiktok")
        wanted = OrderFactory(user=customer, service=videos, link="https://tiktok.com/@famous/video/7")
        foreign = OrderFactory(service=videos, link="https://tiktok.com/@famous/video/8")

        assert self.shown(browser, q=str(wanted.pk)) == [wanted.pk]
        assert self.shown(browser, q="FAMOUS") == [wanted.pk]
        assert self.shown(browser, q=str(foreign.pk)) == []
        assert self.shown(browser, q="9" * 40) == []

    @pytest.mark.parametrize("tab", ["all", "pending"])
    def test_pages_show_every_order_once(self, browser: Client, customer: User, monkeypatch, tab: str):
        monkeypatch.setattr("orders.views.index.SIZE", 3)
        service = ServiceFactory()
        orders = OrderFactory.create_batch(7, user=customer, service=service)
        stands(orders[2], OrderStatus.WAITING)

        seen: list[int] = []
        before: object = ""
        while before is not None:
            page = browser.get(LIST, {"status": tab, "before": before}).context["page"]
            seen += [line.order.pk for line in page.lines]
            before = page.older_than

        assert seen == sorted((order.pk for order in orders), reverse=True)

    def test_rows_ask_again_only_while_one_of_them_is_live(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        assert "every 5s" in browser.get(LIST, headers={"HX-Request": "true"}).content.decode()

        stands(order, OrderStatus.COMPLETED)
        assert "every 5s" not in browser.get(LIST, headers={"HX-Request": "true"}).content.decode()

    @pytest.mark.parametrize("query", [{}, {"status": "short"}, {"q": "somebody"}])
    def test_queries_do_not_grow_with_the_orders(
        self, browser: Client, customer: User, django_assert_max_num_queries, query: dict[str, str]
    ):
        """P9: the same queries for one order and for a full page."""
        service = ServiceFactory()
        for number in (1, 60):
            for order in OrderFactory.create_batch(number, user=customer, service=service):
                stands(order, OrderStatus.PARTIAL)
            with django_assert_max_num_queries(6):
                assert browser.get(LIST, query).context["page"].lines

    def test_waiting_orders_show_their_place_and_nothing_of_the_others(
        self, browser: Client, customer: User, django_assert_max_num_queries
    ):
        """R18, decision 14: a number, whoever the others are, and one query for all rows together."""
        service, links = ServiceFactory(), [f"https://instagram.com/p/busy{n}" for n in range(4)]
        others = [stands(OrderFactory(service=service, link=link), OrderStatus.WAITING) for link in links]
        stands(OrderFactory(service=ServiceFactory(metric="likes"), link=links[0]), OrderStatus.WAITING)
        mine = [stands(OrderFactory(user=customer, service=service, link=link), OrderStatus.WAITING) for link in links]
        stands(OrderFactory(service=service, link=links[0]), OrderStatus.WAITING)
        free = OrderFactory(user=customer, service=service)
        last = stands(OrderFactory(user=customer, service=service, link=links[0]), OrderStatus.WAITING)

        with django_assert_max_num_queries(7):
            answer = browser.get(LIST)

        places = {line.order.pk: line.place for line in answer.context["page"].lines}
        assert places == {last.pk: 4, free.pk: None, **{order.pk: 2 for order in mine}}
        page = answer.content.decode()
        assert (page.count("number 2 in line"), page.count("number 4 in line")) == (4, 1)
        assert not [order.pk for order in others if str(order.pk) in page or order.user.email in page]

    def shown(self, browser: Client, **query: str) -> list[int]:
        return [line.order.pk for line in browser.get(LIST, query).context["page"].lines]


class TestPage:
    def test_nobody_elses_order_is_found(self, browser: Client, client: Client):
        order = OrderFactory()

        assert browser.get(page_of(order)).status_code == 404
        assert client.get(page_of(order)).status_code == 302

    def test_staff_use_the_admin_and_not_this_page(self, client: Client):
        client.force_login(CustomerFactory(is_staff=True))

        assert client.get(page_of(OrderFactory())).status_code == 404

    @pytest.mark.parametrize("status", list(OrderStatus))
    def test_every_status_is_told_in_plain_words(self, browser: Client, customer: User, status: OrderStatus):
        """S13: what it means and what happens next, for each of them."""
        order = stands(OrderFactory(user=customer), status)

        answer = browser.get(page_of(order))

        headline = answer.content.decode().split("data-headline", 1)[1].split("</p>")[0]
        assert answer.status_code == 200
        assert len(headline) > 40
        assert status.value not in ("held", "unknown") or "safe" in headline or "twice" in headline

    def test_it_asks_again_while_live_and_stops_when_ended(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        assert 'hx-trigger="every 2s"' in self.part(browser, order)

        stands(order, OrderStatus.COMPLETED)
        assert "hx-trigger" not in self.part(browser, order)

    @pytest.mark.parametrize(("minutes", "seconds"), [(0, 2), (5, 5), (30, 10)])
    def test_it_asks_more_seldom_the_longer_nothing_happens(
        self, browser: Client, customer: User, minutes: int, seconds: int
    ):
        order = OrderFactory(user=customer)
        then = timezone.now() - timedelta(minutes=minutes)
        placed(order, then)
        with past_the_guards():
            order.events.update(at=then)

        assert f'hx-trigger="every {seconds}s"' in self.part(browser, order)

    def test_a_waiting_order_knows_its_place_in_line(self, browser: Client, customer: User):
        """R18, decision 14: behind other orders on the same link."""
        service, link = ServiceFactory(), "https://instagram.com/busy"
        OrderFactory(service=service, link=link)
        for _ in range(2):
            stands(OrderFactory(service=service, link=link), OrderStatus.WAITING)
        mine = stands(OrderFactory(user=customer, service=service, link=link), OrderStatus.WAITING)

        assert "number 3 in line" in browser.get(page_of(mine)).content.decode()

    @pytest.mark.parametrize("status", [OrderStatus.WAITING, OrderStatus.HELD, OrderStatus.UNKNOWN, OrderStatus.PAUSED])
    def test_an_order_that_stands_still_promises_no_end(self, browser: Client, customer: User, status: OrderStatus):
        """R13: a forecast where there is something to forecast from, and none where there is not."""
        order = OrderFactory(user=customer)
        assert browser.get(page_of(order)).context["page"].expected_end is not None

        stands(order, status)
        order.runs.update(due_at=None)
        page = browser.get(page_of(order)).context["page"]

        assert (page.expected_end, {point.most for point in page.chart.points}) == (None, {None})

    def test_start_and_end_stand_as_intervals_while_they_can_come_true(self, browser: Client, customer: User):
        """R12, R13, R14: as forecast when it was placed; unknown while it stands still."""
        order = OrderFactory(user=customer)
        forecast = {"sample": 40, "p10_s": 3600, "p50_s": 7200, "p90_s": 10_800}
        forecast |= {"start_p10_s": 60, "start_p50_s": 600, "start_p90_s": 1200}
        with past_the_guards():
            Order.objects.filter(pk=order.pk).update(forecast=forecast)
        starts, ends = self.windows(browser, order)
        assert (starts.half_at - order.placed_at, ends.from_at - order.placed_at) == (
            timedelta(minutes=10),
            timedelta(hours=1),
        )
        assert "Expected start" in browser.get(page_of(order)).content.decode()

        stands(order, OrderStatus.HELD)
        assert self.windows(browser, order) == (None, None)
        assert "unknown while it stands still" in browser.get(page_of(order)).content.decode()
        stands(order, OrderStatus.PROCESSING)
        placed(order, order.placed_at - timedelta(minutes=20))
        assert [window is None for window in self.windows(browser, order)] == [True, False]
        placed(order, order.placed_at)
        delivered(order, 100)
        assert [window is None for window in self.windows(browser, order)] == [True, False]

    def windows(self, browser: Client, order: Order) -> tuple[Any, Any]:
        page = browser.get(page_of(order)).context["page"]
        return page.starts, page.ends

    def test_the_numbers_of_the_provider_are_shown(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        delivered(order, 100, 300, 640)
        stands(order, OrderStatus.IN_PROGRESS)

        page = browser.get(page_of(order)).content.decode()

        for said in ("3,572", "640", "360", "64 %"):
            assert said in page

    def test_the_terms_are_those_of_then(self, browser: Client, customer: User):
        """R41, decision 25: later changes of the service do not touch the order's page."""
        service = ServiceFactory(rate=Decimal("1.50"), refill=True, refill_days=30)
        order = OrderFactory(user=customer, service=service)
        service.rate, service.refill = Decimal(9), False
        service.save(update_fields=["rate", "refill"])

        page = browser.get(page_of(order)).content.decode()

        assert "$1.50 per 1,000" in page
        assert "Refill 30 days" in page
        assert "up to 20" in page
        assert reverse("policies:version", args=["refund", 1]) in page

    def test_queries_do_not_grow_with_what_happened(self, browser: Client, customer: User, django_assert_num_queries):
        order = OrderFactory(user=customer, service=ServiceFactory(run_size=100, run_interval_minutes=1))
        browser.get(page_of(order))  # a policy version's parameters are read once a process
        with django_assert_num_queries(10):  # while it is queued, whether sending is stopped
            browser.get(page_of(order))

        delivered(order, *range(1, 50))
        with django_assert_num_queries(10):  # while it is queued, whether sending is stopped
            browser.get(page_of(order))

    def part(self, browser: Client, order: Order) -> str:
        return browser.get(page_of(order), headers={"HX-Request": "true"}).content.decode()


class TestChart:
    def chart(self, browser: Client, order: Order) -> Any:
        return browser.get(page_of(order)).context["page"].chart

    def test_it_shows_every_sample_and_ends_at_what_is_delivered(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        delivered(order, 100, 250, 400)

        counted = [point.delivered for point in self.chart(browser, order).measured]

        assert counted[0] == 0
        assert counted[-1] == 400
        assert {100, 250, 400} <= set(counted)

    def test_runs_are_added_up(self, browser: Client, customer: User):
        order = OrderFactory(user=customer, service=ServiceFactory(run_size=500, run_interval_minutes=1))
        first, second = order.runs.order_by("number")
        now = timezone.now()
        for run, minute, units in ((first, 1, 200), (second, 2, 50), (first, 3, 500), (second, 4, 300)):
            Sample.objects.create(run=run, at=now + timedelta(minutes=minute), delivered=units)

        assert [total for _, total in self.samples(order)] == [200, 250, 550, 800]

    def test_the_band_stays_between_nothing_and_everything(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        delivered(order, 500)

        points = self.chart(browser, order).points

        assert all(0 <= point.least <= point.most <= 1000 for point in points)

    def test_an_ended_order_keeps_its_plan(self, browser: Client, customer: User):
        order = OrderFactory(user=customer)
        delivered(order, 500)
        order.runs.update(due_at=None)

        assert max(point.most for point in self.chart(browser, order).points) > 0

    def test_a_service_without_a_pace_has_no_band(self, browser: Client, customer: User):
        order = OrderFactory(user=customer, service=ServiceFactory(pace_per_hour=None))

        assert {point.most for point in self.chart(browser, order).points} == {None}

    def samples(self, order: Order) -> list[tuple[object, int]]:
        return samples(order.pk)
