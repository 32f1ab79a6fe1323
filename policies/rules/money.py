"""Amounts of money: what an order costs, what the shop has earned of it. Decimals of scale 5 (decision 17)."""

from decimal import Decimal

SCALE = 5
ZERO = Decimal("0.00000")


def charge(*, rate: Decimal, units: int) -> Decimal:
    """What `units` cost at `rate` per 1000, rounded up. Raises ValueError for a negative or finer-scaled input."""
    return _amount(-(-_parts(rate) * _count(units) // 1000))


def package_charge(*, rate: Decimal) -> Decimal:
    """What a package costs: its rate is its whole price."""
    return _amount(_parts(rate))


def earned(*, charge: Decimal, delivered: int, units: int) -> Decimal:
    """What the shop has earned of `charge` with `delivered` of `units`, rounded down.

    Raises ValueError unless 0 <= delivered <= units and units > 0.
    """
    if not 0 <= delivered <= units or units == 0:
        raise ValueError(f"{delivered} delivered of {units}")
    return _amount(_parts(charge) * delivered // units)


def _parts(amount: Decimal) -> int:
    """An amount as a whole number of its smallest part, so that every rounding is one that is written down."""
    scaled = amount.scaleb(SCALE)
    parts = int(scaled)
    if parts != scaled or parts < 0:
        raise ValueError(f"{amount} is negative or finer than {SCALE} decimals")
    return parts


def _amount(parts: int) -> Decimal:
    return Decimal(parts).scaleb(-SCALE)


def _count(units: int) -> int:
    if units < 0:
        raise ValueError(f"{units} units")
    return units
