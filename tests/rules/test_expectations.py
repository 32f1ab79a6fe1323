"""What may be expected of an order: from its terms alone, each with its clause."""

from dataclasses import replace

import pytest

from policies.rules.expectations import OrderTerms, expectations
from policies.rules.forecasts import Forecast

TERMS = OrderTerms(
    units=1000,
    package=False,
    instant=False,
    parts=1,
    tolerance=20,
    refill=True,
    refill_days=30,
    refill_max=None,
    refill_cap_percent=None,
    platform="tiktok",
    metric="followers",
    forecast=Forecast(3600, 7200, 40, p10_s=1800, start_p10_s=60, start_p50_s=300, start_p90_s=900),
    pace=500,
    drip_interval=None,
    daily_cap=None,
)


def told(params=None, **changes):
    reasons = expectations(replace(TERMS, **changes), params=params or {})
    return {reason.finding: (reason.clause.id, dict(reason.facts)) for reason in reasons}


def test_all_of_it_comes_in_the_order_a_customer_reads_it():
    """R5, R46, R49, R50: delivery, time, exactness, refill, platform, what it is and what comes of it."""
    assert list(told().items()) == [
        ("expect_gradual", ("refund.4.1", {})),
        ("expect_start", ("refund.2.3", {"sample": 40, "start_p50_s": 300, "start_p90_s": 900})),
        ("expect_forecast_between", ("refund.3.1", {"sample": 40, "p50_s": 3600, "p90_s": 7200, "p10_s": 1800})),
        ("expect_tolerance", ("refund.7.2", {"tolerance": 20, "units": 1000})),
        ("expect_refill", ("refund.8.1", {"days": 30, "drop": "5", "hours": 24})),
        ("expect_platform", ("refund.9.1", {"platform": "tiktok"})),
        ("expect_visibility", ("refund.10.1", {"metric": "followers"})),
        ("expect_results", ("refund.10.2", {"platform": "tiktok"})),
    ]


@pytest.mark.parametrize(
    ("changes", "finding", "clause"),
    [
        ({"instant": True}, "expect_instant", "refund.4.3"),
        ({"parts": 4}, "expect_gradual_parts", "refund.4.1"),
        ({"forecast": None}, "expect_stated_pace", "refund.3.1"),
        ({"forecast": None, "pace": None}, "expect_no_forecast", "refund.3.1"),
        (
            {"forecast": Forecast(3600, 7200, 40)},
            "expect_forecast",
            "refund.3.1",
        ),  # an order of before starts were noted
        ({"package": True, "tolerance": 0}, "expect_package", "refund.7.3"),
        ({"tolerance": 0}, "expect_exact", "refund.7.3"),
        ({"parts": 4, "drip_interval": 90}, "expect_drip", "refund.4.1"),
        ({"daily_cap": 5000}, "expect_daily_cap", "refund.4.2"),
        ({"refill_days": 0}, "expect_refill_lifetime", "refund.8.1"),
        ({"refill_days": None}, "expect_refill_unstated", "refund.8.1"),
        ({"refill": False}, "expect_no_refill", "refund.8.2"),
        ({"refill_max": 3}, "expect_refill_max", "refund.8.1"),
        ({"refill_cap_percent": 150}, "expect_refill_cap", "refund.8.1"),
    ],
)
def test_each_term_has_its_sentence(changes, finding, clause):
    assert told(**changes)[finding][0] == clause


def test_a_pace_that_is_only_stated_is_told_with_its_number_and_none_beside_a_forecast():
    """R13: what the source says is no measurement of ours."""
    assert told(forecast=None)["expect_stated_pace"][1] == {"pace": 500}
    assert "expect_stated_pace" not in told()


@pytest.mark.parametrize("forecast", [None, Forecast(3600, 7200, 40)])
def test_nothing_is_said_of_a_start_that_nobody_knows(forecast):
    """R12."""
    assert "expect_start" not in told(forecast=forecast)


def test_the_numbers_are_those_of_the_version():
    told_then = told({"refill_min_drop_bp": 250, "refill_cooldown_h": 12})

    assert told_then["expect_refill"][1] == {"days": 30, "drop": "2.5", "hours": 12}
    assert told({"refill_min_drop_bp": 1000})["expect_refill"][1]["drop"] == "10"


def test_nothing_is_promised_of_a_refill_that_the_service_has_not():
    assert not [finding for finding in told(refill=False, refill_max=3) if finding.startswith("expect_refill")]
