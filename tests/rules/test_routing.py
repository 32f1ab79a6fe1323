"""Which route a run takes, and why not the others: the matrix of R11, and what holds for any of them."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.routing import BY_CALL, BY_HAND, PATIENCE_S, Choice, RouteFacts, RunNeeds, Skip, Way, choose, skip
from policies.rules.vocabulary import HeldReason, ServiceType

FIRST, SECOND, THIRD = (Way(number, "1001") for number in (1, 2, 3))
RUN = RunNeeds(ServiceType.DEFAULT, quantity=1000, rate=Decimal("1.50"))
OPEN = RouteFacts(FIRST, priority=1, cost=Decimal("0.75"), balance=Decimal(100), room=5)

CLOSED = {
    Skip.OFF: {"enabled": False},
    Skip.TYPE: {"types": frozenset({ServiceType.PACKAGE})},
    Skip.LOSS: {"cost": Decimal("1.50001")},
    Skip.PAUSED: {"paused": True},
    Skip.SILENT: {"silent": True},
    Skip.ASKED_TO_WAIT: {"wait_s": PATIENCE_S + 1},
    Skip.LOW_FUNDS: {"balance": Decimal("0.74999")},
    Skip.FULL: {"room": 0},
}


def closed(why: Skip, way: Way, priority: int = 1) -> tuple[RouteFacts, RunNeeds]:
    """A route that is closed for one reason alone, and the run that finds it so."""
    if why is Skip.REFUSED:
        return replace(OPEN, way=way, priority=priority), replace(RUN, refused=frozenset({way}))
    return replace(OPEN, way=way, priority=priority, **CLOSED[why]), RUN


def test_the_matrix_has_a_row_for_every_reason():
    assert {*CLOSED, Skip.REFUSED} == set(Skip)


@pytest.mark.parametrize("why", list(Skip))
class TestMatrix:
    """R11: disabled, paused, silent or poor routes are skipped, and the reason is recorded."""

    def test_the_next_one_takes_it(self, why):
        first, run = closed(why, FIRST)
        second = replace(OPEN, way=SECOND, priority=2)

        assert choose([second, first], run) == Choice(SECOND, ready=True, skipped=((FIRST, why),))

    def test_with_none_left_nobody_takes_it(self, why):
        route, run = closed(why, FIRST)

        choice = choose([route], run)

        assert (choice.ready, choice.skipped) == (False, ((FIRST, why),))


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"cost": Decimal("1.50")}, None),  # sold at cost is no loss
        ({"cost": None, "balance": Decimal(0)}, None),  # what it costs is not known
        ({"cost": Decimal(900), "balance": None, "ours": False}, None),  # rupees are no dollars
        ({"cost": Decimal(900), "ours": False}, Skip.LOW_FUNDS),  # but it is asked for in its own
        ({"balance": Decimal("0.75")}, None),
        ({"wait_s": PATIENCE_S}, None),
        ({"room": 1}, None),
        ({"room": None}, None),
        ({"enabled": False, "paused": True, "room": 0}, Skip.OFF),  # the most lasting reason is told
        ({"paused": True, "silent": True}, Skip.PAUSED),
    ],
)
def test_at_the_edge(facts, why):
    assert skip(replace(OPEN, **facts), RUN) is why


@pytest.mark.parametrize(("type_", "why"), [(ServiceType.PACKAGE, None), (ServiceType.SUBSCRIPTIONS, Skip.TYPE)])
def test_what_goes_on_for_weeks_by_itself_is_nobodys_to_deliver_by_hand(type_, why):
    """R9, R11: everything else is."""
    assert skip(replace(OPEN, types=BY_HAND), replace(RUN, type=type_)) is why
    assert skip(replace(OPEN, types=BY_CALL), replace(RUN, type=type_)) is None


def test_a_package_costs_its_price_whatever_its_units():
    route = replace(OPEN, balance=Decimal("0.75"))

    assert skip(route, RunNeeds(ServiceType.PACKAGE, quantity=1, rate=Decimal("1.50"))) is None
    assert skip(replace(route, balance=Decimal("0.74")), replace(RUN, type=ServiceType.PACKAGE)) is Skip.LOW_FUNDS


@pytest.mark.parametrize(
    ("reasons", "waits_for", "told"),
    [
        ([Skip.PAUSED, Skip.SILENT], SECOND, HeldReason.PROVIDER_SILENT),
        ([Skip.SILENT, Skip.PAUSED], FIRST, HeldReason.PROVIDER_SILENT),
        ([Skip.OFF, Skip.ASKED_TO_WAIT], SECOND, HeldReason.PROVIDER_BUSY),
        ([Skip.LOW_FUNDS, Skip.PAUSED], FIRST, HeldReason.PROVIDER_PAUSED),
        ([Skip.SILENT, Skip.SILENT], FIRST, HeldReason.PROVIDER_SILENT),
        ([Skip.OFF, Skip.LOSS], None, HeldReason.NO_PROVIDER),
        ([Skip.TYPE, Skip.OFF], None, HeldReason.NO_PROVIDER),
        ([], None, HeldReason.NO_PROVIDER),
    ],
)
def test_with_none_left_it_waits_for_the_one_that_takes_it_soonest(reasons, waits_for, told):
    routes = [
        closed(why, way, place)[0] for place, (why, way) in enumerate(zip(reasons, [FIRST, SECOND], strict=False))
    ]

    choice = choose(routes, RUN)

    assert (choice.way, choice.ready, choice.held_reason) == (waits_for, False, told)
    assert not choice.waits_in_line


def test_a_full_route_delays_and_holds_nothing():
    """R12: it waits in line, rather than for one that somebody has to mend."""
    paused, full = closed(Skip.PAUSED, FIRST)[0], closed(Skip.FULL, SECOND, 2)[0]

    choice = choose([paused, full], RUN)

    assert (choice.way, choice.ready, choice.waits_in_line) == (SECOND, False, True)


def routes() -> st.SearchStrategy[list[RouteFacts]]:
    ways = st.permutations([FIRST, SECOND, THIRD])
    states = st.lists(st.sampled_from([{}, *CLOSED.values()]), max_size=3)
    return st.tuples(ways, states).map(
        lambda drawn: [
            replace(OPEN, way=way, priority=place, **facts)
            for place, (way, facts) in enumerate(zip(*drawn, strict=False))
        ]
    )


@given(routes=routes(), refused=st.frozensets(st.sampled_from([FIRST, SECOND, THIRD])))
def test_what_holds_of_every_choice(routes, refused):
    """The first that takes it, each other one accounted for, and the order in which they are listed means nothing."""
    run = replace(RUN, refused=refused)

    choice = choose(routes, run)

    takers = [route.way for route in routes if skip(route, run) is None]
    assert choice.ready == bool(takers)
    assert choice.way == takers[0] if takers else choice.way not in refused
    assert {way for way, _ in choice.skipped} | set(takers) == {route.way for route in routes}
    assert all(choose(list(mixed), run) == choice for mixed in permutations(routes))
