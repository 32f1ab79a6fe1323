"""A real simulated provider beside the tests of orders, and a panel that sells what it delivers."""

from collections.abc import Callable, Iterator

import pytest

from tests.orders.upstream import Upstream
from tests.simulator.conftest import Simulator

FAST = ("--speed-up", "36000")  # an hour in a tenth of a second: 1,000 units take about as long


@pytest.fixture(scope="session")
def with_request_ids(tmp_path_factory) -> Iterator[Simulator]:
    yield from _running(tmp_path_factory, *FAST)


@pytest.fixture(scope="session")
def without_request_ids(tmp_path_factory) -> Iterator[Simulator]:
    yield from _running(tmp_path_factory, *FAST, "--no-request-ids")


@pytest.fixture
def connect(settings) -> Callable[..., Upstream]:
    """Sells what a running simulator delivers; it forgets the troubles of earlier tests."""

    def _connect(simulator: Simulator, **columns: object) -> Upstream:
        simulator.control(reset=True)
        settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, f"127.0.0.1:{simulator.port}"]
        return Upstream(simulator, **columns)

    return _connect


@pytest.fixture
def upstream(db, connect, with_request_ids) -> Upstream:
    """A provider that heals unknowns by request id."""
    return connect(with_request_ids)


@pytest.fixture
def forgetful(db, connect, without_request_ids) -> Upstream:
    """A provider as most are: nobody can ask it whether a submission arrived."""
    return connect(without_request_ids)


def _running(tmp_path_factory, *flags: str) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path_factory.mktemp("simulator"), *flags)
    yield simulator
    simulator.stop()
