"""What forecasts are read from: measured over what was completed lately, by service and size (R13)."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from orders.models import Order, Run, Sample, Service, ServiceHistory
from orders.operations import history
from policies.rules.forecasts import size_of
from policies.rules.vocabulary import Cause
from tests.factories import NOON, OrderFactory, ServiceFactory
from tests.past_the_guards import past_the_guards

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def service() -> Service:
    return ServiceFactory()


def completed(service: Service, minutes: Iterable[int], *, units: int = 1000, ended=NOON) -> None:
    """Orders that took so many minutes, ended one after the other up to `ended`: copies of one that was placed."""
    pattern = OrderFactory(service=service, at=NOON)
    rows = []
    for nth, took in enumerate(minutes):
        at = ended - nth * timedelta(seconds=1)
        row = Order.objects.get(pk=pattern.pk)
        row.pk, row.request_key, row.units, row.quantity = None, None, units, units
        row.placed_at, row.ended_at = at - took * MINUTE, at
        row.status, row.cause = "completed", Cause.ALL_DELIVERED.value
        rows.append(row)
    Order.objects.bulk_create(rows)


def known(service: Service) -> dict[int, tuple[int, int, int]]:
    """By size: sample, and the two times in minutes."""
    return {
        each.size: (each.sample, each.p50_s // 60, each.p90_s // 60)
        for each in ServiceHistory.objects.filter(service=service)
    }


def test_half_and_nine_in_ten_are_times_that_orders_took(service: Service):
    completed(service, range(1, 11))

    assert history.measure(now=NOON) == 1
    assert known(service) == {9: (10, 5, 9)}


def test_the_interval_of_eight_in_ten_is_measured_too(service: Service):
    """R13: one in ten took no longer than its early edge."""
    completed(service, range(1, 21))
    history.measure(now=NOON)

    measured = ServiceHistory.objects.get()
    assert [each // 60 for each in (measured.p10_s, measured.p50_s, measured.p90_s)] == [2, 10, 18]


def test_delivery_begins_where_progress_was_first_seen(service: Service):
    """R12: the first sample of any part; for what was never seen on its way, the end is the first that was seen."""
    completed(service, [60] * 3)
    slow, quick, odd = Order.objects.filter(status="completed").order_by("pk")
    for order, seen in ((slow, [(1, 30), (2, 20), (2, 50)]), (quick, [(1, 5), (2, 40)]), (odd, [(1, 600)])):
        parts = {
            number: Run.objects.create(
                order=order, number=number, quantity=500, provider=order.provider, provider_service="1"
            )
            for number in (1, 2)
        }
        for number, minutes in seen:
            Sample.objects.create(run=parts[number], at=order.placed_at + minutes * MINUTE, delivered=10)
    refill = Run.objects.create(
        order=slow, number=1, kind="refill", quantity=9, provider=slow.provider, provider_service="1"
    )
    Sample.objects.create(run=refill, at=slow.placed_at, delivered=1)

    history.measure(now=NOON)

    measured = ServiceHistory.objects.get()
    starts = (measured.start_p10_s, measured.start_p50_s, measured.start_p90_s)
    assert [each // 60 for each in starts] == [5, 20, 60]


@pytest.mark.parametrize("units", [1, 2, 3, 4, 1023, 1024, 65_535, 65_536, 2**31 - 1])
def test_the_database_and_the_rule_agree_on_a_size(service: Service, units: int):
    completed(service, [1], units=units)
    history.measure(now=NOON)

    assert list(known(service)) == [size_of(units)]


def test_sizes_and_services_are_kept_apart(service: Service):
    other = ServiceFactory()
    completed(service, [1, 1], units=100)
    completed(service, [9], units=1000)
    completed(other, [5], units=1000)

    history.measure(now=NOON)

    assert (known(service), known(other)) == ({6: (2, 1, 1), 9: (1, 9, 9)}, {9: (1, 5, 5)})


def test_only_what_was_completed_in_the_last_ninety_days_counts(service: Service):
    completed(service, [1], ended=NOON - 90 * DAY + timedelta(seconds=1))
    completed(service, [60], ended=NOON - 90 * DAY)
    completed(service, [60], ended=NOON + timedelta(seconds=1))
    with past_the_guards():
        Order.objects.filter(status="queued").update(
            status="partial", cause=Cause.PROVIDER_ENDED.value, ended_at=NOON, placed_at=NOON - DAY
        )

    history.measure(now=NOON)

    assert known(service) == {9: (1, 1, 1)}


def test_the_newest_of_a_size_count(service: Service, monkeypatch):
    monkeypatch.setattr(history, "NEWEST", 10)
    completed(service, [*[1] * 10, *[60] * 10])

    history.measure(now=NOON)

    assert known(service) == {9: (10, 1, 1)}


def test_measuring_again_replaces_and_forgets(service: Service):
    completed(service, [1])
    history.measure(now=NOON)
    completed(service, [3], units=100, ended=NOON + 60 * DAY)

    history.measure(now=NOON + 60 * DAY)
    assert known(service) == {9: (1, 1, 1), 6: (1, 3, 3)}
    history.measure(now=NOON + 100 * DAY)
    assert known(service) == {6: (1, 3, 3)}


def test_a_pass_that_began_earlier_overwrites_nothing_newer(service: Service):
    """X1: ticks may overlap."""
    completed(service, [1], ended=NOON)
    completed(service, [3], ended=NOON + DAY)

    history.measure(now=NOON + DAY)
    history.measure(now=NOON)

    assert known(service) == {9: (2, 1, 3)}


def test_it_costs_the_same_statements_for_one_service_and_for_ten(service: Service, django_assert_num_queries):
    for _ in range(9):
        completed(ServiceFactory(), [1])

    with django_assert_num_queries(4):  # begin, measure, forget, commit
        history.measure(now=NOON)
