"""The daily cap of a link (R18): what would be too much in 24 hours waits, whoever ordered it; nothing is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.delivery import capping, claiming
from orders.delivery.claiming import claim_wave
from orders.models import Order, OrderEvent, Run
from orders.operations import placing, quoting
from orders.operations.settling import settle
from orders.reading.overdue import oldest_unsent
from policies import wording
from policies.rules.forecasts import Forecast
from policies.rules.vocabulary import Cause, RunOutcome
from tests.factories import CustomerFactory, OrderFactory, ServiceFactory
from tests.orders.buyer import PLACE, QUOTE, Buyer
from tests.orders.decided import ended

LINK = "https://instagram.com/p/capped"


def claimed(upstream) -> list[int]:
    claim = claim_wave(provider=upstream.provider, balance=None, now=upstream.now)
    return [each.order_id for each in claim.claimed]


def delivered(upstream, order, units: int) -> None:
    """The order was taken now, and is over with so many units."""
    assert claimed(upstream) == [order.pk]
    outcome = RunOutcome.DELIVERED if units == order.units else RunOutcome.SHORT
    ended(order, delivered=units, outcome=outcome, now=upstream.now)


@pytest.fixture
def capped(upstream):
    upstream.service.daily_cap = 1000
    upstream.service.save(update_fields=["daily_cap"])
    return upstream


class TestClaim:
    def test_what_has_no_room_today_goes_as_soon_as_it_has_and_not_a_second_sooner(self, capped):
        """R18: a day is any 24 hours, counted from when a provider took what came before."""
        delivered(capped, capped.order(quantity=900, link=LINK), 900)
        order, began = capped.order(quantity=101, link=LINK), capped.now
        capped.later(hours=2)

        assert claimed(capped) == []
        run = capped.run(order)
        assert (run.state, run.due_at, run.due_since) == ("queued", began + timedelta(hours=24), None)
        capped.now = began + timedelta(hours=24, seconds=-1)
        assert claimed(capped) == []
        capped.later(seconds=1)
        assert claimed(capped) == [order.pk]

    @pytest.mark.parametrize(("units", "goes"), [(99, True), (100, True), (101, False)])
    def test_the_cap_itself_still_goes(self, capped, units, goes):
        delivered(capped, capped.order(quantity=900, link=LINK), 900)
        order = capped.order(quantity=units, link=LINK)

        assert claimed(capped) == ([order.pk] if goes else [])

    def test_it_is_told_on_the_timeline_with_its_clause(self, capped):
        delivered(capped, capped.order(quantity=900, link=LINK), 900)
        order = capped.order(quantity=200, link=LINK)
        capped.later(hours=4)
        claimed(capped)

        event = OrderEvent.objects.get(order=order, kind="daily_cap")
        assert (event.clauses, event.public) == (["refund.4.2"], True)
        assert wording.event(event.kind, facts=event.facts) == (
            "At most 1,000 units go to one link in any 24 hours, and it has had them: the next part waits 20 h."
        )

    def test_what_was_not_delivered_leaves_its_room(self, capped):
        delivered(capped, capped.order(quantity=900, link=LINK), 100)
        order = capped.order(quantity=900, link=LINK)

        assert claimed(capped) == [order.pk]

    def test_only_as_much_waits_as_must(self, capped):
        """The newest deliveries that fit beside it stay; it goes when the one before them is a day old."""
        for _ in range(3):
            delivered(capped, capped.order(quantity=300, link=LINK), 300)
            capped.later(hours=1)
        order = capped.order(quantity=500, link=LINK)

        claimed(capped)

        assert capped.run(order).due_at == capped.now + timedelta(hours=24 - 2)  # two of the three still count then

    def test_other_links_metrics_and_services_without_a_cap_go(self, capped):
        delivered(capped, capped.order(quantity=900, link=LINK), 900)
        elsewhere = capped.order(quantity=900, link="https://instagram.com/p/another")
        assert claimed(capped) == [elsewhere.pk]

        capped.service.daily_cap = 0
        capped.service.save(update_fields=["daily_cap"])
        unlimited = capped.order(quantity=900, link=LINK)
        assert unlimited.daily_cap is None
        assert claimed(capped) == [unlimited.pk]

    def test_nobody_is_alarmed_about_what_waits_for_its_day(self, capped):
        delivered(capped, capped.order(quantity=900, link=LINK), 900)
        capped.order(quantity=900, link=LINK)
        capped.later(hours=1)
        assert oldest_unsent(now=capped.now) is not None

        claimed(capped)

        assert oldest_unsent(now=capped.now) is None

    def test_a_wave_asks_once_however_many_it_holds(self, upstream):
        def statements(orders: int) -> int:
            for _ in range(orders):
                upstream.order()
            upstream.provider.concurrency = orders
            with CaptureQueriesContext(connection) as asked:
                assert len(claimed(upstream)) == orders
            return len(asked)

        assert statements(2) == statements(8)

    def test_parts_of_a_large_order_keep_to_it_by_their_plan(self, capped):
        order = capped.order(quantity=2500, link=LINK)

        plan = [(run.quantity, run.due_at - order.placed_at) for run in order.runs.order_by("number")]
        assert plan == [(833, timedelta(0)), (833, timedelta(days=1)), (834, timedelta(days=2))]


@pytest.mark.django_db(transaction=True)
class TestRace:
    """Eight claims at once, by eight providers whose services deliver to one link: together no more than the cap."""

    WORKERS = 8

    @pytest.fixture
    def sides(self, connect, with_request_ids):
        sides = [connect(with_request_ids) for _ in range(self.WORKERS)]
        for side in sides:
            side.service.daily_cap = 1000
            side.service.save(update_fields=["daily_cap"])
            side.order(quantity=600, link=LINK)
        return sides

    def sent(self, sides) -> int:
        start = Barrier(self.WORKERS)

        def claim(side) -> None:
            try:
                start.wait(timeout=10)
                claimed(side)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(self.WORKERS) as threads:
            list(threads.map(claim, sides))
        return Run.objects.filter(state="submitting").aggregate(units=Sum("quantity"))["units"]

    def test_together_they_send_no_more_than_the_cap(self, sides):
        assert self.sent(sides) == 600

    def test_without_the_hold_the_same_race_sends_more(self, sides, monkeypatch):
        """The control: each has counted what was sent before any of the others sends."""
        counted = Barrier(self.WORKERS)

        def put_off(runs, *, now):
            found = capping.put_off(runs, now=now)
            counted.wait(timeout=10)
            return found

        monkeypatch.setattr(claiming, "HOLD", "SELECT %s::bigint[]")
        monkeypatch.setattr(claiming, "OWNERS", "SELECT unnest(%s::bigint[])")
        monkeypatch.setattr(claiming, "put_off", put_off)

        assert self.sent(sides) > 1000


class TestShown:
    def test_the_quote_says_the_cap_and_every_page_repeats_it(self, db):
        buyer, service = Buyer(), ServiceFactory(daily_cap=5000)
        page = buyer.browser.get(PLACE, {"service": service.pk, "quantity": "1000"}).content.decode()
        buyer.place(buyer.form(service), quantity="1000")
        (order,) = buyer.orders
        own = buyer.browser.get(reverse("orders:detail", args=[order.pk])).content.decode()

        for text in (page, own):
            assert "5,000 in any 24 hours" in text
            assert "We send at most 5,000 units to one link in any 24 hours" in text

    @pytest.mark.parametrize(
        ("columns", "cap"),
        [({}, 100_000), ({"daily_cap": 7}, 7), ({"daily_cap": 0}, None), ({"type": "Package"}, None)],
    )
    def test_by_default_a_link_gets_as_much_a_day_as_the_largest_order(self, db, columns, cap):
        """R18: no spikes by default; only what staff state lifts it."""
        assert OrderFactory(service=ServiceFactory(**columns), quantity=10).daily_cap == cap


class TestBusyLink:
    """The quote counts the wait for who goes first on the link (decision 14, R5)."""

    KNOWN = Forecast(3600, 7200, 40, p10_s=1800, start_p10_s=60, start_p50_s=300, start_p90_s=900)

    def quoted(self, service, monkeypatch, link=LINK):
        monkeypatch.setattr(quoting.forecasts, "from_history", lambda **_: self.KNOWN)
        request = placing.Request(service.pk, link, 1000)
        return quoting.quote(user_id=CustomerFactory().pk, request=request, now=timezone.now()).terms

    def test_who_goes_first_is_told_and_their_time_counted(self, db, monkeypatch):
        service = ServiceFactory()
        monkeypatch.setattr(quoting.forecasts, "from_history", lambda **_: self.KNOWN)
        OrderFactory(service=service, link=LINK, user=CustomerFactory(funds=Decimal(100)))

        alone = self.quoted(service, monkeypatch, "https://instagram.com/p/free")
        behind = self.quoted(service, monkeypatch, LINK.replace("https://", "") + "/?igsh=1")

        assert (alone.ahead, alone.forecast) == (0, self.KNOWN)
        assert behind.ahead == 1
        assert behind.forecast.p50_s - alone.forecast.p50_s in range(3590, 3601)
        assert behind.forecast.start_p90_s - alone.forecast.start_p90_s in range(7190, 7201)

    def test_of_who_nothing_is_known_says_not_enough_data(self, db, monkeypatch):
        service = ServiceFactory()
        OrderFactory(service=service, link=LINK)

        assert self.quoted(service, monkeypatch).forecast is None

    def test_who_has_ended_or_delivers_another_metric_is_not_waited_for(self, db, monkeypatch):
        service = ServiceFactory()
        ended = OrderFactory(service=service, link=LINK)
        settle(order_id=ended.pk, cause=Cause.CANCELED_BEFORE_CLAIM, actor="system", now=timezone.now())
        OrderFactory(service=ServiceFactory(metric="likes"), link=LINK)

        assert self.quoted(service, monkeypatch).ahead == 0

    def test_the_form_says_it(self, db):
        buyer, service = Buyer(), ServiceFactory()
        OrderFactory(service=service, link=LINK)

        page = buyer.browser.post(QUOTE, {"service": service.pk, "link": LINK, "quantity": "100"})

        text = page.content.decode()
        assert "1 other order; this one waits until it has ended" in text
        assert ("when the link is free, as one part" in text, "at once" in text) == (True, False)
        assert not Order.objects.of(buyer.user.pk).exists()
