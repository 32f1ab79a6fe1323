"""Parts that a customer chooses, by form and API: priced as a whole, sent one by one, paid back by what lacks (R17)."""

import hashlib
import json
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from orders.delivery.claiming import claim_wave
from orders.models import Order, Run, Service, ServiceHistory
from orders.operations import history, placing, quoting
from orders.operations.settling import settle
from orders.reading.page import page_of
from policies.rules.drip_feed import Drip
from policies.rules.vocabulary import Cause
from tests.factories import NOON, OrderFactory, ServiceFactory
from tests.orders.buyer import LINK, Buyer
from tests.orders.decided import ended
from tests.orders.test_api_v2 import Reseller
from tests.orders.upstream import PATIENCE
from tests.past_the_guards import past_the_guards

pytestmark = pytest.mark.django_db
CHOSEN = {"quantity": "100", "runs": "5", "interval": "90"}


@pytest.fixture
def dripping() -> Service:
    return ServiceFactory(rate=Decimal("2.00"), dripfeed=True, daily_cap=0)


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


@pytest.fixture
def reseller() -> Reseller:
    return Reseller()


def parts(order: Order) -> list[tuple[int, timedelta]]:
    return [(run.quantity, run.due_at - order.placed_at) for run in order.runs.order_by("number")]


