"""What an order that was placed may be expected to do, by the terms that were frozen with it: no query of its own."""

import policies.operations as policies
from orders.models import Order
from policies.rules import expectations, refunds
from policies.rules.clauses import Reason
from policies.rules.forecasts import Forecast
from policies.rules.vocabulary import ServiceType


def expectations_of(order: Order, *, parts: int) -> tuple[Reason, ...]:
    """What its form showed before it was paid (R5). parts: how many runs it was split into."""
    return expectations.expectations(_terms(order, parts), params=policies.params_of(order.refund_policy_id))


def forecast_of(order: Order) -> Forecast | None:
    """What like orders took when it was placed; None: there was not enough data."""
    return Forecast(**order.forecast) if order.forecast else None


def conditions_of(order: Order) -> tuple[refunds.Condition, ...]:
    """When it would give money back and how much, as its form showed it (R4)."""
    return refunds.refund_conditions(
        units=order.units,
        charge=order.charge,
        tolerance=order.tolerance,
        package=ServiceType(order.type).is_package,
        refill=order.refill,
        cancel=order.cancel,
        params=policies.params_of(order.refund_policy_id),
    )


def _terms(order: Order, parts: int) -> expectations.OrderTerms:
    return expectations.OrderTerms(
        units=order.units,
        package=ServiceType(order.type).is_package,
        instant=order.instant,
        parts=parts,
        tolerance=order.tolerance,
        refill=order.refill,
        refill_days=order.refill_days,
        refill_max=order.refill_max,
        refill_cap_percent=order.refill_cap_percent,
        platform=order.platform,
        metric=order.metric,
        forecast=forecast_of(order),
        pace=order.pace_per_hour,
        drip_interval=order.run_interval_minutes if order.drip_runs else None,
        daily_cap=order.daily_cap,
    )
