"""How small a shortfall may be to count as a minor difference (refund.7.1, refund.7.2)."""

from policies.rules.clauses import Params, parameter

WHOLE_BP = 10_000


def tolerance_units(*, quantity: int, params: Params) -> int:
    """How many units may be missing (refund.7.1, decision 22).

    By default floor(min(max(2 %, 5 units), 10 % of the quantity)).
    """
    share = quantity * parameter(params, "tolerance_bp") // WHOLE_BP
    cap = quantity * parameter(params, "tolerance_cap_bp") // WHOLE_BP
    return min(max(share, parameter(params, "tolerance_min_units")), cap)


def within(*, missing: int, delivered: int, tolerance: int) -> bool:
    """Whether a shortfall is a minor difference (refund.7.2): never when nothing was delivered at all."""
    return delivered > 0 and missing <= tolerance
