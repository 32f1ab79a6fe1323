"""Amounts: what an order costs, what is earned of it, whose rate counts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules import money, pricing
from policies.rules.vocabulary import ServiceType

RATES = st.decimals("0", "100000", places=5)


@pytest.mark.parametrize(
    ("rate", "units", "charge"),
    [("0.90", 1000, "0.90000"), ("0.27819", 1, "0.00028"), ("0.00001", 1, "0.00001"), ("0", 1000, "0"), ("5", 0, "0")],
)
def test_a_charge_is_rounded_up(rate, units, charge):
    assert money.charge(rate=Decimal(rate), units=units) == Decimal(charge)


@pytest.mark.parametrize(("delivered", "earned"), [(0, "0"), (1, "0.00027"), (843, "0.23451"), (1000, "0.27819")])
def test_what_is_earned_is_rounded_down(delivered, earned):
    assert money.earned(charge=Decimal("0.27819"), delivered=delivered, units=1000) == Decimal(earned)


@pytest.mark.parametrize("shape", [money.ZERO, money.charge(rate=Decimal("1E+1"), units=3)])
def test_amounts_have_five_decimals(shape):
    assert shape.as_tuple().exponent == -5


@given(RATES, st.integers(0, 10**7))
def test_a_charge_is_never_below_the_exact_price_nor_a_part_above_it(rate, units):
    exact = rate * units / 1000

    assert exact <= money.charge(rate=rate, units=units) < exact + Decimal("0.00001")


@given(RATES, st.integers(1, 10**6), st.data())
def test_earnings_only_grow_with_what_is_delivered(charge, units, data):
    less, more = sorted((data.draw(st.integers(0, units)), data.draw(st.integers(0, units))))
    first, second = (money.earned(charge=charge, delivered=each, units=units) for each in (less, more))

    assert 0 <= first <= second <= charge


@pytest.mark.parametrize(
    ("call", "facts"),
    [
        (money.charge, {"rate": Decimal("0.000001"), "units": 1}),
        (money.charge, {"rate": Decimal(-1), "units": 1}),
        (money.charge, {"rate": Decimal(1), "units": -1}),
        (money.package_charge, {"rate": Decimal("0.000001")}),
        (money.earned, {"charge": Decimal(1), "delivered": 2, "units": 1}),
        (money.earned, {"charge": Decimal(1), "delivered": -1, "units": 1}),
        (money.earned, {"charge": Decimal(1), "delivered": 0, "units": 0}),
    ],
)
def test_what_is_no_amount_is_an_error(call, facts):
    with pytest.raises(ValueError, match=r"."):
        call(**facts)


@pytest.mark.parametrize(
    ("own", "group", "rate"), [("1", "2", "1"), ("0", "2", "0"), (None, "2", "2"), (None, "0", "0"), (None, None, "3")]
)
def test_the_customers_own_rate_comes_first_then_the_groups(own, group, rate):
    """Decision 19."""
    own, group = (None if each is None else Decimal(each) for each in (own, group))

    assert pricing.rate_for(own=own, group=group, service=Decimal(3)) == Decimal(rate)


@pytest.mark.parametrize(
    ("service_type", "price"),
    [
        (ServiceType.DEFAULT, "0.00300"),
        (ServiceType.CUSTOM_COMMENTS, "0.00300"),
        (ServiceType.PACKAGE, "1.50"),
        (ServiceType.CUSTOM_COMMENTS_PACKAGE, "1.50"),
    ],
)
def test_a_package_has_one_price_and_the_rest_a_rate_per_thousand(service_type, price):
    assert pricing.price(service_type=service_type, rate=Decimal("1.50"), units=2) == Decimal(price)
