"""How an order moves: the status its runs add up to, and how it ends (decisions 11 and 17)."""

import pytest

from policies.rules.delivery import (
    OrderFacts,
    RunFacts,
    cause_of,
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