class TestForm:
    def test_the_quantity_is_for_each_part_and_the_price_for_all(self, buyer, dripping):
        """api-v2 b.3: units are quantity times runs; evenly spaced from the moment of placing (R16)."""
        answer = buyer.place(buyer.form(dripping), **CHOSEN)

        (order,) = buyer.orders
        assert answer["Location"] == reverse("orders:detail", args=[order.pk])
        assert (order.units, order.charge, buyer.balance) == (500, Decimal("1.00"), Decimal("9.00"))
        assert (order.drip_runs, order.run_interval_minutes) == (5, 90)
        assert parts(order) == [(100, timedelta(minutes=90 * number)) for number in range(5)]

    def test_price_and_plan_follow_the_typing(self, buyer, dripping):
        shown = buyer.browser.post(reverse("orders:quote"), {"service": dripping.pk, "link": LINK, **CHOSEN})

        text = shown.content.decode()
        assert "$1.00" in text
        assert "in 5 parts of 100, 1 h 30 min apart" in text
        assert "of the same size, 90 min apart, as chosen" in text

    @pytest.mark.parametrize(
        ("typed", "field", "said"),
        [
            ({"runs": "101"}, "runs", "from 2 to 100"),
            ({"runs": "many"}, "runs", "from 2 to 100"),
            ({"runs": ""}, "runs", "from 2 to 100"),
            ({"interval": ""}, "interval", "from 1 to 1,440"),
            ({"interval": "1441"}, "interval", "from 1 to 1,440"),
            ({"interval": "0"}, "interval", "from 1 to 1,440"),
            ({"quantity": "9"}, "quantity", "smallest part"),
            ({"quantity": "20001"}, "quantity", "largest order of this service is 100,000; you asked for 100,005"),
        ],
    )
    def test_what_is_not_permitted_is_told_at_its_field_and_nothing_is_ordered(
        self, buyer, dripping, typed, field, said
    ):
        answer = buyer.place(buyer.form(dripping), **{**CHOSEN, **typed})

        assert answer.status_code == 422
        form = answer.context["draft"].form
        assert said in form.errors[field][0]
        assert 'id="drip" open' in answer.content.decode()
        assert {name: form[name].value() for name in CHOSEN} == {**CHOSEN, **typed}
        assert (buyer.orders, buyer.balance) == ([], Decimal(10))

    @pytest.mark.parametrize("none", [{"runs": "", "interval": ""}, {"runs": "1", "interval": "90"}, {}])
    def test_one_part_or_none_is_an_order_as_any_other(self, buyer, dripping, none):
        buyer.place(buyer.form(dripping), quantity="500", **none)

        (order,) = buyer.orders
        assert (order.drip_runs, order.run_interval_minutes, order.runs.count()) == (None, None, 1)

    def test_a_service_without_it_shows_no_such_fields(self, buyer):
        page = buyer.browser.get(reverse("orders:place"), {"service": ServiceFactory().pk})

        assert "runs" not in page.context["draft"].form.fields
        assert b"drip-feed" not in page.content

    def test_a_faster_pace_than_the_services_own_is_refused(self, buyer):
        """R17: system-controlled; the customer may only slow it down."""
        paced = ServiceFactory(dripfeed=True, run_size=100, run_interval_minutes=60)

        faster = buyer.place(buyer.form(paced), quantity="100", runs="5", interval="59")
        bigger = buyer.place(buyer.form(paced), quantity="101", runs="5", interval="60")

        assert "at least 60 minutes apart" in faster.context["draft"].form.errors["interval"][0]
        assert "at most 100 units at a time" in bigger.context["draft"].form.errors["quantity"][0]
        assert buyer.place(buyer.form(paced), quantity="100", runs="5", interval="60").status_code == 302

    def test_a_service_that_offers_it_no_more_says_so_and_keeps_what_was_typed(self, buyer, dripping):
        form = buyer.look(buyer.form(dripping), **CHOSEN)
        Service.objects.update(dripfeed=False)

        answer = buyer.place(form, **CHOSEN)

        shown = answer.context["draft"].form
        assert (answer.status_code, buyer.orders) == (422, [])
        assert "does not deliver in parts of your choice" in shown.errors["runs"][0]
        assert {name: shown[name].value() for name in CHOSEN} == CHOSEN

    def test_a_second_click_leads_to_its_order_though_the_service_left_sale(self, buyer, dripping):
        """Decision 13: the same request, whatever became of the service."""
        form = buyer.look(buyer.form(dripping), **CHOSEN)
        first = buyer.send(form)
        Service.objects.update(active=False)

        assert buyer.send(form).url == first.url
        assert len(buyer.orders) == 1

    def test_its_service_says_that_parts_may_be_chosen(self, buyer, dripping):
        page = buyer.browser.get(reverse("orders:service", args=[dripping.pk])).content.decode()
        plain = buyer.browser.get(reverse("orders:service", args=[ServiceFactory().pk])).content.decode()

        assert ("Drip-feed" in page, "Drip-feed" in plain) == (True, False)
        assert ("in any 24 hours" in page, "100,000 in any 24 hours" in plain) == (False, True)

    def test_its_page_shows_the_parts_and_orders_the_same_again(self, buyer, dripping):
        buyer.place(buyer.form(dripping), **CHOSEN)
        (order,) = buyer.orders

        page = buyer.browser.get(reverse("orders:detail", args=[order.pk])).content.decode()

        assert "0 of 5 sent" in page
        assert "5, 90 min apart, as you chose" in page
        again = buyer.browser.get(
            reverse("orders:place"), {"service": dripping.pk, "quantity": "100", "runs": "5", "interval": "90"}
        )
        assert again.context["draft"].quoted.units == 500
        assert "quantity=100&amp;runs=5&amp;interval=90" in page


