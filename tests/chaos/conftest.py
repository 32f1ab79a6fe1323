"""A simulated provider, a panel that is killed again and again, and orders in the middle of it."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from django.utils import timezone

from orders.models import Order, Run
from policies.rules.vocabulary import RunState
from tests.chaos.panel import Panel, database_url, strikes
from tests.orders.upstream import Upstream
from tests.simulator.conftest import Simulator

PATIENCE = 180  # seconds for each stretch; a quiet machine needs a few
QUANTITY = 100
SPEED_UP = "300"  # 100 units take a second or two: orders live through kills too
ENDINGS = {10: "partial:0.5", 25: "canceled"}  # how every tenth and every twenty-fifth order goes


class Chaos:
    """One provider, one panel, and the dice that say when what dies."""

    def __init__(self, folder: Path, *, seed: int, app: str, flags: Sequence[str]) -> None:
        self.dice = random.Random(seed)
        self.simulator = Simulator(folder / "provider", "--speed-up", SPEED_UP, *flags)
        self.upstream = Upstream(self.simulator)
        self.upstream.now = timezone.now()
        at = f"127.0.0.1:{self.simulator.port}"
        self.panel = Panel(folder, provider_at=at, app=app, reach={"DATABASE_URL": database_url()})

    def place(self, count: int) -> list[Order]:
        return [self.upstream.order(quantity=QUANTITY, sim=_ending(number)) for number in range(count)]

    def kill_in_the_middle(self, *, orders: int, companions: Sequence[str], longest_wait: float) -> None:
        """Strike at moments that the dice chose, each between the first submission and the last."""
        for strike in strikes(self.dice, orders=orders, companions=companions, longest_wait=longest_wait):
            self.until(lambda after=strike.after: len(self.simulator.watch()["links"]) >= after, "no more submissions")
            time.sleep(strike.wait)
            self.panel.strike(strike.victims)

    def settle(self) -> None:
        """Wait until nothing is under way; then a last order goes through, so ticks went by and all is at rest."""
        self.until(lambda: not _under_way(), "still under way")
        self.simulator.control(reset=True)
        (last,) = self.place(1)
        self.until(lambda: self.upstream.fresh(last).ended_at is not None, "the last order does not end")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            self.panel.watch()
            assert time.monotonic() < end, f"{what}: {_states()}"
            time.sleep(0.05)

    def end(self) -> None:
        self.panel.end()
        self.simulator.stop()


@pytest.fixture
def chaos(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Chaos]]:
    """Starts the simulated provider and the panel; everything is dead before the database is emptied."""
    begun: list[Chaos] = []

    def _begin(*flags: str, seed: int, app: str = "smmpanel") -> Chaos:
        begun.append(Chaos(tmp_path, seed=seed, app=app, flags=flags))
        begun[-1].panel.start()
        return begun[-1]

    yield _begin
    for each in begun:
        each.end()


def _ending(number: int) -> str:
    return next((how for every, how in ENDINGS.items() if number % every == every - 1), "")


def _states() -> dict[str, int]:
    return dict(Counter(Run.objects.values_list("state", flat=True)))


def _under_way() -> bool:
    """Whether a run is queued, being sent or delivered, or unknown at a provider who can be asked."""
    at_rest = [RunState.ENDED.value, RunState.UNKNOWN.value]
    askable = Run.objects.filter(state=RunState.UNKNOWN.value, provider__request_ids=True)
    return Run.objects.exclude(state__in=at_rest).exists() or askable.exists()
