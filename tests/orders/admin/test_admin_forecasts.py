"""How often forecasts held: counted over orders whose interval is over, and shown to staff (R13)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import Order
from orders.reading.forecasts_kept import Kept, forecasts_kept
from policies.rules.vocabulary import Cause
from tests.factories import NOON, OrderFactory, ServiceFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:orders_servicehistory_changelist")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FORECAST = {"sample": 40, "p10_s": 600, "p50_s": 1200, "p90_s": 3600}


def placed(service, took=(), *, at=NOON - DAY, status="completed", forecast=FORECAST):
    """Copies of one order, placed at `at` with a forecast of 10 to 60 minutes; each ended after so many seconds."""
    pattern = OrderFactory(service=service, at=NOON)
    rows = []
    for seconds in took:
        row = Order.objects.get(pk=pattern.pk)
        row.pk, row.request_key, row.placed_at, row.forecast = None, None, at, forecast
        if seconds is not None:
            row.status, row.ended_at, row.cause = status, at + timedelta(seconds=seconds), Cause.ALL_DELIVERED.value
        rows.append(row)
    Order.objects.bulk_create(rows)


def test_both_edges_belong_to_the_interval():
    service = ServiceFactory()
    placed(service, [599, 600, 601, 3600, 3601])

    assert forecasts_kept(now=NOON) == [Kept(service.pk, service.name, held=3, early=1, late=1, otherwise=0)]


def test_what_still_runs_is_late_and_what_ended_short_took_no_time_that_was_forecast():
    service = ServiceFactory()
    placed(service, [None, 1200])
    placed(service, [1200], status="partial")

    assert forecasts_kept(now=NOON) == [Kept(service.pk, service.name, held=1, early=0, late=1, otherwise=1)]


def test_an_order_counts_once_its_interval_is_over_and_not_before_even_if_it_has_ended():
    """Of those placed just now only the quick ones have ended, which would flatter the forecast."""
    placed(ServiceFactory(), [900], at=NOON - 60 * MINUTE)

    assert forecasts_kept(now=NOON) == []
    assert forecasts_kept(now=NOON + timedelta(seconds=1))[0].held == 1


@pytest.mark.parametrize("forecast", [None, {"sample": 40, "p50_s": 1200, "p90_s": 3600}, {**FORECAST, "p10_s": None}])
def test_without_an_interval_there_is_nothing_to_hold(forecast):
    placed(ServiceFactory(), [1200], forecast=forecast)

    assert forecasts_kept(now=NOON) == []


def test_ninety_days_are_looked_at():
    placed(ServiceFactory(), [1200], at=NOON - 90 * DAY)

    assert forecasts_kept(now=NOON) == []


def test_services_are_counted_apart_in_one_query(django_assert_num_queries):
    much, little = ServiceFactory(), ServiceFactory()
    placed(much, [1200, 1200, 60])
    placed(little, [60])

    with django_assert_num_queries(1):
        kept = forecasts_kept(now=NOON)

    assert [(each.service_id, each.percent) for each in kept] == [(much.pk, 66), (little.pk, 0)]


class TestPage:
    @pytest.mark.parametrize("group", ["owner", "support", "finance"])
    def test_each_group_reads_shares_and_numbers(self, client, staff, queries_of, group):
        service = ServiceFactory()
        placed(service, [1200, 1200, 60, 4000], at=timezone.now() - DAY)
        staff(group)
        one = queries_of(PAGE)
        placed(ServiceFactory(), [1200], at=timezone.now() - DAY)

        page = client.get(PAGE).content.decode()

        assert queries_of(PAGE) == one
        assert f"{service.name}: 50 % of 4, aim 80 %" in page
        assert "All services: 60 % of 5, aim 80 %" in page

    def test_before_anything_came_due_it_says_when_something_will(self, client, staff):
        staff("support")

        assert "No forecast has come due yet" in client.get(PAGE).content.decode()

    def test_a_customer_does_not_get_in(self, client, staff):
        staff("customer")

        assert client.get(PAGE).status_code == 302
