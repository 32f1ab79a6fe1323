"""A panel on the test's own database, with a simulated provider."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from tests.chaos.panel import Panel, database_url
from tests.chaos.rig import SPEED_UP, Rig
from tests.orders.upstream import Upstream
from tests.simulator.conftest import Simulator


@pytest.fixture
def chaos(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Starts the simulated provider and the panel; everything is dead before the database is emptied."""
    begun: list[Rig] = []

    def _begin(*flags: str) -> Rig:
        simulator = Simulator(tmp_path / "provider", "--speed-up", SPEED_UP, *flags)
        upstream = Upstream(simulator)
        upstream.now = timezone.now()
        panel = Panel(tmp_path, provider_at=f"127.0.0.1:{simulator.port}", reach={"DATABASE_URL": database_url()})
        begun.append(Rig(simulator=simulator, upstream=upstream, panel=panel, seed=0))
        panel.start()
        return begun[-1]

    yield _begin
    for each in begun:
        each.end()
