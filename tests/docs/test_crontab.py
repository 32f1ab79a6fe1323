"""The crontab that `docs/operations.md` shows runs every tick, none less often than a watchdog bears."""

import re
from pathlib import Path

from smmpanel.celery import SECONDS
from smmpanel.ticks import TICKS

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(\*|\*/\d+) \* \* \* \* .*manage\.py tick ([a-z ]+)$", re.M)
MINUTE = 60


def shown() -> dict[str, int]:
    """The seconds between two runs of each tick."""
    found = {}
    for minutes, names in LINE.findall((ROOT / "docs" / "operations.md").read_text()):
        for name in names.split():
            assert name not in found
            found[name] = MINUTE * int(minutes.partition("/")[2] or 1)
    return found


def test_it_runs_every_tick_there_is():
    assert set(shown()) == set(TICKS)


def test_none_is_rarer_than_its_own_period_or_a_minute():
    """Cron knows nothing shorter."""
    assert {name: seconds for name, seconds in shown().items() if seconds > max(SECONDS[name], MINUTE)} == {}
