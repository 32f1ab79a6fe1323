"""A simulated provider and a panel that calls it, watched together: waiting for what must come, killing on the way."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from django.db import connection

from orders.models import Order, Run
from policies.rules.vocabulary import RunState
from tests.chaos.clients import QUANTITY, link
from tests.chaos.panel import Panel, Strike
from tests.orders.upstream import Upstream
from tests.simulator.conftest import Simulator

PATIENCE = 180  # seconds for each stretch; a quiet machine needs a few
SPEED_UP = "300"  # 100 units take a second or two: orders live through kills too


class Rig:
    """One provider, one panel, and the dice that say when what dies."""

    def __init__(self, *, simulator: Simulator, upstream: Upstream, panel: Panel, seed: int) -> None:
        self.dice = random.Random(seed)
        self.simulator, self.upstream, self.panel = simulator, upstream, panel

    def place(self, numbers: Sequence[int]) -> list[Order]:
        """Place orders in this process."""
        return [self.upstream.order(quantity=QUANTITY, link=link(number)) for number in numbers]

    def strike(self, strikes: Sequence[Strike], sent: Callable[[], int]) -> None:
        """Kill at these moments. sent: how many requests have reached the provider, asked again and again."""
        for strike in strikes:
            self.until(lambda after=strike.after: sent() >= after, "no more submissions")
            time.sleep(strike.wait)
            self.panel.strike(strike.victims)
        connection.close()  # ours may lead to a database server that is dead

    def settle(self, *, still_seconds: float = PATIENCE) -> None:
        """Wait until nothing is under way, or what is does not move so long: that is forgotten, and is counted so.

        Then a last order goes through, so ticks went by and all is at rest.
        """
        states, since = states_now(), time.monotonic()
        while under_way() and time.monotonic() - since < still_seconds:
            self.panel.supervise()
            time.sleep(0.1)
            if (now := states_now()) != states:
                states, since = now, time.monotonic()
        self.simulator.control(reset=True)
        last = self.upstream.order(quantity=QUANTITY)
        self.until(lambda: self.upstream.fresh(last).ended_at is not None, "the last order does not end")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            self.panel.supervise()
            assert time.monotonic() < end, f"{what}: {states_now()}"
            time.sleep(0.05)

    def end(self) -> None:
        self.panel.end()
        self.simulator.stop()


def states_now() -> dict[str, int]:
    return dict(Counter(Run.objects.values_list("state", flat=True)))


def under_way() -> bool:
    """Whether a run is queued, being sent or delivered, or unknown at a provider who can be asked."""
    at_rest = [RunState.ENDED.value, RunState.UNKNOWN.value]
    askable = Run.objects.filter(state=RunState.UNKNOWN.value, provider__request_ids=True)
    return Run.objects.exclude(state__in=at_rest).exists() or askable.exists()
