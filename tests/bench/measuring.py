"""How a figure is taken: CPU of this process and of its database sessions, wall time, medians of interleaved rounds."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from django.db import connection
from django.db.models import Model

ROUNDS = 5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """One round: seconds of wall time, seconds of CPU (ours and the database session's), operations done."""

    wall: float
    cpu: float
    done: int


@dataclass(slots=True)
class Figure:
    """One goal's result, as it stands in var/bench.json. value and limit share a unit; ratio is value to limit."""

    name: str
    goal: str
    value: float
    limit: float
    unit: str
    n: int
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.value / self.limit

    def as_json(self) -> dict[str, object]:
        return {
            "value": self.value,
            "limit": self.limit,
            "ratio": self.ratio,
            "n": self.n,
            "unit": self.unit,
            "goal": self.goal,
            **self.notes,
        }


def take(work: Callable[[], int]) -> Taken:
    """Run `work`, which says how many operations it did, and measure it with this thread's database session."""
    session = _session_of_connection()
    wall, cpu, server = time.perf_counter(), time.process_time(), _cpu_of(session)
    done = work()
    cpu_spent = time.process_time() - cpu + _cpu_of(session) - server
    return Taken(wall=time.perf_counter() - wall, cpu=cpu_spent, done=done)


def interleaved(ways: Sequence[Callable[[], int]], *, rounds: int = ROUNDS) -> list[list[Taken]]:
    """Each way's rounds, taken in turn, so that a neighbour's noise falls on all of them."""
    taken: list[list[Taken]] = [[] for _ in ways]
    for _ in range(rounds):
        for rounds_of_way, way in zip(taken, ways, strict=True):
            rounds_of_way.append(take(way))
    return taken


def cpu_each(rounds: Sequence[Taken]) -> float:
    """Median CPU of one operation, microseconds."""
    return median(each.cpu / each.done for each in rounds) * 1e6


def wall_rate(rounds: Sequence[Taken]) -> float:
    """Median operations a second."""
    return median(each.done / each.wall for each in rounds)


def columns(model: type[Model], *without: str) -> list[str]:
    """The columns of a model's table but for some."""
    return [column.column for column in model._meta.concrete_fields if column.column not in without]


def _session_of_connection() -> int:
    """The process that serves this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _cpu_of(pid: int) -> float:
    """User and system seconds of a process so far; 0 where /proc does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