class TestApi:
    def test_runs_and_interval_place_the_same_order(self, reseller, dripping):
        answer = reseller.add(dripping, **CHOSEN)

        order = Order.objects.get(pk=answer["order"])
        assert (order.units, order.charge, order.drip_runs) == (500, Decimal("1.00"), 5)
        assert [quantity for quantity, _ in parts(order)] == [100] * 5

    def test_the_list_says_which_services_offer_it(self, reseller, dripping):
        package = ServiceFactory(type="Package", dripfeed=True)
        plain = ServiceFactory()

        offered = {each["service"]: each["dripfeed"] for each in reseller.call("services")}

        assert offered == {dripping.pk: True, package.pk: False, plain.pk: False}

    @pytest.mark.parametrize(
        ("params", "text", "code"),
        [
            ({"interval": "90"}, "Runs must be from 2 to 100", "runs_out_of_range"),
            ({"runs": "5"}, "Interval must be from 1 to 1440 minutes", "interval_out_of_range"),
            ({"runs": "-5", "interval": "90"}, "Runs must be from 2 to 100", "runs_out_of_range"),
            ({"runs": "9" * 30, "interval": "90"}, "Runs must be from 2 to 100", "runs_out_of_range"),
            ({"runs": "5", "interval": "0"}, "Interval must be from 1 to 1440 minutes", "interval_out_of_range"),
            ({"runs": "5", "interval": "90", "quantity": 9}, "Quantity less than minimal 10", "part_below_minimum"),
        ],
    )
    def test_half_of_it_or_nonsense_is_an_error(self, reseller, dripping, params, text, code):
        asked = {"key": reseller.key, "action": "add", "service": dripping.pk, "link": LINK, "quantity": 100} | params
        response = reseller.http.post("/api/v2", asked)

        assert (json.loads(response.content), response["X-SMM-Error-Code"]) == ({"error": text}, code)
        assert not Order.objects.exists()

    @pytest.mark.parametrize("absent", [{"runs": "", "interval": ""}, {"runs": "undefined", "interval": "undefined"},
                                        {"runs": "0", "interval": "0"}, {"runs": "1"}])  # fmt: skip
    def test_what_clients_send_for_none_means_none(self, reseller, dripping, absent):
        order_id = reseller.add(dripping, **absent)["order"]

        assert Order.objects.get(pk=order_id).drip_runs is None

    def test_the_same_request_id_with_other_parts_is_another_request(self, reseller, dripping):
        first = reseller.add(dripping, **CHOSEN, request_id="one")
        again = reseller.add(dripping, **CHOSEN, request_id="one")
        other = reseller.add(dripping, **CHOSEN | {"interval": "91"}, request_id="one")

        assert first == again
        assert other == {"error": "Request id already used"}

    def test_a_quote_shows_the_parts_and_is_honoured(self, reseller, dripping):
        asked = {"service": dripping.pk, "link": LINK, **CHOSEN}
        told = reseller.call("quote", **asked)

        assert told["charge"] == "1.00"
        assert (told["plan"]["parts"], told["plan"]["interval_minutes"]) == ("5", "90")
        order = Order.objects.get(pk=reseller.add(dripping, **CHOSEN, quote=told["quote"])["order"])
        assert order.quote.content["plan"]["chosen"] is True
        assert reseller.add(dripping, quantity=100, quote=told["quote"])["error"].startswith("Quote is for another")


def test_a_request_without_parts_keeps_the_hash_that_it_had():
    """Decision 13: what was placed before parts could be chosen is found again by its key."""
    plain = placing.Request(1, LINK, 1000)
    then = b'[1,"https://instagram.com/somebody",1000,{}]'

    assert plain.hash == hashlib.sha256(then).hexdigest()
    assert plain.hash != placing.Request(1, LINK, 1000, drip=Drip(2, 60)).hash


class TestDelivery:
    def claimed(self, upstream) -> int:
        return len(claim_wave(provider=upstream.provider, balance=None, now=upstream.now).claimed)

    @pytest.fixture(autouse=True)
    def offered(self, upstream):
        upstream.service.dripfeed = True
        upstream.service.save(update_fields=["dripfeed"])

    def test_a_part_goes_when_its_time_has_come_and_not_a_second_sooner(self, upstream):
        upstream.order(quantity=100, drip=Drip(3, 90))

        assert self.claimed(upstream) == 1
        upstream.later(minutes=90, seconds=-1)
        assert self.claimed(upstream) == 0
        upstream.later(seconds=1)
        assert self.claimed(upstream) == 1

    def test_late_parts_keep_the_distance_that_was_chosen(self, upstream):
        """Also when the service is paced otherwise by then (decision 25)."""
        order = upstream.order(quantity=100, drip=Drip(4, 90))
        Service.objects.update(run_size=10, run_interval_minutes=1)
        upstream.later(hours=9)

        assert self.claimed(upstream) == 1
        due = Run.objects.filter(order=order, state="queued").order_by("number").values_list("due_at", flat=True)
        assert [at - upstream.now for at in due] == [timedelta(minutes=90 * number) for number in (1, 2, 3)]

    def test_all_parts_are_delivered_and_each_was_sent_once(self, upstream):
        order = upstream.order(quantity=100, drip=Drip(3, 90))
        sent = 0
        for _ in range(3):
            sent += upstream.send()
            upstream.later(minutes=90)
            upstream.look()
        until = time.monotonic() + PATIENCE
        while upstream.fresh(order).ended_at is None and time.monotonic() < until:
            upstream.look()  # the simulator's time is its own

        done = upstream.fresh(order)
        assert (sent, done.status, upstream.accepted(order)) == (3, "completed", 3)
        assert sum(run.delivered for run in order.runs.all()) == 300


