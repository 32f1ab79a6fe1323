"""What an ended order gives back: the table of decision 17, then properties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules import clauses
from policies.rules.refunds import RefundFacts, decide_refund, kept, refund_conditions
from policies.rules.tolerance import tolerance_units
from policies.rules.vocabulary import Cause, DecisionOutcome

CASES = [
    # cause, units, delivered, charge, refunded -> amount, clause, finding (requirements R2, R37, R38, R40)
    ("provider_ended", 1000, 843, "0.27819", "0", "0.04368", "refund.7.3", "undelivered_part"),
    ("provider_ended", 1000, 843, "0.27819", "0.04368", "0", "refund.7.3", "already_refunded"),
    ("provider_ended", 1000, 990, "0.27819", "0", "0", "refund.7.2", "minor_difference"),
    ("provider_ended", 1000, 980, "0.27819", "0", "0", "refund.7.2", "minor_difference"),
    ("provider_ended", 1000, 979, "0.27819", "0", "0.00585", "refund.7.3", "undelivered_part"),
    ("provider_ended", 1000, 0, "0.27819", "0", "0.27819", "refund.6.3", "nothing_delivered"),
    ("provider_ended", 4, 3, "0.00400", "0", "0.00100", "refund.7.3", "undelivered_part"),
    ("provider_ended", 1000, 500, "0", "0", "0", "refund.7.3", "nothing_charged"),
    ("canceled_before_claim", 1000, 0, "1.50", "0", "1.50", "refund.1.4", "canceled_before_sending"),
    ("cancel_confirmed", 1000, 999, "1.50", "0", "0.00150", "refund.7.3", "cancel_confirmed"),
    ("failed", 1000, 0, "1.50", "0", "1.50", "refund.6.3", "complete_failure"),
    ("failed", 1000, 999, "1.50", "0", "0.00150", "refund.6.3", "complete_failure"),
    ("customers_fault", 1000, 400, "1.50", "0", "0", "refund.5.2", "target_changed"),
    ("customers_fault", 1000, 0, "1.50", "0", "0", "refund.5.2", "target_changed"),
    ("still_running", 1000, 400, "1.50", "0", "0", "refund.6.3", "still_running"),
]


def ended(cause, units, delivered, charge, refunded="0", *, package=False):
    """Facts of an order under the default parameters."""
    return RefundFacts(
        cause=Cause(cause),
        units=units,
        delivered=delivered,
        charge=Decimal(charge),
        refunded=Decimal(refunded),
        tolerance=tolerance_units(quantity=units, params={}),
        package=package,
    )


@pytest.mark.parametrize(("cause", "units", "delivered", "charge", "refunded", "amount", "clause", "finding"), CASES)
def test_each_cause_gives_back_what_its_clause_says(cause, units, delivered, charge, refunded, amount, clause, finding):
    decision = decide_refund(ended(cause, units, delivered, charge, refunded))

    assert decision.amount == Decimal(amount)
    assert [(reason.clause.id, reason.finding) for reason in decision.reasons] == [(clause, finding)]
    assert decision.outcome is (DecisionOutcome.REFUND if decision.amount else DecisionOutcome.REFUSE)


@pytest.mark.parametrize("cause", ["all_delivered", "provider_ended", "cancel_confirmed", "failed", "customers_fault"])
def test_with_nothing_missing_there_is_nothing_to_decide(cause):
    decision = decide_refund(ended(cause, 1000, 1000, "1.50"))

    assert (decision.amount, decision.outcome, decision.reasons) == (0, DecisionOutcome.NOTHING_DUE, ())


@pytest.mark.parametrize(
    ("cause", "clause", "finding"),
    [
        ("provider_ended", "refund.7.3", "package_incomplete"),
        ("cancel_confirmed", "refund.7.3", "cancel_confirmed"),
        ("failed", "refund.6.3", "complete_failure"),
    ],
)
def test_a_package_that_is_not_whole_is_paid_back_whole(cause, clause, finding):
    decision = decide_refund(ended(cause, 100, 99, "7.00", package=True))

    assert decision.amount == Decimal("7.00")
    assert [(reason.clause.id, reason.finding) for reason in decision.reasons] == [(clause, finding)]


ENDING = [cause for cause in Cause if cause is not Cause.STILL_RUNNING]


@st.composite
def orders(draw, causes=tuple(Cause)):
    units = draw(st.integers(1, 10**6))
    charge = draw(st.decimals("0", "10000", places=5))
    return RefundFacts(
        cause=draw(st.sampled_from(causes)),
        units=units,
        delivered=draw(st.integers(0, units)),
        charge=charge,
        refunded=draw(st.decimals("0", charge, places=5)),
        tolerance=tolerance_units(quantity=units, params={}),
        package=draw(st.booleans()),
    )


def not_refunded(order):
    return RefundFacts(
        order.cause, order.units, order.delivered, order.charge, Decimal(0), order.tolerance, order.package
    )


@given(orders(causes=(Cause.CANCEL_CONFIRMED, Cause.FAILED, Cause.CANCELED_BEFORE_CLAIM)))
def test_refund_and_earnings_add_up_to_the_charge(order):
    order = not_refunded(order)

    assert decide_refund(order).amount + kept(order) == order.charge


@given(orders())
def test_deciding_again_after_paying_out_pays_nothing(order):
    first = decide_refund(order).amount
    paid = RefundFacts(
        order.cause, order.units, order.delivered, order.charge, order.refunded + first, order.tolerance, order.package
    )

    assert decide_refund(paid).amount == 0


@given(orders())
def test_a_refund_never_takes_and_never_exceeds_what_is_left_of_the_charge(order):
    assert 0 <= decide_refund(order).amount <= order.charge - order.refunded


@given(orders(causes=tuple(ENDING)))
def test_every_ending_but_an_exact_completion_has_a_reason(order):
    decision = decide_refund(order)

    assert bool(decision.reasons) is (order.missing > 0 and order.cause is not Cause.ALL_DELIVERED)


def conditions(*, units=1000, package=False, refill=True, cancel=True, params=None):
    params = params or {}
    return refund_conditions(
        units=units,
        charge=Decimal("1.50"),
        tolerance=0 if package else tolerance_units(quantity=units, params=params),
        package=package,
        refill=refill,
        cancel=cancel,
        params=params,
    )


def rows(**order):
    return [(each.reason.clause.id, each.reason.finding, str(each.amount)) for each in conditions(**order)]


class TestRefundConditions:
    """What the order form says before the buy button (R4, R5)."""

    def test_name_what_this_very_order_gives_back(self):
        assert rows() == [
            ("refund.1.4", "condition_cancel_in_queue", "1.50000"),
            ("refund.6.3", "condition_ended", "1.50000"),
            ("refund.7.3", "condition_ended_at", "1.12500"),
            ("refund.7.3", "condition_ended_at", "0.75000"),
            ("refund.7.3", "condition_ended_at", "0.03150"),
            ("refund.7.2", "condition_minor_at", "0.00000"),
            ("refund.6.3", "condition_failure_at", "0.75000"),
            ("refund.7.3", "condition_cancel_confirmed_at", "0.75000"),
            ("refund.5.2", "condition_target_changed_at", "0.00000"),
            ("refund.3.3", "condition_late", "0.00000"),
            ("refund.8.1", "condition_refill", "0.00000"),
            ("refund.10.1", "condition_results", "0.00000"),
        ]

    def test_stand_on_both_sides_of_the_minor_difference(self):
        at = [
            each.case.delivered
            for each in conditions()
            if each.reason.finding.startswith(("condition_e", "condition_m"))
        ]

        assert at == [0, 250, 500, 979, 980]

    def test_follow_the_parameters_of_the_version(self):
        told = conditions(params={"fail_after_h": 24, "tolerance_bp": 0, "tolerance_min_units": 0})

        assert [each.reason.facts["hours"] for each in told if "hours" in each.reason.facts] == [24]
        assert "condition_minor_at" not in {each.reason.finding for each in told}

    def test_say_that_a_package_is_all_or_nothing(self):
        """A package is one unit: nothing lies between none and all of it."""
        assert ("refund.7.3", "condition_package_ended", "1.50000") in rows(units=1, package=True)
        assert {each.case.delivered for each in conditions(units=1, package=True)} == {0, 1}

    @pytest.mark.parametrize(("refill", "clause"), [(False, "refund.8.2"), (True, "refund.8.1")])
    def test_say_what_a_drop_gives(self, refill, clause):
        """R41, R45: a refill at most, never money."""
        assert next(row for row in rows(refill=refill) if row[0] == clause)[2] == "0.00000"

    def test_promise_no_cancel_that_the_service_does_not_have(self):
        assert not [row for row in rows(cancel=False) if "cancel_confirmed" in row[1]]


@given(
    units=st.integers(1, 10**6),
    charge=st.decimals("0", "10000", places=5),
    package=st.booleans(),
    bp=st.integers(0, 1000),
    least=st.integers(0, 100),
)
def test_the_explanation_before_is_the_decision_after(units, charge, package, bp, least):
    """D55: each row gives the amount and names the clause that the refund rule decides on at that state."""
    params = {"tolerance_bp": bp, "tolerance_min_units": least}
    allowed = 0 if package else tolerance_units(quantity=units, params=params)
    shown = refund_conditions(
        units=units, charge=charge, tolerance=allowed, package=package, refill=True, cancel=True, params=params
    )

    for condition in shown:
        stands = condition.case
        after = decide_refund(RefundFacts(stands.cause, units, stands.delivered, charge, Decimal(0), allowed, package))
        assert condition.amount == after.amount
        if stands.cause not in (Cause.STILL_RUNNING, Cause.ALL_DELIVERED):
            assert condition.reason.clause is after.reasons[0].clause


@given(units=st.integers(1, 10**6), short=st.integers(1, 1000), charge=st.decimals("0.001", "100", places=5))
def test_from_the_minor_row_on_nothing_is_paid_and_before_it_something_is(units, short, charge):
    """D55, "refund.7.2": "980 or more" holds for every number it covers, up to all but one."""
    allowed = tolerance_units(quantity=units, params={})
    delivered = max(units - short, 1)
    shown = refund_conditions(
        units=units, charge=charge, tolerance=allowed, package=False, refill=True, cancel=True, params={}
    )
    minor = [each.case.delivered for each in shown if each.reason.finding == "condition_minor_at"]
    decided = decide_refund(RefundFacts(Cause.PROVIDER_ENDED, units, delivered, charge, Decimal(0), allowed))

    assert (decided.outcome is DecisionOutcome.REFUND) is (delivered < units and not (minor and delivered >= minor[0]))


@pytest.mark.parametrize(
    ("quantity", "units"), [(1, 0), (9, 0), (10, 1), (49, 4), (50, 5), (249, 5), (250, 5), (300, 6), (1000, 20)]
)
def test_tolerance_is_two_percent_at_least_five_units_at_most_a_tenth(quantity, units):
    """R40 and refund.7.1: floor(min(max(2 %, 5), 10 %)), also for tiny orders."""
    assert tolerance_units(quantity=quantity, params={}) == units


@pytest.mark.parametrize(("missing", "amount"), [(19, "0"), (20, "0"), (21, "0.02100")])
def test_the_tolerance_ends_at_one_exact_unit(missing, amount):
    """One below, at and above the boundary of "refund.7.2" (R40)."""
    assert decide_refund(ended("provider_ended", 1000, 1000 - missing, "1.00")).amount == Decimal(amount)


def test_a_version_reads_its_own_tolerance():
    assert tolerance_units(quantity=1000, params={"tolerance_bp": 500}) == 50
    assert clauses.parameter({}, "tolerance_bp") == 200
