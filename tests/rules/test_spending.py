"""When a change of spending limits begins (R57, terms.4.5)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.spending import RAISED_AFTER, Limits, Plan, change

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def limits(daily=None, monthly=None):
    return Limits(None if daily is None else Decimal(daily), None if monthly is None else Decimal(monthly))


CASES = [
    # before, wanted -> now, later
    (limits(), limits(5, 50), limits(5, 50), None),
    (limits(5, 50), limits(4, 50), limits(4, 50), None),
    (limits(5, 50), limits(5, 50), limits(5, 50), None),
    (limits(5, 50), limits(6, 50), limits(5, 50), limits(6, 50)),
    (limits(5, 50), limits(None, 50), limits(5, 50), limits(None, 50)),
    (limits(5, 50), limits(4, 60), limits(4, 50), limits(4, 60)),
    (limits(5), limits(), limits(5), limits()),
]


@pytest.mark.parametrize(("before", "wanted", "now", "later"), CASES)
def test_lower_at_once_and_higher_a_day_later(before, wanted, now, later):
    plan = change(Plan(before), wanted, now=NOW)

    assert plan == Plan(now, later, NOW + RAISED_AFTER if later else None)


def test_asking_again_for_what_waits_does_not_wait_anew():
    waiting = Plan(limits(5), limits(20), NOW + timedelta(hours=1))

    assert change(waiting, limits(20), now=NOW) == waiting
    assert change(waiting, limits(10), now=NOW) == Plan(limits(5), limits(10), waiting.at)


def test_asking_for_more_than_what_waits_waits_anew():
    waiting = Plan(limits(5), limits(20), NOW + timedelta(hours=1))

    assert change(waiting, limits(21), now=NOW).at == NOW + RAISED_AFTER


def test_asking_for_less_takes_back_what_waits():
    waiting = Plan(limits(5), limits(20), NOW + timedelta(hours=1))

    assert change(waiting, limits(5), now=NOW) == Plan(limits(5))


def test_what_waited_long_enough_is_what_a_change_starts_from():
    due = Plan(limits(5), limits(20), NOW)

    assert due.due(NOW) == limits(20)
    assert due.due(NOW - timedelta(microseconds=1)) == limits(5)
    assert change(due, limits(20), now=NOW) == Plan(limits(20))


AMOUNT = st.none() | st.integers(0, 20).map(Decimal)
LIMITS = st.builds(Limits, AMOUNT, AMOUNT)


@given(LIMITS, st.lists(st.tuples(st.integers(0, 30), LIMITS), max_size=8))
def test_nothing_is_allowed_that_was_not_asked_for_a_day_before(first, changes):
    """Whatever a customer does, no limit is above the lowest that they wished at every moment of the last day."""
    plan, now, asked = Plan(first), NOW, [(NOW, first)]
    for hours, wanted in changes:
        now += timedelta(hours=hours)
        plan = change(plan, wanted, now=now)
        asked.append((now, wanted))
    for after in (timedelta(0), timedelta(hours=23), RAISED_AFTER):
        moment = now + after
        old_enough = [limits for at, limits in asked if at <= moment - RAISED_AFTER] or [first]
        allowed = plan.due(moment)
        for name in ("daily", "monthly"):
            wishes = [getattr(each, name) for each in [*old_enough, asked[-1][1]]]
            assert any(wish is None for wish in wishes) or getattr(allowed, name) <= max(wishes)


@given(LIMITS, LIMITS)
def test_what_is_asked_for_holds_after_a_day(before, wanted):
    assert change(Plan(before), wanted, now=NOW).due(NOW + RAISED_AFTER) == wanted
