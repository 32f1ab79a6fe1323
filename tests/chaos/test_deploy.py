"""A new release in the middle of orders: old and new processes side by side, the old ones asked to end (row 30)."""

import time
from dataclasses import replace

import pytest
from django.core.management import call_command

from orders.models import Attempt
from smmpanel.embedded.children import Program
from tests.chaos.counting import what_happened
from tests.chaos.panel import PROCESSES

pytestmark = pytest.mark.chaos

ORDERS = 60


def newer(program: Program) -> Program:
    """The same process as the next release starts it."""
    words = [word.replace("@%h", "-next@%h") for word in program.argv]
    return replace(program, name=f"{program.name}-next", argv=words)


def test_a_release_in_the_middle_leaves_nothing_unknown(chaos, tell):
    """Asked to end, a worker hears its last answers; killed, it leaves unknowns (`test_kills`: that is the control)."""
    begun = chaos("--latency-ms", "700")
    panel = begun.panel
    begun.place(range(ORDERS))
    begun.until(lambda: begun.simulator.watch("totals")["arrived"] >= ORDERS // 4, "nothing is sent")

    call_command("migrate", verbosity=0)
    panel.children.start(*(newer(panel.programs[name]) for name in PROCESSES))
    begun.until(lambda: Attempt.objects.filter(answered_at=None).exists(), "no call is under way")
    asked_at = time.monotonic()
    panel.let_go(PROCESSES)
    took = time.monotonic() - asked_at
    sent_by_then = begun.simulator.watch("totals")["arrived"]
    begun.settle()

    happened = what_happened(begun.simulator, customers=[begun.upstream.customer.pk])
    tell(f"a release after {sent_by_then} of {ORDERS} orders, the old processes ended in {took:.1f} s: {happened}")
    assert happened.as_promised
    assert (happened.unknown, happened.ended) == (0, ORDERS + 1)
    assert sent_by_then < ORDERS
    assert not panel.ended_by_themselves
