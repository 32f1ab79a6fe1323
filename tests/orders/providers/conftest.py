"""The adapter under test, and the real simulator it talks to."""

from collections.abc import Callable, Iterator

import pytest

from orders.providers.api_v2 import ApiV2
from plumbing.outbound import Outbound
from tests.simulator.conftest import KEY, Simulator


@pytest.fixture
def simulate(tmp_path) -> Iterator[Callable[..., Simulator]]:
    """Starts simulators, each its own process with its own data."""
    started: list[Simulator] = []

    def _simulate(*flags: str) -> Simulator:
        started.append(Simulator(tmp_path / f"simulator-{len(started)}", *flags))
        return started[-1]

    yield _simulate
    for one in started:
        one.process.kill()
        one.process.communicate()
        one.http.close()


@pytest.fixture
def panel(simulate) -> Simulator:
    """A simulated provider with request ids; 36,000 simulated seconds in a second."""
    return simulate("--speed-up", "36000")


def adapter_to(port: int, **changes) -> ApiV2:
    """An adapter to a port of this machine."""
    stated = {
        "url": f"http://127.0.0.1:{port}/api/v2",
        "key": KEY,
        "way": Outbound(allow={f"127.0.0.1:{port}"}),
        "request_ids": True,
        "add_deadline": 2,
        "balance_deadline": 2,
        "poll_deadline": 5,
        "poll_concurrency": 4,
    }
    return ApiV2(**{**stated, **changes})
