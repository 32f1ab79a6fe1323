"""How a figure is taken: CPU of this process and of its database session, wall time, memory, interleaved rounds."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from django.db import connection
from django.db.models import Model

ROUNDS = 5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """One round: seconds of wall time, seconds of CPU (ours and the database session's), operations done.

    server: the session's share of the CPU.
    """

    wall: float
    cpu: float
    done: int
    server: float = 0.0

    @property
    def ours(self) -> float:
        """CPU of this process."""
        return self.cpu - self.server


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


class Meter:
    """Adds up what the parts of a round cost, each measured with this thread's database session."""

    def __init__(self, session: int | None = None) -> None:
        self.session = session or session_of_connection()
        self.wall = self.ours = self.server = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, ours, server = time.perf_counter(), time.process_time(), cpu_of_session(self.session)
        yield
        self.server += cpu_of_session(self.session) - server
        self.ours += time.process_time() - ours
        self.wall += time.perf_counter() - wall

    def taken(self, done: int) -> Taken:
        return Taken(wall=self.wall, cpu=self.ours + self.server, done=done, server=self.server)


def take(work: Callable[[], int]) -> Taken:
    """Run `work`, which says how many operations it did, and measure it with this thread's database session."""
    meter = Meter()
    with meter.running():
        done = work()
    return meter.taken(done)


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


def server_cpu_each(rounds: Sequence[Taken]) -> float:
    """Median CPU of one operation in the database session, microseconds."""
    return median(each.server / each.done for each in rounds) * 1e6


def our_cpu_each(rounds: Sequence[Taken]) -> float:
    """Median CPU of one operation in this process, microseconds."""
    return median(each.ours / each.done for each in rounds) * 1e6


def wall_rate(rounds: Sequence[Taken]) -> float:
    """Median operations a second."""
    return median(each.done / each.wall for each in rounds)


def columns(model: type[Model], *without: str) -> list[str]:
    """The columns of a model's table but for some."""
    return [column.column for column in model._meta.concrete_fields if column.column not in without]


def session_of_connection() -> int:
    """The process that serves this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cpu_of_session(pid: int) -> float:
    """Seconds of CPU so far of a process with one thread, to the nanosecond where the kernel tells them so."""
    exact = Path(f"/proc/{pid}/schedstat")
    return int(exact.read_text().split()[0]) / 1e9 if exact.exists() else cpu_of(pid)


def cpu_of(pid: int) -> float:
    """User and system seconds of a process so far, all its threads together; 0 where /proc does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_of(pid: int) -> int:
    """The most memory that a process ever had, MiB; the shared buffers it touched are in it. 0 where nobody tells."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), 0)


def memory(**pids: int) -> dict[str, int]:
    """The most memory of this process and of others by name, MiB."""
    return {"this_process": memory_of(os.getpid()), **{name: memory_of(pid) for name, pid in pids.items()}}
