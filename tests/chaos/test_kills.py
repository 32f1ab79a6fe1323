"""A whole panel, killed again and again while programs order from it: what is promised, and what breaks without it.

Reliability section 3, rows 1 to 5, 18, 20, 27 and 28; X1. The same as `make chaos`, shorter.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.choices import ROOT

pytestmark = pytest.mark.chaos

ORDERS, CLIENTS, KILLS = 150, 8, 10
WHOLE = {"orders": ORDERS, "clients": CLIENTS, "kills": KILLS, "sent_twice": 0, "forgotten": 0, "cents_lost": 0}
LONGEST_SECONDS = 400


@pytest.fixture
def run(tmp_path: Path, tell: Callable[[str], None]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """`python -m tests.chaos` with these flags: how it ended, and what it left."""

    def _run(*flags: str, orders: int = ORDERS, kills: int = KILLS) -> tuple[int, dict[str, Any]]:
        out = tmp_path / "chaos.json"
        sizes = ["--orders", str(orders), "--clients", str(CLIENTS), "--kills", str(kills), "--out", str(out)]
        ended = _ended([sys.executable, "-m", "tests.chaos", *sizes, *flags])
        tell(ended.stdout or ended.stderr)
        return ended.returncode, json.loads(out.read_text()) if out.exists() else {}

    return _run


def _ended(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False, start_new_session=True
    )


def test_with_request_ids_every_order_ends(run):
    """Decision 13: what nobody can vouch for is asked for by its request id, and nothing is left for staff."""
    status, counted = run()

    assert counted == WHOLE | {"unknown": counted["unknown"], "healed": counted["unknown"]}
    assert counted["unknown"] > 0
    assert status == 0


def test_without_request_ids_unknowns_stay_held_and_are_never_sent_again(run):
    """Reliability section 2: nobody can tell, so nothing is sent again and no money moves until staff decide."""
    status, counted = run("--no-request-ids")

    assert counted == WHOLE | {"unknown": counted["unknown"], "healed": counted["healed"]}
    assert counted["unknown"] > counted["healed"]
    assert status == 0


@pytest.mark.parametrize(
    ("safety", "flags", "harm"),
    [
        ("claim", ["--no-request-ids"], "sent_twice"),
        ("unknown", ["--no-request-ids"], "sent_twice"),
        ("request_key", [], "sent_twice"),
        ("lease", [], "forgotten"),
        ("durability", [], "forgotten"),
    ],
)
def test_without_a_safety_the_same_run_fails(run, safety, flags, harm):
    """Negative controls: the harness sees what each safety is there for."""
    status, counted = run("--without", safety, *flags, orders=100)

    assert counted[harm] > 0
    assert status == 1
