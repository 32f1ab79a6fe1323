"""What a balance before and after a wave says about one submission: evidence only where one reading fits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.delivery import what_the_balance_says
from policies.rules.vocabulary import BalanceSays

TAKEN, NOT_TAKEN, NOTHING = BalanceSays.TAKEN, BalanceSays.NOT_TAKEN, BalanceSays.NOTHING


@pytest.mark.parametrize(
    ("spent", "certain", "this", "unclear", "says"),
    [
        ("0.75", [], "0.75", [], TAKEN),
        ("0", [], "0.75", [], NOT_TAKEN),
        ("1.25", ["0.50"], "0.75", [], TAKEN),
        ("0.50", ["0.50"], "0.75", [], NOT_TAKEN),
        ("0.7451", [], "0.75", [], TAKEN),  # a provider that rounds
        ("0.60", [], "0.75", [], NOTHING),  # somebody else spends from the same account
        ("-3", [], "0.75", [], NOTHING),
        ("0.75", [], "0.75", ["0.75"], NOTHING),  # one of two alike: nobody can say which
        ("1.50", [], "0.75", ["0.75"], TAKEN),  # both
        ("0.75", [], "0.75", ["2"], TAKEN),
        ("2", [], "0.75", ["2"], NOT_TAKEN),
        ("0.75", [None], "0.75", [], NOTHING),
        ("0.75", [], "0.75", [None], NOTHING),
        (None, [], "0.75", [], NOTHING),
        ("0.75", [], None, [], NOTHING),
        ("0", [], "0", [], NOTHING),  # what costs nothing leaves no trace
        ("0.75", [], "0.75", ["5"] * 11, NOTHING),
    ],
)
def test_only_one_reading_that_fits_is_evidence(spent, certain, this, unclear, says):
    def costs(texts):
        return [None if text is None else Decimal(text) for text in texts]

    (paid, cost) = costs([spent, this])

    assert what_the_balance_says(spent=paid, certain=costs(certain), this=cost, unclear=costs(unclear)) is says


COSTS = st.lists(st.decimals("0.01", "50", places=2), max_size=5)


@given(
    COSTS, st.decimals("0.01", "50", places=2), COSTS, st.booleans(), st.lists(st.booleans(), min_size=5, max_size=5)
)
def test_it_never_says_the_opposite_of_the_truth(certain, this, unclear, taken, others):
    """When nobody else spends and the provider charges what it lists."""
    spent = (
        sum(certain, Decimal(0))
        + (this if taken else 0)
        + sum(c for c, was in zip(unclear, others, strict=False) if was)
    )

    says = what_the_balance_says(spent=Decimal(spent), certain=certain, this=this, unclear=unclear)

    assert says is not (NOT_TAKEN if taken else TAKEN)
