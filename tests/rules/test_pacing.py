"""Runs of an order and the band its delivery should stay in."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.pacing import is_instant, plan, planned_band

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_default_order_is_one_run_due_now():
    (run,) = plan(quantity=1000, now=NOON)

    assert (run.number, run.quantity, run.due_at) == (1, 1000, NOON)


def test_a_run_size_splits_it_into_equal_parts_evenly_spaced():
    """R17: R16, "refund.4.1"."""
    runs = plan(quantity=1000, now=NOON, run_size=300, interval=HOUR)

    assert [run.quantity for run in runs] == [250, 250, 250, 250]
    assert [run.due_at - NOON for run in runs] == [0 * HOUR, HOUR, 2 * HOUR, 3 * HOUR]


@given(st.integers(1, 10**6), st.integers(1, 10**4).flatmap(lambda n: st.just(n)), st.integers(0, 10**5))
def test_any_plan_is_whole_capped_and_even(quantity, parts, seconds):
    """R16 to R18, "refund.4.2": the sum is the quantity, no run is above its size, spacing never shrinks."""
    run_size = -(-quantity // parts)
    runs = plan(quantity=quantity, now=NOON, run_size=run_size, interval=timedelta(seconds=seconds))

    assert sum(run.quantity for run in runs) == quantity
    assert all(0 < run.quantity <= run_size for run in runs)
    assert max(run.quantity for run in runs) - min(run.quantity for run in runs) <= 1
    assert {b.due_at - a.due_at for a, b in itertools.pairwise(runs)} <= {timedelta(seconds=seconds)}
    assert [run.number for run in runs] == list(range(1, len(runs) + 1))


@pytest.mark.parametrize(
    ("quantity", "run_size", "interval"), [(0, None, None), (10, 0, HOUR), (10, 5, None), (10, 5, -HOUR)]
)
def test_a_plan_that_makes_no_sense_is_an_error(quantity, run_size, interval):
    with pytest.raises(ValueError, match=r"."):
        plan(quantity=quantity, now=NOON, run_size=run_size, interval=interval)


class TestPlannedBand:
    def test_reaches_the_whole_quantity_early_as_expected_and_late(self):
        """ "refund.2.3": delivery may start at once or later within the window."""
        band = planned_band(runs=plan(quantity=1000, now=NOON), pace=500, start_window=2 * HOUR)
        done = {
            edge: next(p.at for p in band if getattr(p, edge) == 1000) for edge in ("earliest", "expected", "latest")
        }

        assert (band[0].earliest, band[0].latest) == (0, 0)
        assert band[-1].at == NOON + 6 * HOUR
        assert (done["earliest"] - NOON, done["expected"] - NOON, done["latest"] - NOON) == (
            2 * HOUR,
            3 * HOUR,
            6 * HOUR,
        )

    def test_waits_for_each_run_of_a_drip_feed(self):
        runs = plan(quantity=100, now=NOON, run_size=50, interval=10 * HOUR)
        band = planned_band(runs=runs, pace=50, start_window=timedelta(0))

        assert {point.expected for point in band if NOON + 2 * HOUR <= point.at <= NOON + 10 * HOUR} == {50}

    @pytest.mark.parametrize("pace", [None, 0])
    def test_is_empty_where_the_service_states_no_pace(self, pace):
        assert planned_band(runs=plan(quantity=100, now=NOON), pace=pace, start_window=HOUR) == ()

    @given(st.integers(1, 10**6), st.integers(1, 10**5), st.integers(0, 10**5))
    def test_never_falls_and_stays_in_order(self, quantity, pace, window):
        band = planned_band(runs=plan(quantity=quantity, now=NOON), pace=pace, start_window=timedelta(seconds=window))

        assert all(0 <= p.latest <= p.expected <= p.earliest <= quantity for p in band)
        assert all(a.latest <= b.latest and a.earliest <= b.earliest for a, b in itertools.pairwise(band))
        assert band[-1].latest == quantity


@pytest.mark.parametrize(
    ("flagged", "description", "instant"),
    [
        (True, "Instant start, public posts only.", True),
        (True, "Starts instantly.", True),
        (True, "Gradual.", False),
        (False, "Instant start.", False),
        (True, "An instantaneous-sounding word is no statement.", False),
    ],
)
def test_instant_is_said_only_where_the_description_says_it(flagged, description, instant):
    """R19, "refund.4.3"."""
    assert is_instant(flagged=flagged, description=description) is instant
