"""SIGKILL in the middle of submissions (reliability section 3, rows 1 to 5 and 18), and what is left afterwards."""

import random

import pytest

from tests.chaos.conftest import Chaos
from tests.chaos.counting import Happened, what_happened

pytestmark = pytest.mark.chaos

ORDERS = 200
COMPANIONS = ("redis", "beat", "clock", "redis", "beat")  # one dies in each strike, beside the one that sends
SPOILED = {"action": "add", "kind": ["late:3", "drop", "http_500"], "rate": 0.06, "accepted": 0.5}
REFUSED = {"action": "add", "kind": "http_429:1", "next": 3}


@pytest.fixture
def seed() -> int:
    """Another one each time; printed, so that a failure's moments can be had again."""
    return random.SystemRandom().randrange(10_000)


def check(happened: Happened) -> None:
    """What is promised whatever dies when (X1)."""
    assert happened.sent_twice == 0
    assert happened.forgotten == 0
    assert happened.cents_lost == 0
    assert happened.books_balance
    assert happened.ended + happened.held == happened.orders


def spoiled_and_killed(chaos: Chaos) -> Happened:
    """200 orders, some answers late, lost or wrong, and ten kills."""
    chaos.simulator.control(faults=[SPOILED, REFUSED])
    chaos.place(ORDERS)
    chaos.kill_in_the_middle(orders=ORDERS, companions=COMPANIONS, longest_wait=0.4)
    chaos.settle()
    return what_happened(chaos.upstream)


def test_with_request_ids_every_order_ends(chaos, seed, tell):
    """Decision 13: what nobody can vouch for is asked for by its request id, and nothing is left for staff."""
    begun = chaos("--latency-ms", "250", seed=seed)

    happened = spoiled_and_killed(begun)
    tell(f"chaos with request ids, seed {seed}: {begun.panel.kills} kills; {happened}")

    assert begun.panel.kills >= 8
    check(happened)
    assert happened.ended == happened.orders
    assert happened.unknown == happened.healed > 0


def test_without_request_ids_unknowns_stay_held_and_are_never_sent_again(chaos, seed, tell):
    """Reliability section 2: nobody can tell, so nothing is sent again and no money moves until staff decide."""
    begun = chaos("--latency-ms", "250", "--no-request-ids", seed=seed)

    happened = spoiled_and_killed(begun)
    tell(f"chaos without request ids, seed {seed}: {begun.panel.kills} kills; {happened}")

    assert begun.panel.kills >= 8
    check(happened)
    assert happened.held > 0


def test_without_the_claim_the_same_check_fails(chaos, seed, tell):
    """Negative control: sent first, written afterwards, and killed in between."""
    begun = chaos("--latency-ms", "600", "--no-request-ids", seed=seed, app="tests.chaos.unsafe_app")

    begun.place(40)
    begun.kill_in_the_middle(orders=40, companions=["upstream"] * 3, longest_wait=0.1)
    begun.settle()
    happened = what_happened(begun.upstream)
    tell(f"chaos without the claim, seed {seed}: {begun.panel.kills} kills; {happened}")

    assert happened.sent_twice > 0
    with pytest.raises(AssertionError):
        check(happened)
