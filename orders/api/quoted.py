"""A quote as API v2 spells it: all that the form shows of it, in the same words and numbers (R5, R50)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from orders.api.wire import money
from orders.operations.quotes import Shown
from orders.operations.quoting import Terms
from policies import wording
from policies.rules import refunds

NOT_ENOUGH_DATA = "not enough data"


def answer(shown: Shown, price: Decimal, terms: Terms) -> dict[str, Any]:
    """What an order would cost and mean, and the token that `add` is held to."""
    order = terms.order
    return {
        "quote": shown.token,
        "id": str(shown.id),
        "sha256": shown.sha256,
        "expires": _instant(shown.expires_at),
        "charge": money(price),
        "currency": settings.CURRENCY,
        "plan": _plan(terms),
        "expected_start": _expected_start(terms),
        "expected_end": _expected_end(terms),
        "tolerance": str(terms.tolerance),
        "refill": _refill(terms) if order.refill else None,
        "expectations": [wording.reason(reason) for reason in terms.expectations],
        "refund_conditions": [_condition(each) for each in terms.conditions],
    }


def _plan(terms: Terms) -> dict[str, str | None]:
    """The parts, the minutes between two, the most a link gets in 24 hours, and who goes first on it; null: none."""
    return {
        "parts": str(len(terms.plan.runs)),
        "largest_part": str(max(run.quantity for run in terms.plan.runs)),
        "last_part_at": _instant(terms.plan.runs[-1].due_at),
        "interval_minutes": None if terms.plan.interval_minutes is None else str(terms.plan.interval_minutes),
        "daily_cap": None if terms.order.daily_cap is None else str(terms.order.daily_cap),
        "orders_ahead": str(terms.ahead),
    }


def _expected_end(terms: Terms) -> dict[str, str] | str:
    """When a tenth, half and nine in ten of such orders end, and of how many that is known; words where it is not."""
    if terms.forecast is None or terms.likely_end is None or terms.late_end is None:
        return NOT_ENOUGH_DATA
    early = {"one_in_ten_by": _instant(terms.ends.from_at)} if terms.ends else {}
    return {
        **early,
        "half_by": _instant(terms.likely_end),
        "nine_in_ten_by": _instant(terms.late_end),
        "sample": str(terms.forecast.sample),
    }


def _expected_start(terms: Terms) -> dict[str, str] | str:
    if terms.forecast is None or terms.starts is None:
        return NOT_ENOUGH_DATA
    return {
        "one_in_ten_by": _instant(terms.starts.from_at),
        "half_by": _instant(terms.starts.half_at),
        "nine_in_ten_by": _instant(terms.starts.to_at),
        "sample": str(terms.forecast.sample),
    }


def _refill(terms: Terms) -> dict[str, str | None]:
    """The window in days ("0": for life), how often, and up to which percent of the quantity; null: not stated."""
    order = terms.order
    stated = {"days": order.refill_days, "max": order.refill_max, "cap_percent": order.refill_cap_percent}
    return {name: None if number is None else str(number) for name, number in stated.items()}


def _condition(condition: refunds.Condition) -> dict[str, str]:
    return {
        "when": wording.reason(condition.reason),
        "refund": money(condition.amount),
        "clause": condition.reason.clause.id,
    }


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
