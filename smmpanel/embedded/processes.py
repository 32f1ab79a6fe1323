"""Operating system processes: who they are, whether they live, as whom they run, and how they are stopped."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number: pids are reused, start times are not."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        return find(self.pid) == self


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system that a server may run as."""

    uid: int
    gid: int

    @property
    def arguments(self) -> dict[str, Any]:
        """What `subprocess` takes to run something as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def find(pid: int) -> Process | None:
    """Find a living process; a zombie, which only waits for its parent, is dead."""
    state, started = _from_ps(pid) if _no_proc() else _from_proc(pid)
    return Process(pid, started) if state and state not in "ZX" else None


def _no_proc() -> bool:
    return not Path("/proc/self/stat").exists()


def _from_proc(pid: int) -> tuple[str, str]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[19]


def _from_ps(pid: int) -> tuple[str, str]:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    state, _, started = subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition(" ")
    return state[:1], started.strip()


def command(pid: int) -> str:
    """Return what a process was called with; nothing when it is gone."""
    if _no_proc():
        asked = ["ps", "-o", "args=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def remember(path: Path, pid: int) -> None:
    """Note a process in a pid file, so that a later run finds it when this one was killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if process := find(pid):
        path.write_text(f"{process.pid} {process.started}\n")


def recall(path: Path) -> Process | None:
    """Return the process that a pid file names, if that very process still lives."""
    if not path.is_file():
        return None
    pid, _, started = path.read_text().strip().partition(" ")
    process = Process(int(pid), started)
    return process if process.alive else None


def stop(process: Process, *, patience: float, asking: signal.Signals = signal.SIGTERM) -> None:
    """Ask a process to end; after `patience` seconds make it, with its whole group if it leads one."""
    with suppress(ProcessLookupError):  # it may end at any moment, which is what we want
        if process.alive:
            os.kill(process.pid, asking)
        if not wait_until(lambda: not process.alive, seconds=patience):
            leads = os.getpgid(process.pid) == process.pid
            (os.killpg if leads else os.kill)(process.pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for a condition, looking often; False when it did not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def port_in_use(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something listens on a TCP port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def free_port(preferred: int = 0) -> int:
    """Return the preferred TCP port if nothing holds it, else one that is free now."""
    if preferred and not port_in_use(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unprivileged_account() -> Account | None:
    """Return the account that servers run as: None for our own, another one when we are root."""
    if os.geteuid() != 0:
        return None
    for account in _candidates():
        try:
            subprocess.run(["/bin/sh", "-c", ":"], cwd="/", check=True, **account.arguments)
        except (OSError, subprocess.SubprocessError):
            continue
        return account
    raise PermissionError("PostgreSQL refuses to run as root, and this system has no other account to run it as.")


def may_enter(account: Account, folder: Path) -> bool:
    """Say whether an account can reach a folder through all that lie above it."""
    command = ["/bin/sh", "-c", 'cd "$0"', str(folder)]
    return subprocess.run(command, cwd="/", check=False, capture_output=True, **account.arguments).returncode == 0


def _candidates() -> Iterator[Account]:
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid > 0]
    for entry in sorted(entries, key=lambda entry: (entry.pw_name != "nobody", entry.pw_uid < 1000, entry.pw_uid)):
        yield Account(entry.pw_uid, entry.pw_gid)
