"""How often live runs are looked at: fresh ones and those about to end more often, still ones less (performance 1)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.rules.delivery import Tier, check_interval, resting_since, tier_after_progress

FAST, STEADY, STILL = Tier.FAST, Tier.STEADY, Tier.STILL
TIERS = st.sampled_from(Tier)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("tier", "seconds"), [(FAST, 30), (STEADY, 240), (STILL, 1800)])
def test_the_intervals_of_a_default_installation(tier, seconds):
    assert check_interval(tier, fastest=30) == seconds


def test_a_run_without_units_is_looked_at_less_after_ten_minutes_and_after_three_hours():
    """How the looks apply it: tests/orders/test_checking.py."""
    assert resting_since(NOON) == (NOON - timedelta(minutes=10), NOON - timedelta(hours=3))


@pytest.mark.parametrize(
    ("tier", "quantity", "before", "delivered", "seconds", "after"),
    [
        (STILL, 1000, 0, 1, 1800, STEADY),
        (STILL, 1000, 0, 999, 1800, FAST),
        (STEADY, 1000, 0, 200, 240, STEADY),  # 16 minutes left
        (STEADY, 1000, 0, 250, 240, FAST),  # 12 minutes left
        (FAST, 1000, 0, 20, 30, FAST),  # 24.5 minutes left, and it is fast already
        (FAST, 1000, 0, 10, 30, STEADY),
        (FAST, 1000, 999, 1000, 30, FAST),
    ],
)
def test_a_run_that_moves_is_looked_at_by_its_end(tier, quantity, before, delivered, seconds, after):
    moved = tier_after_progress(tier, quantity=quantity, before=before, delivered=delivered, seconds=seconds)

    assert moved is after


@given(TIERS, st.integers(1, 10**6), st.data(), st.floats(0, 3600))
def test_less_to_do_at_the_same_pace_never_makes_a_run_slower(tier, quantity, data, seconds):
    gained = data.draw(st.integers(1, quantity))
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, quantity - gained)] * 2)))

    def tier_at(before):
        return tier_after_progress(tier, quantity=quantity, before=before, delivered=before + gained, seconds=seconds)

    assert tier_at(second) <= tier_at(first)


@given(TIERS, st.integers(2, 10**6), st.data(), st.floats(1, 3600))
def test_an_even_pace_does_not_send_a_run_to_and_fro(tier, quantity, data, seconds):
    """Once it is found to be near its end it stays there, until it ends or rests."""
    gained = data.draw(st.integers(1, quantity))
    before = data.draw(st.integers(0, quantity - gained))
    facts = {"quantity": quantity, "seconds": seconds}
    now = tier_after_progress(tier, before=before, delivered=before + gained, **facts)
    assume(before + 2 * gained <= quantity)

    then = tier_after_progress(now, before=before + gained, delivered=before + 2 * gained, **facts)

    assert then <= now


@given(TIERS, st.integers(1, 600))
def test_a_slower_tier_has_a_longer_interval(tier, fastest):
    intervals = [check_interval(each, fastest=fastest) for each in Tier]

    assert intervals == sorted(set(intervals))
    assert check_interval(tier, fastest=fastest) >= fastest
