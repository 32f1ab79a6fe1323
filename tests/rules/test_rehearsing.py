"""D50: cases added up, kept between two chunks, and gone on with to the same end."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from policies.rules.rehearsing import EXAMPLES_OF_A_KIND, Answer, Case, Comparison, answer_of, under_draft
from tests.rules import golden
from tests.rules.test_golden import REFUND

AMOUNTS = st.none() | st.decimals(min_value=0, max_value=10**9, places=5)
ANSWERS = st.builds(
    Answer, st.sampled_from(["refund", "refuse"]), AMOUNTS, st.sampled_from(["refund.7.2", "refund.7.3", ""])
)
CASES = st.lists(
    st.builds(Case, st.just("order"), st.integers(1, 9), st.none() | st.integers(1, 9), ANSWERS, ANSWERS), max_size=60
)


def added_up(cases, comparison=None):
    comparison = comparison or Comparison()
    for case in cases:
        comparison.add(case)
    return comparison


@given(CASES, CASES)
def test_going_on_from_what_was_kept_comes_to_the_same_as_in_one(first, then):
    kept = json.loads(json.dumps(added_up(first).as_json()))

    assert added_up(then, Comparison.from_json(kept)).as_json() == added_up(first + then).as_json()


@given(CASES)
def test_counts_and_money_add_up(cases):
    result = added_up(cases).as_json()

    assert (
        result["decisions"] + result["open_orders"] == len(cases) == sum(each["count"] for each in result["outcomes"])
    )
    assert Decimal(result["difference"]) == Decimal(result["paid_after"]) - Decimal(result["paid_before"])
    assert Decimal(result["difference"]) == sum(Decimal(each["difference"]) for each in result["outcomes"])


@given(CASES)
def test_examples_are_the_first_that_differ_and_few_of_each_kind(cases):
    shown = added_up(cases).examples

    for is_open in (True, False):
        differing = [case for case in cases if (case.decision is None) is is_open and case.before != case.after]
        kind = [each for each in shown if (each["decision"] is None) is is_open]
        assert kind == [case.as_json() for case in differing[:EXAMPLES_OF_A_KIND]]


def test_an_order_that_owes_nothing_has_no_clause():
    facts = {**golden.kept(REFUND)[0]["inputs"], "cause": "all_delivered"}

    assert answer_of(REFUND.decide(facts, {})) == Answer("nothing_due", Decimal("0.00000"), "")


def test_what_cannot_be_read_leaves_the_money_as_it_was():
    before = Answer("refund", Decimal("0.90000"), "refund.7.3")

    after = under_draft(before, rule="refunds.decide_refund", version=99, inputs={}, params={})

    assert after == Answer("insufficient_evidence", Decimal("0.90000"), "")


def test_the_shape_that_pages_read():
    """Support 7.4.3."""
    case = Case(
        "order", 10_000, 7, Answer("refuse", None, "refund.7.2"), Answer("refund", Decimal("1.5"), "refund.7.3")
    )

    assert added_up([case]).as_json() == {
        "decisions": 1,
        "open_orders": 0,
        "outcomes": [{"before": "refuse", "after": "refund", "count": 1, "difference": "1.50000"}],
        "paid_before": "0.00000",
        "paid_after": "1.50000",
        "difference": "1.50000",
        "examples": [
            {
                "subject_type": "order",
                "subject_id": 10_000,
                "before": {"outcome": "refuse", "amount": None, "clause": "refund.7.2"},
                "after": {"outcome": "refund", "amount": "1.50000", "clause": "refund.7.3"},
                "decision": 7,
            }
        ],
    }
