"""When a standstill becomes a complete failure (refund.6.3, decision 22)."""

from datetime import datetime, timedelta

from policies.rules.clauses import Params, parameter


def fails_at(*, progressed_at: datetime, params: Params) -> datetime:
    """The first instant at which an order without progress since `progressed_at` has completely failed (R37)."""
    return progressed_at + timedelta(hours=parameter(params, "fail_after_h"))


def has_stalled(*, progressed_at: datetime, now: datetime, params: Params) -> bool:
    """Whether the time without progress is over (refund.6.3); at the very instant it is."""
    return now >= fails_at(progressed_at=progressed_at, params=params)
