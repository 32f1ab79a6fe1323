"""The panel's own processes: each with its log, watched together, stopped together."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from smmpanel.embedded import interrupts, processes
from smmpanel.embedded.services import Home

TAIL_LINES = 25


class ChildDied(Exception):
    """A process ended that should not have; the text says which, and how its log ends."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something to run. `patience` is how many seconds it may take to finish what it is doing when asked to end."""

    name: str
    argv: Sequence[str]
    patience: float = 10


@dataclass(slots=True)
class Child:
    """A running program, the leader of a process group of its own."""

    program: Program
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        """Say whether it runs. It is not reaped by this, so that the number of its group stays its own."""
        return processes.find(self.popen.pid) is not None

    def ask_to_end(self) -> None:
        if self.alive:
            self.popen.send_signal(signal.SIGTERM)

    def end(self, *, deadline: float) -> None:
        """Wait until it is gone, then end what is left of its group."""
        processes.wait_until(lambda: not self.alive, seconds=max(0, deadline - time.monotonic()))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


@dataclass(slots=True)
class Children:
    """All of them, in the order in which they were started."""

    home: Home
    folder: Path
    environment: dict[str, str]
    running: list[Child] = field(default_factory=list)

    def start(self, *programs: Program) -> None:
        """Start programs, each writing to `var/log/NAME.log`; the log before that is kept as `NAME.log.1`."""
        for program in programs:
            with interrupts.held():
                self.running.append(self._start(program))

    def watch(self) -> None:
        """Raise `ChildDied` if one of them has ended."""
        for child in self.running:
            if not child.alive:
                status = child.popen.wait()
                raise ChildDied(
                    f"{child.program.name} ended (status {status}). The end of {child.log}:\n{tail(child.log)}"
                )

    def stop(self) -> None:
        """End all of them, and the one started first only when the others are gone: they may be calling it."""
        while self.running:
            callers = self.running[1:] or self.running
            for child in callers:
                child.ask_to_end()
            deadline = time.monotonic() + max(child.program.patience for child in callers)
            for child in callers:
                child.end(deadline=deadline)
                self.home.record(child.program.name).unlink(missing_ok=True)
            self.running = self.running[:1] if callers != self.running else []

    def _start(self, program: Program) -> Child:
        log = fresh_log(self.home.log(program.name))
        with log.open("wb") as output:
            popen = subprocess.Popen(
                program.argv,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.remember(self.home.record(program.name), popen.pid)
        return Child(program, popen, log)


def sweep(home: Home) -> None:
    """End the processes that a killed run left behind. The services see to themselves when they start."""
    for record in sorted((home.var / "run").glob("*.pid")):
        if record.stem in ("postgres", "redis"):
            continue
        if process := processes.recall(record):
            processes.stop(process, patience=10)
        record.unlink()


def fresh_log(path: Path) -> Path:
    """Put the last run's log aside and return the path for a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(path.name + ".1"))
    return path


def tail(log: Path) -> str:
    """Return the last lines of a log."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-TAIL_LINES:])
