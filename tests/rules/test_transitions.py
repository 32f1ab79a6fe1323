"""The table of transitions is exactly what orders do: nothing else happens, and no row is dead (decision 11)."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.delivery import (
    TRANSITIONS,
    IllegalTransition,
    OrderFacts,
    check_transition,
    order_status,
    public_words,
    transitions,
)
from policies.rules.vocabulary import TERMINAL, Mover, OrderStatus
from tests.rules.order_events import events, placed

ACTORS = {Mover.SYSTEM: "system", Mover.STAFF: "staff:3", Mover.CUSTOMER: "customer:7"}


def alike(order: OrderFacts) -> OrderFacts:
    """The order with its runs in a fixed order: which of them is the first changes nothing."""
    runs = tuple(sorted(order.runs, key=lambda run: (run.state, run.delivered, run.accepted, run.outcome or "")))
    return OrderFacts(
        order.ended, runs, order.tolerance, order.cancel_requested, order.paused, order.held, order.waiting
    )


def everything_that_happens(runs: int) -> dict[tuple[OrderStatus, OrderStatus], set[Mover]]:
    """Every step that any order of so many runs can take, and through whom."""
    steps, seen, ahead = defaultdict(set), set(), [alike(placed(runs))]
    while ahead:
        order = ahead.pop()
        for event in () if order in seen else events(order):
            before, after = order_status(order), order_status(event.after)
            if after is not before:
                steps[before, after].add(event.by)
            ahead.append(alike(event.after))
        seen.add(order)
    return steps


def test_the_table_is_what_can_happen_and_has_no_dead_row():
    walked = defaultdict(set)
    for runs in (1, 2, 3):
        for step, movers in everything_that_happens(runs).items():
            walked[step] |= movers

    listed = {(row.before, row.after): set(row.by) for row in transitions()}

    assert {step: sorted(by) for step, by in walked.items()} == {step: sorted(by) for step, by in listed.items()}


@given(st.integers(1, 4), st.lists(st.integers(0, 10_000), max_size=40))
def test_however_events_follow_one_another_no_order_leaves_the_table(runs, choices):
    """Of orders with more runs than the walk above has patience for."""
    order = placed(runs)
    for choice in choices:
        possible = list(events(order))
        if not possible:
            assert order_status(order).is_terminal
            return
        event = possible[choice % len(possible)]
        check_transition(order_status(order), order_status(event.after), actor=ACTORS[event.by])
        order = event.after


@pytest.mark.parametrize("mover", list(Mover))
@pytest.mark.parametrize("before", list(OrderStatus))
@pytest.mark.parametrize("after", list(OrderStatus))
def test_what_no_row_says_is_refused(before, after, mover):
    if after is before or mover in TRANSITIONS[before].get(after, ()):
        check_transition(before, after, actor=ACTORS[mover])
    else:
        with pytest.raises(IllegalTransition, match=f"{before} -> {after}"):
            check_transition(before, after, actor=ACTORS[mover])


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_terminal_is_final(status):
    assert TRANSITIONS[status] == {}


def test_an_actor_of_no_kind_moves_nothing():
    with pytest.raises(ValueError, match="nobody"):
        check_transition(OrderStatus.QUEUED, OrderStatus.SUBMITTING, actor="nobody")


def test_every_row_says_what_resellers_are_told():
    told = {row.after: row.public for row in transitions()}

    assert told[OrderStatus.SUBMITTING] == ("Pending",)
    assert told[OrderStatus.FAILED] == ("Canceled", "Partial")
    assert all(told[status] == public_words(status) for status in told)
