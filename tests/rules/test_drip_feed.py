"""Drip-feed by the customer: one below, at and one above each bound (R17), and any plan under a cap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules import pacing
from policies.rules.drip_feed import Drip, Permitted, check_drip, is_offered
from policies.rules.vocabulary import ServiceType

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PERMITTED = Permitted(
    offered=True,
    minimum=10,
    run_size=250,
    interval_minutes=60,
    daily_cap=1000,
)
FINE = Drip(5, 360)
DRIPS = (FINE, Drip(None, 360), Drip(5, None), Drip(5, 1), Drip(101, 1441))


def refused(drip=FINE, part=100, **changes):
    return [(each.field, each.code) for each in check_drip(drip, part=part, permitted=replace(PERMITTED, **changes))]


def test_what_is_permitted_is_not_refused():
    assert refused() == []


@pytest.mark.parametrize(
    ("drip", "part", "changes", "found"),
    [
        (FINE, 100, {"offered": False}, [("runs", "drip_feed_not_offered")]),
        (Drip(None, 360), 100, {}, [("runs", "runs_out_of_range")]),
        (Drip(1, 360), 100, {}, [("runs", "runs_out_of_range")]),
        (Drip(2, 360), 100, {}, []),
        (Drip(100, 360), 100, {}, []),
        (Drip(31, 1440), 100, {}, []),
        (Drip(32, 1440), 100, {}, [("interval", "drip_feed_too_long")]),
        (Drip(100, 436), 100, {}, []),
        (Drip(100, 437), 100, {}, [("interval", "drip_feed_too_long")]),
        (Drip(101, 360), 100, {}, [("runs", "runs_out_of_range")]),
        (Drip(5, None), 100, {}, [("interval", "interval_out_of_range")]),
        (Drip(5, 1440), 100, {}, []),
        (Drip(5, 1441), 100, {}, [("interval", "interval_out_of_range")]),
        (Drip(5, 0), 100, {"run_size": None, "daily_cap": None}, [("interval", "interval_out_of_range")]),
        (Drip(5, 1), 100, {"run_size": None, "daily_cap": None}, []),
        (Drip(5, 59), 10, {"daily_cap": None}, [("interval", "interval_too_short")]),
        (Drip(5, 60), 10, {"daily_cap": None}, []),
        (Drip(5, 143), 100, {}, [("interval", "interval_too_short")]),
        (Drip(5, 144), 100, {}, []),
        (FINE, 9, {}, [("quantity", "part_below_minimum")]),
        (FINE, 10, {}, []),
        (FINE, 250, {}, []),
        (FINE, 251, {"daily_cap": None}, [("quantity", "part_above_pace")]),
        (Drip(5, 1440), 200, {"daily_cap": 200}, []),
        (Drip(5, 1440), 201, {"daily_cap": 200}, [("quantity", "part_above_pace")]),
        (Drip(None, None), None, {}, [("runs", "runs_out_of_range"), ("interval", "interval_out_of_range")]),
    ],
)
def test_each_bound_is_kept_at_its_field(drip, part, changes, found):
    assert refused(drip, part, **changes) == found


def test_only_a_part_of_so_many_units_can_be_chosen():
    offered = [kind for kind in ServiceType if is_offered(flagged=True, service_type=kind)]

    assert offered == [ServiceType.DEFAULT]
    assert not is_offered(flagged=False, service_type=ServiceType.DEFAULT)


def busiest_day(runs):
    """The most units in any 24 hours; each such window may as well begin with a part."""
    return max(sum(run.quantity for run in runs if first.due_at <= run.due_at < first.due_at + DAY) for first in runs)


CAPS = st.integers(1, 5000)


@given(quantity=st.integers(1, 20_000), cap=CAPS, size=st.none() | st.integers(50, 5000), minutes=st.integers(0, 2000))
def test_no_day_of_any_plan_holds_more_than_the_cap(quantity, cap, size, minutes):
    """R17, R18."""
    cap = max(cap, quantity // 400)  # a plan of at most some hundred parts
    run_size, interval = pacing.under_cap(
        quantity=quantity, run_size=size, interval=timedelta(minutes=minutes) if size else None, daily_cap=cap
    )
    runs = pacing.plan(quantity=quantity, now=NOON, run_size=run_size, interval=interval)

    assert sum(run.quantity for run in runs) == quantity
    assert busiest_day(runs) <= cap


@given(part=st.integers(1, 2000), runs=st.integers(2, 100), minutes=st.integers(1, 1440), cap=CAPS)
def test_no_day_of_any_drip_that_is_permitted_holds_more_than_the_cap(part, runs, minutes, cap):
    """R17, R18."""
    permitted = replace(PERMITTED, minimum=1, run_size=None, daily_cap=cap)
    if check_drip(Drip(runs, minutes), part=part, permitted=permitted):
        return
    plan = pacing.plan(quantity=part * runs, now=NOON, run_size=part, interval=timedelta(minutes=minutes))

    assert {run.quantity for run in plan} == {part}
    assert len(plan) == runs
    assert busiest_day(plan) <= cap


def test_without_the_cap_the_same_check_finds_a_day_too_full():
    """The control."""
    runs = pacing.plan(quantity=5000, now=NOON, run_size=1000, interval=timedelta(hours=1))

    assert busiest_day(runs) > 1000
