"""How an order moves: transitions, the status its runs add up to, and how it ends (decisions 11 and 17)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.delivery import (
    TRANSITIONS,
    IllegalTransition,
    OrderFacts,
    RunFacts,
    cause_of,
    check_transition,
    final_outcome,
    order_status,
    terminal_status,
)
from policies.rules.vocabulary import TERMINAL, Cause, OrderStatus, RunOutcome, RunState

S, R, O = OrderStatus, RunState, RunOutcome  # noqa: E741


def run(state, *, delivered=0, accepted=False, outcome=None, quantity=100):
    return RunFacts(state=state, quantity=quantity, delivered=delivered, accepted=accepted, outcome=outcome)


QUEUED = run(R.QUEUED)
LIVE = run(R.LIVE, accepted=True)
MOVING = run(R.LIVE, accepted=True, delivered=40)
DONE = run(R.ENDED, accepted=True, delivered=100, outcome=O.DELIVERED)
SHORT = run(R.ENDED, accepted=True, delivered=60, outcome=O.SHORT)
NOTHING = run(R.ENDED, accepted=True, outcome=O.SHORT)
WITHDRAWN = run(R.ENDED, outcome=O.WITHDRAWN)
REFUSED = run(R.ENDED, outcome=O.REFUSED)


def facts(*runs, **flags):
    return OrderFacts(ended=flags.pop("ended", None), runs=runs, tolerance=2, **flags)


@pytest.mark.parametrize(
    ("order", "status"),
    [
        (facts(QUEUED), S.QUEUED),
        (facts(QUEUED, waiting=True), S.WAITING),
        (facts(QUEUED, held=True, waiting=True), S.HELD),
        (facts(run(R.PARKED)), S.HELD),
        (facts(run(R.SUBMITTING), held=True), S.SUBMITTING),
        (facts(run(R.UNKNOWN), run(R.SUBMITTING)), S.UNKNOWN),
        (facts(LIVE), S.PROCESSING),
        (facts(MOVING), S.IN_PROGRESS),
        (facts(LIVE, paused=True), S.PAUSED),
        (facts(LIVE, paused=True, cancel_requested=True), S.CANCEL_REQUESTED),
        (facts(DONE), S.COMPLETED),
        (facts(run(R.ENDED, accepted=True, delivered=98, outcome=O.SHORT)), S.COMPLETED),
        (facts(run(R.ENDED, accepted=True, delivered=97, outcome=O.SHORT)), S.PARTIAL),
        (facts(SHORT), S.PARTIAL),
        (facts(NOTHING), S.CANCELED),
        (facts(WITHDRAWN), S.CANCELED),
        (facts(REFUSED), S.FAILED),
        (facts(run(R.ENDED, accepted=True, outcome=O.STALLED, delivered=10)), S.FAILED),
        (facts(run(R.ENDED, accepted=True, outcome=O.STOPPED, delivered=10)), S.STOPPED),
        (facts(run(R.ENDED, accepted=True, outcome=O.CANCEL_CONFIRMED, delivered=99)), S.PARTIAL),
        (facts(run(R.ENDED, accepted=True, outcome=O.CANCEL_CONFIRMED)), S.CANCELED),
        (facts(WITHDRAWN, REFUSED), S.CANCELED),
        (facts(LIVE, ended=S.FAILED), S.FAILED),
        (facts(QUEUED, ended=S.COMPLETED, cancel_requested=True), S.COMPLETED),
    ],
)
def test_the_first_that_applies_is_the_status(order, status):
    assert order_status(order) is status


@pytest.mark.parametrize("later", [run(R.UNKNOWN), run(R.PARKED), QUEUED, run(R.SUBMITTING)])
def test_after_a_first_acceptance_nothing_is_a_step_back(later):
    assert order_status(facts(DONE, later, held=True, waiting=True)) is S.IN_PROGRESS


@pytest.mark.parametrize(
    ("outcomes", "missing", "cause"),
    [
        ([], 100, Cause.STILL_RUNNING),
        ([O.DELIVERED, None], 10, Cause.STILL_RUNNING),
        ([O.DELIVERED, O.DELIVERED], 0, Cause.ALL_DELIVERED),
        ([O.SHORT], 0, Cause.ALL_DELIVERED),
        ([O.DELIVERED, O.SHORT], 10, Cause.PROVIDER_ENDED),
        ([O.WITHDRAWN, O.WITHDRAWN], 200, Cause.CANCELED_BEFORE_CLAIM),
        ([O.DELIVERED, O.WITHDRAWN], 100, Cause.CANCEL_CONFIRMED),
        ([O.CANCEL_CONFIRMED], 10, Cause.CANCEL_CONFIRMED),
        ([O.REFUSED], 100, Cause.FAILED),
        ([O.DELIVERED, O.REFUSED], 100, Cause.FAILED),
        ([O.SHORT, O.STALLED], 100, Cause.FAILED),
        ([O.STOPPED, O.CANCEL_CONFIRMED, O.REFUSED], 100, Cause.CUSTOMERS_FAULT),
    ],
)
def test_the_cause_comes_from_how_every_run_ended(outcomes, missing, cause):
    assert cause_of(outcomes, missing=missing) is cause


@pytest.mark.parametrize("outcome", list(RunOutcome))
def test_every_outcome_alone_gives_a_cause_and_a_terminal_status(outcome):
    cause = cause_of([outcome], missing=50)

    assert terminal_status(cause, delivered=50, within_tolerance=False) in TERMINAL


@pytest.mark.parametrize(
    ("cause", "with_something", "within", "with_nothing"),
    [
        (Cause.ALL_DELIVERED, S.COMPLETED, S.COMPLETED, S.COMPLETED),
        (Cause.PROVIDER_ENDED, S.PARTIAL, S.COMPLETED, S.CANCELED),
        (Cause.CANCELED_BEFORE_CLAIM, S.CANCELED, S.CANCELED, S.CANCELED),
        (Cause.CANCEL_CONFIRMED, S.PARTIAL, S.PARTIAL, S.CANCELED),
        (Cause.FAILED, S.FAILED, S.FAILED, S.FAILED),
        (Cause.CUSTOMERS_FAULT, S.STOPPED, S.STOPPED, S.STOPPED),
    ],
)
def test_the_cause_decides_the_last_status(cause, with_something, within, with_nothing):
    assert terminal_status(cause, delivered=5, within_tolerance=False) is with_something
    assert terminal_status(cause, delivered=5, within_tolerance=True) is within
    assert terminal_status(cause, delivered=0, within_tolerance=False) is with_nothing


def test_an_order_that_still_runs_has_no_last_status():
    with pytest.raises(ValueError, match="still runs"):
        terminal_status(Cause.STILL_RUNNING, delivered=5, within_tolerance=True)


@pytest.mark.parametrize(
    ("outcome", "cancel_requested", "final"),
    [
        (O.SHORT, True, O.CANCEL_CONFIRMED),
        (O.SHORT, False, O.SHORT),
        (O.DELIVERED, True, O.DELIVERED),
        (O.REFUSED, True, O.REFUSED),
    ],
)
def test_a_short_end_after_a_cancel_request_is_the_cancel_confirmed(outcome, cancel_requested, final):
    assert final_outcome(outcome, cancel_requested=cancel_requested) is final


@pytest.mark.parametrize("before", list(OrderStatus))
@pytest.mark.parametrize("after", list(OrderStatus))
def test_only_what_the_table_allows_may_follow(before, after):
    if after is before or after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"{before} -> {after}"):
            check_transition(before, after)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_terminal_is_final(status):
    assert TRANSITIONS[status] == frozenset()


RUN_MOVES = {
    # what may become of one run, as the delivery engine moves it
    R.QUEUED: [(R.SUBMITTING, None), (R.ENDED, O.WITHDRAWN), (R.ENDED, O.STOPPED)],
    R.SUBMITTING: [(R.QUEUED, None), (R.UNKNOWN, None), (R.LIVE, None), (R.PARKED, None), (R.ENDED, O.REFUSED)],
    R.UNKNOWN: [(R.QUEUED, None), (R.LIVE, None), (R.SUBMITTING, None), (R.ENDED, O.REFUSED), (R.ENDED, O.STOPPED)],
    R.PARKED: [(R.QUEUED, None), (R.ENDED, O.REFUSED), (R.ENDED, O.WITHDRAWN), (R.ENDED, O.STOPPED)],
    R.LIVE: [
        (R.LIVE, None),
        (R.ENDED, O.SHORT),
        (R.ENDED, O.CANCEL_CONFIRMED),
        (R.ENDED, O.STALLED),
        (R.ENDED, O.STOPPED),
        (R.ENDED, O.DELIVERED),
    ],
    R.ENDED: [],
}


def moved(each, state, outcome, delivered):
    """The run after one move of the engine."""
    accepted = each.accepted or state is R.LIVE
    delivered = max(each.delivered, delivered) if each.accepted else each.delivered
    if outcome is O.DELIVERED:
        delivered = each.quantity
    return replace(each, state=state, outcome=outcome, accepted=accepted, delivered=delivered)


MOVES = st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 100), st.integers(0, 15))


@given(st.integers(1, 3), st.lists(MOVES, max_size=16))
def test_an_order_only_takes_allowed_transitions_however_its_runs_move(runs, moves):
    order = facts(*[QUEUED] * runs)
    before = order_status(order)
    for which, choice, delivered, flags in moves:
        index = which % runs
        if possible := RUN_MOVES[order.runs[index].state]:
            state, outcome = possible[choice % len(possible)]
            after_move = moved(order.runs[index], state, outcome, delivered)
            order = replace(order, runs=(*order.runs[:index], after_move, *order.runs[index + 1 :]))
        names = ("cancel_requested", "paused", "held", "waiting")
        order = replace(order, **{name: bool(flags >> bit & 1) for bit, name in enumerate(names)})
        after = order_status(order)
        check_transition(before, after)
        order = replace(order, ended=after if after.is_terminal else None)
        before = after
