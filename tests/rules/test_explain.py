"""Every status has a reason to tell (S13); while it is sent, that a machine does so (refund.2.1)."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.rules import tolerance
from policies.rules.delivery import terminal_status
from policies.rules.explain import CLAUSE_OF_STATUS, StandingFacts, explain
from policies.rules.refunds import RefundFacts, decide_refund
from policies.rules.vocabulary import TERMINAL, Cause, HeldReason, OrderStatus


def told(status, **facts):
    reason = explain(StandingFacts(OrderStatus(status), 1000, facts.pop("delivered", 500), **facts), params={})
    return reason.clause.id, reason.finding


def ended(cause, delivered, *, units=1000, charge="1.50", refunded="0", package=False):
    """An order that ended for this cause, with what its refund was decided on."""
    allowed = 0 if package else tolerance.tolerance_units(quantity=units, params={})
    facts = RefundFacts(Cause(cause), units, delivered, Decimal(charge), Decimal(refunded), allowed, package)
    minor = tolerance.within(missing=facts.missing, delivered=delivered, tolerance=allowed)
    status = terminal_status(facts.cause, delivered=delivered, within_tolerance=minor)
    return StandingFacts(status, units, delivered, ended=facts)


def test_every_status_of_a_running_order_rests_on_a_clause():
    assert set(CLAUSE_OF_STATUS) == set(OrderStatus) - TERMINAL


@pytest.mark.parametrize(
    ("status", "facts", "clause", "finding"),
    [
        ("queued", {}, "refund.2.2", "status_queued"),
        ("queued", {"sending_stopped": True}, "refund.2.2", "status_queued_stopped"),
        ("waiting", {"place": 2, "sending_stopped": True}, "refund.4.2", "status_waiting"),
        ("queued", {"by_hand": True}, "refund.2.2", "status_queued_by_hand"),  # R9: no machine takes this one
        ("waiting", {"place": 2}, "refund.4.2", "status_waiting"),
        ("waiting", {}, "refund.4.2", "status_waiting_unplaced"),
        ("held", {}, "refund.2.2", "status_held"),  # a person has to look
        *(("held", {"held_reason": why.value}, "refund.2.2", f"status_held_{why.value}") for why in HeldReason),
        ("processing", {"delivered": 0}, "refund.2.3", "status_processing"),
        ("in_progress", {}, "refund.4.1", "status_in_progress"),
        ("paused", {}, "refund.6.1", "status_paused"),
        ("paused", {"paused_reason": "platform_update"}, "refund.6.2", "status_paused"),
    ],
)
def test_a_status_is_explained_by_its_clause(status, facts, clause, finding):
    assert told(status, **facts) == (clause, finding)


@pytest.mark.parametrize("why", list(HeldReason))
def test_a_held_order_says_why_and_when_it_would_be_a_failure(why):
    """R11, R37: each reason in words of its own."""
    reason = explain(StandingFacts(OrderStatus.HELD, 1000, 0, held_reason=why.value), params={"fail_after_h": 48})

    assert (reason.finding, reason.facts["hours"]) == (f"status_held_{why.value}", 48)


def test_a_pause_says_when_it_would_be_a_failure():
    reason = explain(StandingFacts(OrderStatus.PAUSED, 1000, 400), params={"fail_after_h": 48})

    assert reason.facts == {"units": 1000, "delivered": 400, "missing": 600, "hours": 48}


@pytest.mark.parametrize(
    ("cause", "delivered", "clause", "finding"),
    [
        ("all_delivered", 1000, "refund.7.1", "status_completed"),
        ("provider_ended", 985, "refund.7.2", "status_completed_minor"),
        ("provider_ended", 843, "refund.7.3", "status_partial"),
        ("provider_ended", 0, "refund.6.3", "status_canceled"),
        ("canceled_before_claim", 0, "refund.1.4", "status_canceled"),
        ("cancel_confirmed", 0, "refund.7.3", "status_canceled"),
        ("cancel_confirmed", 999, "refund.7.3", "status_partial"),
        ("failed", 0, "refund.6.3", "status_failed"),
        ("failed", 999, "refund.6.3", "status_failed"),
        ("customers_fault", 400, "refund.5.2", "status_stopped"),
    ],
)
def test_an_ended_order_is_explained_by_why_it_ended(cause, delivered, clause, finding):
    """The table of decision 17."""
    reason = explain(ended(cause, delivered), params={})

    assert (reason.clause.id, reason.finding) == (clause, finding)


@given(
    cause=st.sampled_from([cause for cause in Cause if cause is not Cause.STILL_RUNNING]),
    counts=st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)).map(sorted),
    charge=st.sampled_from(["0", "1.50"]),
    package=st.booleans(),
    paid=st.booleans(),
)
def test_the_page_and_the_decision_name_the_same_clause(cause, counts, charge, package, paid):
    """Before its refund and after it, whatever was delivered: two grounds for one thing would be one too many."""
    delivered, units = counts
    order = ended(cause, delivered, units=units, charge=charge, refunded=charge if paid else "0", package=package)
    decided = decide_refund(order.ended)
    assume(decided.reasons)

    assert explain(order, params={}).clause in {reason.clause for reason in decided.reasons}
