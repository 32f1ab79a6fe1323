"""What an amount may be typed as, on customers' pages and on those of the staff."""

from decimal import Decimal

import pytest

from wallet.forms.customer import AskPayout, OwnLimits
from wallet.forms.staff import ConfirmTopUp, CorrectWallet, ResolveReview

FIELDS = [
    (AskPayout, "amount"),
    (OwnLimits, "daily"),
    (ConfirmTopUp, "received"),
    (ResolveReview, "credit"),
    (CorrectWallet, "amount"),
]


@pytest.mark.parametrize(("form", "name"), FIELDS)
class TestAnAmount:
    @pytest.mark.parametrize(
        "typed",
        [
            "1_0",
            "1_0.5",
            "10.2_5",
            "１_0",
            "١٠",
            "１０",
            "1e1",
            "1E1",
            "+10",
            "1,0",
            "1.0.0",
            "1 0",
            ".",
            "-",
            "0x1",
            "--1",
        ],
    )
    def test_in_anything_but_plain_digits_is_no_number(self, form, name, typed):
        """Python would take most of them for ten."""
        assert form({name: typed}).errors[name] == ["Enter a number."]

    @pytest.mark.parametrize("text", [" 10.50 ", "10.5", "010.5"])
    def test_in_digits_is_taken(self, form, name, text):
        typed = form({name: text})

        assert name not in typed.errors
        assert typed.cleaned_data[name] == Decimal("10.5")


def test_below_zero_is_typed_with_a_minus():
    typed = CorrectWallet({"amount": "-.5"})

    assert "amount" not in typed.errors
    assert typed.cleaned_data["amount"] == Decimal("-0.5")
