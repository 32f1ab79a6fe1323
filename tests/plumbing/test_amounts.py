"""Amounts and spans as people read them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from plumbing.templatetags.amounts import amount, count, span


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "$0.00"),
        ("1234.5", "$1,234.50"),
        ("0.27819", "$0.27819"),
        ("0.10000", "$0.10"),
        ("-3.4", "−$3.40"),
        ("0.00001", "$0.00001"),
        ("1000000", "$1,000,000.00"),
    ],
)
def test_an_amount_is_shown_exactly(value: str, shown: str):
    assert amount(Decimal(value)) == shown


def test_a_currency_without_a_symbol_is_named(settings):
    settings.CURRENCY = "KWD"

    assert amount(Decimal("2.5")) == "2.50 KWD"


def test_what_is_not_known_is_left_empty():
    assert (amount(None), count(None), span(None)) == ("", "", "")


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(0, "under 1 min"), (45, "45 min"), (200, "3 h 20 min"), (180, "3 h"), (3125, "2 d 4 h"), (1445, "1 d 5 min")],
)
def test_a_span_is_shown_in_its_two_largest_units(minutes: int, shown: str):
    assert span(minutes) == shown
    assert span(timedelta(minutes=minutes)) == shown
