"""A provider's charge beside its list (fault row 15)."""

from decimal import Decimal

import pytest

from policies.rules.delivery import dearer


@pytest.mark.parametrize("said", ["1.03", 2, 2.5, "1e2", " 5 "])
def test_clearly_more_than_listed(said):
    assert dearer(said, listed=Decimal("1.01")) == Decimal(str(said))


@pytest.mark.parametrize("said", [None, "", "0", "-5", "1.01", "nan", "inf", "-inf", "x", "1,03", [], {}])
def test_as_listed_or_cheaper_or_no_number(said):
    assert dearer(said, listed=Decimal("1.01")) is None


@pytest.mark.parametrize(
    ("listed", "said", "dear"),
    [
        *[("100", "100.99", False), ("100", "101", False), ("100", "101.01", True)],
        *[("0.09", "0.1", False), ("0.09", "0.11", True)],
    ],
)
def test_a_hundredth_and_a_cent_are_rounding(listed, said, dear):
    assert (dearer(said, listed=Decimal(listed)) is not None) is dear
