"""What a customer may expect of an order, before and after paying: one list for form, page, mail and API (R5).

It explains and decides nothing: what it says about money is decided by `refunds`, about time forecast by `forecasts`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from policies.rules.clauses import Params, Reason, Value, parameter
from policies.rules.clauses import refund as clause
from policies.rules.forecasts import Forecast


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """The terms of an order, as its service offers them or as they were frozen when it was placed.

    parts: how many runs it is sent in. tolerance: units. refill_days: 0 is for life, None not stated. refill_max:
    times. refill_cap_percent: of the quantity, all refills together. platform, metric: words of the vocabulary.
    pace: units an hour as the service states it, None where it states none. drip_interval: minutes between two parts
    where the customer chose them, None where the service does. daily_cap: units that one link gets in any 24 hours.
    """

    units: int
    package: bool
    instant: bool
    parts: int
    tolerance: int
    refill: bool
    refill_days: int | None
    refill_max: int | None
    refill_cap_percent: int | None
    platform: str
    metric: str
    forecast: Forecast | None
    pace: int | None
    drip_interval: int | None
    daily_cap: int | None


def expectations(order: OrderTerms, *, params: Params) -> tuple[Reason, ...]:
    """How it is delivered, how long that takes, how exact it is, what holds afterwards, and what it does not bring."""
    return (
        _delivery(order),
        *_daily_cap(order),
        *_start(order.forecast),
        _speed(order.forecast, order.pace),
        _exactness(order),
        *_refill(order, params),
        Reason(clause.PLATFORMS, "expect_platform", {"platform": order.platform}),
        Reason(clause.VISIBILITY_ONLY, "expect_visibility", {"metric": order.metric}),
        Reason(clause.OUTSIDE_FACTORS, "expect_results", {"platform": order.platform}),
    )


def _delivery(order: OrderTerms) -> Reason:
    if order.instant:
        return Reason(clause.NOT_INSTANT, "expect_instant", {})
    if order.parts == 1:
        return Reason(clause.GRADUAL, "expect_gradual", {})
    if order.drip_interval is None:
        return Reason(clause.GRADUAL, "expect_gradual_parts", {"parts": order.parts})
    chosen: Mapping[str, Value] = {"parts": order.parts, "minutes": order.drip_interval}
    return Reason(clause.GRADUAL, "expect_drip", chosen)


def _daily_cap(order: OrderTerms) -> Iterator[Reason]:
    if order.daily_cap is not None:
        yield Reason(clause.NO_SPIKES, "expect_daily_cap", {"cap": order.daily_cap})


def _start(forecast: Forecast | None) -> Iterator[Reason]:
    if forecast is None or forecast.start_p50_s is None or forecast.start_p90_s is None:
        return
    facts: Mapping[str, Value] = {
        "sample": forecast.sample,
        "start_p50_s": forecast.start_p50_s,
        "start_p90_s": forecast.start_p90_s,
    }
    yield Reason(clause.START, "expect_start", facts)


def _speed(forecast: Forecast | None, pace: int | None) -> Reason:
    """A pace that is stated and was never measured is told as what it is, and no end is reckoned from it (R13)."""
    if forecast is None:
        stated: Mapping[str, Value] = {"pace": pace} if pace else {}
        return Reason(clause.SPEED_VARIES, "expect_stated_pace" if pace else "expect_no_forecast", stated)
    facts: dict[str, Value] = {"sample": forecast.sample, "p50_s": forecast.p50_s, "p90_s": forecast.p90_s}
    if forecast.p10_s is None:
        return Reason(clause.SPEED_VARIES, "expect_forecast", facts)
    return Reason(clause.SPEED_VARIES, "expect_forecast_between", {**facts, "p10_s": forecast.p10_s})


def _exactness(order: OrderTerms) -> Reason:
    if order.package:
        return Reason(clause.UNDELIVERED_PART, "expect_package", {})
    if order.tolerance == 0:
        return Reason(clause.UNDELIVERED_PART, "expect_exact", {"units": order.units})
    return Reason(clause.MINOR_DIFFERENCE, "expect_tolerance", {"tolerance": order.tolerance, "units": order.units})


def _refill(order: OrderTerms, params: Params) -> Iterator[Reason]:
    if not order.refill:
        yield Reason(clause.NO_REFILL, "expect_no_refill", {})
        return
    drop = Decimal(parameter(params, "refill_min_drop_bp")).scaleb(-2).normalize()
    facts: dict[str, Value] = {"drop": f"{drop:f}", "hours": parameter(params, "refill_cooldown_h")}
    if order.refill_days is None:
        yield Reason(clause.REFILL_PERIOD, "expect_refill_unstated", facts)
    elif order.refill_days == 0:
        yield Reason(clause.REFILL_PERIOD, "expect_refill_lifetime", facts)
    else:
        yield Reason(clause.REFILL_PERIOD, "expect_refill", {**facts, "days": order.refill_days})
    if order.refill_max is not None:
        yield Reason(clause.REFILL_PERIOD, "expect_refill_max", {"times": order.refill_max})
    if order.refill_cap_percent is not None:
        yield Reason(clause.REFILL_PERIOD, "expect_refill_cap", {"percent": order.refill_cap_percent})
