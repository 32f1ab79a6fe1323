"""The simulated provider as a benchmark's target: any number of live orders that stand still, at 50 ms an answer."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.test import override_settings

from tests.simulator.conftest import KEY, Simulator

LATENCY_SECONDS = 0.05
FIVE_YEARS = 157_680_000
UNITS_AN_HOUR = 0.01  # the next unit comes in four days: all that moves in a pass is what the benchmark set back


@dataclass(frozen=True, slots=True)
class Target:
    """A simulator that runs. first_id: of its live orders, which are numbered on from there."""

    url: str
    at: str
    first_id: int
    pid: int
    key: str = KEY


@contextmanager
def with_live_orders(count: int) -> Iterator[Target]:
    """Start one, with `count` live orders of 1,000 units, and let the panel past its address guard to it."""
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(Path(folder), "--speed-up", "1", "--latency-ms", str(LATENCY_SECONDS * 1000))
        try:
            made = simulator.bulk(count=count, quantity=1000, pace=UNITS_AN_HOUR, ago=FIVE_YEARS)
            at = f"127.0.0.1:{simulator.port}"
            with override_settings(OUTBOUND_ALLOW=[at]):
                yield Target(f"http://{at}/api/v2", at, made["first"], simulator.process.pid)
        finally:
            simulator.http.close()
            simulator.process.kill()
            simulator.process.communicate()
