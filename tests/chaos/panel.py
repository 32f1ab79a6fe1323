"""The panel's processes, its Redis and its Postgres: started, killed with SIGKILL, started again."""

import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection

from smmpanel.embedded import places, processes, redis
from smmpanel.embedded.children import Children, Program
from smmpanel.embedded.panel import Choices, programs
from smmpanel.embedded.postgres import Postgres
from smmpanel.embedded.services import Home
from tests.chaos.ports import own_port

REDIS, POSTGRES = "redis", "postgres"
PROCESSES = ("upstream", "clock", "beat")
WITH_WEB = ("web", *PROCESSES)

# What a dead worker had claimed comes free in seconds, so that a test need not wait for minutes.
IN_A_HURRY = {"POLL_SECONDS": "1", "PROVIDER_LEASE_SECONDS": "4", "CLAIM_LEASE_SECONDS": "4"}


@dataclass(frozen=True, slots=True)
class Strike:
    """A moment to kill at: when so many links have arrived upstream, and `wait` seconds later."""

    after: int
    wait: float
    victims: Sequence[str]


def strikes(dice: random.Random, *, orders: int, companions: Sequence[str], longest_wait: float) -> list[Strike]:
    """One strike for each companion, spread over the orders; the process that calls providers dies in each."""
    share = orders // max(1, len(companions))
    return [
        Strike(
            after=number * share + dice.randrange(1, share - 4),
            wait=dice.uniform(0, longest_wait),
            victims=sorted({"upstream", companion}),
        )
        for number, companion in enumerate(dice.sample(companions, len(companions)))
    ]


class Panel:
    """Processes of `make run` by name, with the same command lines, each in a group of its own.

    reach: the variables that lead to the database; postgres: its server, where it is to die too. The Redis keeps
    nothing: killed, it comes back empty. unsafe: without the safety that `sabotage` reads from these variables.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provider_at: str,
        reach: Mapping[str, str],
        processes: Sequence[str] = PROCESSES,
        postgres: Postgres | None = None,
        web_port: int = 0,
        unsafe: bool = False,
    ) -> None:
        home = Home(folder)
        self.kills = 0
        self.ended_by_themselves: list[str] = []
        self.reach = reach
        self.names = processes
        self.postgres = postgres
        self.redis = redis.Redis(
            binary=_redis_binary(),
            home=folder / REDIS,
            record=home.record(REDIS),
            log=home.log(REDIS),
            password="chaos",
            preferred_port=own_port(),
            throwaway=True,
        )
        choices = Choices(port=web_port, demo=False)
        self.programs = {each.name: (_unsafe(each) if unsafe else each) for each in programs(choices, home)}
        self.children = Children(home, places.ROOT, {**os.environ, **IN_A_HURRY, "OUTBOUND_ALLOW": provider_at})

    def start(self) -> None:
        self.redis.start()
        self.children.environment |= {**self.reach, "REDIS_URL": self.redis.url, "BROKER_URL": self.redis.url}
        self.children.start(*(self.programs[name] for name in self.names))

    def strike(self, victims: Sequence[str]) -> None:
        """Kill them all, and only when all are dead start them again."""
        for name in victims:
            self._kill(name)
        for name in victims:
            self._start_again(name)
        self.kills += len(victims)

    def supervise(self) -> None:
        """Start again what ended and nobody killed, as an operator's supervisor would, and remember it."""
        for child in [each for each in self.children.running if not each.alive]:
            child.end(deadline=0)  # with what is left of its group, as a supervisor does
            self.children.running.remove(child)
            self.ended_by_themselves.append(child.program.name)
            self.children.start(child.program)

    def let_go(self, names: Sequence[str]) -> None:
        """Ask these to end, and wait until they have done what they were doing."""
        leaving = [child for child in self.children.running if child.program.name in names]
        for child in leaving:
            child.ask_to_end()
        for child in leaving:
            child.end(deadline=time.monotonic() + child.program.patience)
            self.children.running.remove(child)

    def end(self) -> None:
        for name in [child.program.name for child in self.children.running]:
            self._kill(name)
        self.redis.stop()

    def _start_again(self, name: str) -> None:
        if name == REDIS:
            self.redis.start()
            assert self.redis.port == self.redis.preferred_port, "somebody else took the port meanwhile"
        elif name == POSTGRES:
            assert self.postgres
            self.postgres.start()
            assert self.postgres.port == self.postgres.preferred_port, "somebody else took the port meanwhile"
        else:
            self.children.start(self.programs[name])

    def _kill(self, name: str) -> None:
        if name == REDIS:
            server = processes.recall(self.redis.record)
            assert server
            os.killpg(server.pid, signal.SIGKILL)
            self.redis.stop()  # only reaps it
            return
        if name == POSTGRES:
            assert self.postgres
            kill_postgres(self.postgres)
            return
        child = next(child for child in self.children.running if child.program.name == name)
        os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait()
        self.children.running.remove(child)


def kill_postgres(server: Postgres) -> None:
    """SIGKILL to the server and whatever it forked, in the middle of what they do; what was not flushed is gone."""
    postmaster = processes.recall(server.record)
    assert postmaster
    family = [postmaster.pid, *_forked_by(postmaster.pid)]
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    gone = processes.wait_until(lambda: not any(processes.find(pid) for pid in family), seconds=20)
    assert gone, "Postgres outlives SIGKILL"


def _forked_by(pid: int) -> list[int]:
    """Children of a process (proc(5): the fourth field of stat, counted behind the name in parentheses)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def _redis_binary() -> Path:
    binary = redis.find_binary()
    assert binary, "a test that kills Redis needs one: install redis-server"
    return binary


def _unsafe(program: Program) -> Program:
    swapped = {"smmpanel": "tests.chaos.unsafe_app", "smmpanel.wsgi:application": "tests.chaos.unsafe_wsgi:application"}
    return replace(program, argv=[swapped.get(word, word) for word in program.argv])


def database_url() -> str:
    """Where the database of this test is."""
    at = connection.get_connection_params()
    return f"postgres://{at['user']}:{at.get('password', '')}@{at['host']}:{at['port']}/{at['dbname']}"