def test_what_was_not_delivered_of_the_parts_is_paid_back(buyer, dripping):
    """R17, refund.7.3: by all units, whichever part they belong to."""
    buyer.place(buyer.form(dripping), **CHOSEN)
    (order,) = buyer.orders
    now = timezone.now()
    for run in order.runs.filter(number__lte=2):
        run.state, run.outcome, run.delivered, run.ended_at = "ended", "delivered", 100, now
        run.provider_order_id, run.accepted_at = run.number, now
        run.save(update_fields=["state", "outcome", "delivered", "ended_at", "provider_order_id", "accepted_at"])
    order.runs.filter(number__gt=2).update(state="ended", outcome="withdrawn", ended_at=now, due_at=None)
    Order.objects.update(status="in_progress")

    settle(order_id=order.pk, cause=Cause.PROVIDER_ENDED, actor="system", now=now)

    order.refresh_from_db()
    assert (order.status, order.refunded, buyer.balance) == ("partial", Decimal("0.60"), Decimal("9.60"))


def test_what_customers_choose_is_no_history_of_the_service():
    """R13: a forecast is of what the service takes."""
    service = ServiceFactory(dripfeed=True)
    order = OrderFactory(service=service, at=NOON)
    ended(order, delivered=1000, now=NOON + timedelta(hours=1))
    counted = history.measure(now=NOON + timedelta(hours=2))
    with past_the_guards():
        Order.objects.update(drip_runs=2, run_interval_minutes=60)

    assert (counted, history.measure(now=NOON + timedelta(hours=3))) == (1, 0)
    assert not ServiceHistory.objects.exists()


def test_its_forecast_is_of_a_part_and_the_way_to_the_last(dripping, buyer):
    ServiceHistory.objects.create(
        service=dripping, size=6, sample=20, p10_s=60, p50_s=600, p90_s=900, start_p10_s=1, start_p50_s=2,
        start_p90_s=3, measured_at=NOON,
    )  # fmt: skip
    request = placing.Request(dripping.pk, LINK, 100, drip=Drip(5, 90))

    forecast = quoting.quote(user_id=buyer.user.pk, request=request, now=timezone.now()).terms.forecast

    assert (forecast.p50_s, forecast.p90_s, forecast.start_p50_s) == (600 + 4 * 5400, 900 + 4 * 5400, 2)


def test_the_database_refuses_a_drip_of_one_part():
    order = OrderFactory(at=NOON)
    refused = pytest.raises(IntegrityError, match="order_drips_in_two_parts_or_more")
    with past_the_guards(), refused, transaction.atomic():
        Order.objects.filter(pk=order.pk).update(drip_runs=1)


def test_its_end_is_expected_by_its_plan_and_not_by_the_speed_of_its_first_part(buyer, dripping):
    """R13: five parts, 90 minutes apart, at 1,000 an hour; the first of them is done at once."""
    buyer.place(buyer.form(dripping), **CHOSEN)
    (order,) = buyer.orders
    first = order.runs.get(number=1)
    done = order.placed_at + timedelta(minutes=1)
    Run.objects.filter(pk=first.pk).update(
        state="ended", outcome="delivered", delivered=100, ended_at=done, accepted_at=done, due_at=None,
        provider_order_id=7,
    )  # fmt: skip
    Order.objects.update(status="in_progress")

    page = page_of(order_id=order.pk, user_id=buyer.user.pk, now=done + timedelta(minutes=9))

    assert page.expected_end == order.placed_at + timedelta(hours=6, minutes=6)
    assert (page.parts_sent, page.next_part_at) == (1, order.placed_at + timedelta(minutes=90))
