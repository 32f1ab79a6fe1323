"""What a provider says an order costs us, beside what its list says: told to staff, never to the customer's cost."""

from decimal import Decimal, InvalidOperation

SLACK = Decimal("0.01")  # of the listed cost, and at least this many units of currency: providers round


def dearer(said: object, *, listed: Decimal) -> Decimal | None:
    """The charge of a report where it is clearly above the listed cost, None where it is not, or is no number."""
    try:
        charge = Decimal(str(said))
    except InvalidOperation:
        return None
    clearly = charge.is_finite() and charge > listed + max(SLACK, SLACK * listed)
    return charge if clearly else None
