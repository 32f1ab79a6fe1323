"""A panel on the test's own database with a simulated provider; and `make chaos` as a program."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.chaos.choices import ROOT
from tests.chaos.panel import PROCESSES, Panel, database_url
from tests.chaos.rig import SPEED_UP, Rig
from tests.orders.upstream import Upstream
from tests.simulator.conftest import Simulator
from tests.web_server import PLAIN_FILES

LONGEST_SECONDS = 400


@pytest.fixture
def chaos(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Starts the simulated provider and the panel; everything is dead before the database is emptied."""
    begun: list[Rig] = []

    def _begin(*flags: str, processes: Sequence[str] = PROCESSES, web_port: int = 0) -> Rig:
        simulator = Simulator(tmp_path / "provider", "--speed-up", SPEED_UP, *flags)
        upstream = Upstream(simulator)
        upstream.now = timezone.now()
        panel = Panel(
            tmp_path,
            provider_at=f"127.0.0.1:{simulator.port}",
            reach={"DATABASE_URL": database_url(), **PLAIN_FILES},
            processes=processes,
            web_port=web_port,
        )
        begun.append(Rig(simulator=simulator, upstream=upstream, panel=panel, seed=0))
        panel.start()
        return begun[-1]

    yield _begin
    for each in begun:
        each.end()


@pytest.fixture
def run(tmp_path: Path, tell: Callable[[str], None]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`python -m tests.chaos` with these flags and sizes: how it ended, and what it left."""

    def _run(*flags: str, **sizes: int) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "chaos.json"
        sized = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
        ended = subprocess.run(
            [sys.executable, "-m", "tests.chaos", "--latency-ms", "250", "--out", str(out), *sized, *flags],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        tell(ended.stdout or ended.stderr)
        return ended.returncode, json.loads(out.read_text()) if out.exists() else {}

    return _run
