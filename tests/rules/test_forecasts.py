"""When an order will probably be done, and when standing still becomes a failure."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.rules.forecasts import Forecast, Measured, Window, expected_end, from_history, size_of
from policies.rules.interruptions import fails_at, has_stalled

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("delivered", "started", "pace", "expected"),
    [
        (500, NOON - 2 * HOUR, None, NOON + 2 * HOUR),  # its own speed
        (500, NOON - 2 * HOUR, 10, NOON + 2 * HOUR),  # its own speed outweighs the stated pace
        (20, NOON - HOUR, None, NOON + 49 * HOUR),  # a fiftieth is just enough
        (19, NOON - HOUR, None, None),  # not enough data
        (19, NOON - HOUR, 981, NOON + HOUR),  # then the stated pace
        (0, None, 500, NOON + 2 * HOUR),
        (0, None, None, None),
        (0, None, 0, None),
        (1000, NOON - HOUR, 500, None),  # nothing left
        (500, NOON, None, None),  # no time has passed
    ],
)
def test_the_forecast_comes_from_what_was_seen_or_not_at_all(delivered, started, pace, expected):
    """R13, R14; "refund.3.1", "refund.3.2": speed varies, and the forecast with it."""
    assert expected_end(units=1000, delivered=delivered, now=NOON, started_at=started, pace=pace) == expected


@pytest.mark.parametrize(
    ("delivered", "likely_end", "expected"),
    [
        (0, NOON + 3 * HOUR, NOON + 3 * HOUR),  # what like orders took outweighs the stated pace
        (0, NOON, NOON + 2 * HOUR),  # it is no forecast any more
        (500, NOON + 3 * HOUR, NOON + HOUR),  # its own speed outweighs both
    ],
)
def test_before_an_order_shows_its_own_speed_others_like_it_say(delivered, likely_end, expected):
    """R13."""
    end = expected_end(
        units=1000, delivered=delivered, now=NOON, started_at=NOON - HOUR, pace=500, likely_end=likely_end
    )

    assert end == expected


@pytest.mark.parametrize(
    ("since", "stalled"),
    [(72 * HOUR - timedelta(seconds=1), False), (72 * HOUR, True), (72 * HOUR + timedelta(seconds=1), True)],
)
def test_three_days_without_progress_are_a_complete_failure(since, stalled):
    """R37, "refund.6.3"."""
    assert has_stalled(progressed_at=NOON - since, now=NOON, params={}) is stalled


def test_a_version_may_name_another_time():
    assert fails_at(progressed_at=NOON, params={"fail_after_h": 24}) == NOON + 24 * HOUR


HISTORY = (Measured(6, 10, 600, 900), Measured(9, 9, 60, 90), Measured(10, 200, 3600, 7200))


class TestFromHistory:
    """R13, field row 9: p50 and p90 with the sample size, or nothing."""

    @pytest.mark.parametrize(
        ("units", "forecast"),
        [
            (63, None),  # never measured
            (64, Forecast(600, 900, 10)),  # ten are just enough
            (127, Forecast(600, 900, 10)),
            (1000, None),  # nine are not
            (1024, Forecast(3600, 7200, 200)),
        ],
    )
    def test_orders_of_about_this_size_say_it_or_nobody(self, units, forecast):
        assert from_history(units=units, history=HISTORY) == forecast

    def test_start_and_end_are_intervals_of_eight_in_ten_from_when_it_was_placed(self):
        """R12, R13: one in ten came before, one in ten after."""
        measured = Measured(6, 10, 600, 900, p10_s=300, start_p10_s=10, start_p50_s=20, start_p90_s=60)
        forecast = from_history(units=64, history=[measured])

        assert forecast.starts(placed_at=NOON) == Window(*(NOON + timedelta(seconds=s) for s in (10, 20, 60)))
        assert forecast.ends(placed_at=NOON) == Window(*(NOON + timedelta(seconds=s) for s in (300, 600, 900)))

    def test_what_was_not_measured_is_no_interval(self):
        forecast = from_history(units=64, history=HISTORY)

        assert (forecast.starts(placed_at=NOON), forecast.ends(placed_at=NOON)) == (None, None)

    @pytest.mark.parametrize(("units", "size"), [(1, 0), (2, 1), (3, 1), (4, 2), (1023, 9), (1024, 10), (2**31, 31)])
    def test_sizes_are_powers_of_two(self, units, size):
        assert size_of(units) == size

    def test_no_units_have_no_size(self):
        with pytest.raises(ValueError, match="0 units"):
            size_of(0)
