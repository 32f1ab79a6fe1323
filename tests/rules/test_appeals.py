"""Appeals: until when, once, and what an overturned decision pays back; and how each amount came about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from policies.rules import appeals, arithmetic, registry
from policies.rules.appeals import OverturnFacts, Redress, RedressFacts
from policies.rules.vocabulary import DecisionOutcome
from tests.rules import golden

UNTIL = datetime(2026, 4, 1, 12, tzinfo=UTC)
CHARGE, BACK = Decimal("1.50000"), Decimal("0.30000")
SHORT = {
    "cause": "provider_ended", "units": 1000, "delivered": 400, "charge": "1.50000", "refunded": "0.10000",
    "tolerance": 20, "package": False,
}  # fmt: skip
OVERTURNED = {"charge": "1.50000", "refunded": "0.30000", "granted": "1.00000", "package": False}


def standing(now=UNTIL - timedelta(days=1), **facts):
    given = {"until": UNTIL, "asked": False, "answered": False, "superseded": False, **facts}
    return appeals.redress(RedressFacts(**given), now=now)


def overturned(granted, **facts):
    given = {"charge": CHARGE, "refunded": BACK, "granted": Decimal(granted), **facts}
    return appeals.decide_overturned(OverturnFacts(**given))


class TestRedress:
    @pytest.mark.parametrize(("seconds", "found"), [(-1, Redress.POSSIBLE), (0, Redress.OVER), (1, Redress.OVER)])
    def test_exactly_at_the_last_instant_it_is_over(self, seconds, found):
        """ "refund.11.2"."""
        assert standing(now=UNTIL + timedelta(seconds=seconds)) is found

    @pytest.mark.parametrize(
        ("facts", "found"),
        [
            ({"asked": True}, Redress.ASKED),
            ({"asked": True, "answered": True, "superseded": True}, Redress.ANSWERED),
            ({"superseded": True}, Redress.SUPERSEDED),
            ({"until": None}, Redress.FINAL),
        ],
    )
    def test_it_may_be_asked_once_and_what_came_of_it_is_final(self, facts, found):
        assert standing(**facts) is found

    def test_one_that_was_asked_in_time_is_not_over_later(self):
        assert standing(now=UNTIL + timedelta(days=9), asked=True) is Redress.ASKED


class TestOverturned:
    def test_the_difference_to_what_went_back_is_paid(self):
        """D54."""
        decided = overturned("1.00000")

        assert (decided.amount, decided.outcome) == (Decimal("0.70000"), DecisionOutcome.REFUND)
        assert [reason.clause.id for reason in decided.reasons] == ["refund.11.2"]

    @pytest.mark.parametrize(
        ("granted", "finding"),
        [
            ("1.50001", "appeal_above_charge"),
            ("0.29999", "appeal_takes_nothing_away"),
            ("0.30000", "appeal_adds_nothing"),
            ("-1", "appeal_takes_nothing_away"),
        ],
    )
    def test_money_is_never_taken_away_nor_more_given_than_was_charged(self, granted, finding):
        decided = overturned(granted)

        assert (decided.amount, decided.outcome) == (0, DecisionOutcome.REFUSE)
        assert decided.reasons[0].finding == finding

    def test_the_smallest_and_the_largest_possible_are_paid(self):
        assert overturned("0.30001").amount == Decimal("0.00001")
        assert overturned(CHARGE).amount == CHARGE - BACK

    def test_a_package_is_paid_back_whole_or_not_at_all(self):
        assert overturned("1.00000", package=True).reasons[0].finding == "appeal_package_whole"
        assert overturned(CHARGE, package=True).amount == CHARGE - BACK

    def test_it_is_decided_again_from_what_is_stored(self):
        again = registry.current("appeals.decide_overturned").decide(OVERTURNED, {})

        assert (again.outcome, again.amount) == (DecisionOutcome.REFUND, Decimal("0.70000"))


class TestArithmetic:
    def test_charge_less_earned_less_refunded_is_what_is_left(self):
        """D53: by the rule's own functions."""
        steps = arithmetic.steps("refunds.decide_refund", 1, SHORT)

        assert [(step.code, step.amount) for step in steps] == [
            ("charge", Decimal("1.50000")),
            ("kept", Decimal("-0.60000")),
            ("refunded", Decimal("-0.10000")),
            ("left", Decimal("0.80000")),
        ]

    @pytest.mark.parametrize("rule", registry.RULES, ids=lambda rule: f"{rule.name}-{rule.version}")
    def test_every_rule_says_how_its_amount_came_about_and_the_lines_add_up(self, rule):
        of_money = {"refunds.decide_refund": SHORT, "appeals.decide_overturned": OVERTURNED}
        if rule.name not in of_money:
            cases = golden.kept(rule)
            assert {(case["amount"], arithmetic.steps(rule.name, rule.version, case["inputs"])) for case in cases} == {
                (None, ())
            }
            return
        inputs = of_money[rule.name]

        *lines, left = arithmetic.steps(rule.name, rule.version, inputs)

        assert sum(line.amount for line in lines) == left.amount == rule.decide(inputs, {}).amount
