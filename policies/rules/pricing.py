"""What a customer pays: which rate is theirs, and the price of an order at it (terms.3.2, decision 19)."""

from decimal import Decimal

from policies.rules import money
from policies.rules.vocabulary import ServiceType


def rate_for(*, own: Decimal | None, group: Decimal | None, service: Decimal) -> Decimal:
    """The rate per 1000 this customer pays (terms.3.2): their own, else their group's, else the service's."""
    if own is not None:
        return own
    return service if group is None else group


def price(*, service_type: ServiceType, rate: Decimal, units: int) -> Decimal:
    """What an order costs (terms.3.2). A package has one price, however many units a caller names."""
    if service_type.is_package:
        return money.package_charge(rate=rate)
    return money.charge(rate=rate, units=units)
