"""Postgres and Redis together: starts what the environment does not name, and says where it is."""

import base64
import fcntl
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from smmpanel.embedded import interrupts, places, processes, redis
from smmpanel.embedded.postgres import Postgres, PostgresError
from smmpanel.embedded.processes import Account

NO_REDIS = """\
No Redis or Valkey comes with this system: messages go through files in var/broker, which is slower and for trying out
only. Install redis-server, or set REDIS_URL.
"""


class AlreadyRunning(Exception):
    """Another panel of this clone holds its services."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where one set of services keeps its files."""

    var: Path
    throwaway: bool = False

    @property
    def env_file(self) -> Path:
        return self.var / "embedded.env"

    def record(self, name: str) -> Path:
        return self.var / "run" / f"{name}.pid"

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"


def configured(root: Path) -> dict[str, str]:
    """Return what the operator set: the environment, before the clone's `.env`."""
    return {**places.read_env(root / ".env"), **os.environ}


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the right to run this clone's processes. Raises `AlreadyRunning` when another process holds it."""
    home.var.mkdir(exist_ok=True)
    with (home.var / "services.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning from error
        yield


@contextmanager
def kept(home: Home, *, given: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run the clone's own services and yield the variables that lead to them; data stay for the next time.

    Whoever calls this holds `alone`.
    """
    yield from _run(home, given=given, before=places.read_env(home.env_file))


@contextmanager
def throwaway(*, given: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run services that start empty and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="smmpanel-throwaway-"))
    folder.chmod(0o711)
    try:
        yield from _run(Home(folder, throwaway=True), given=given, before={})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(home: Home, *, given: dict[str, str], before: dict[str, str]) -> Iterator[dict[str, str]]:
    own = {name: given.get(name) or before.get(name) or make() for name, make in SECRETS.items()}
    with ExitStack() as running:
        if not given.get("DATABASE_URL"):
            database = _postgres(home, before)
            # A cluster is made with its password for good: whatever interrupts the start, it is known to the next one.
            places.write_env(home.env_file, {**before, **own, "DATABASE_URL": database.url})
            _start(database, running)
            own["DATABASE_URL"] = database.url
        if not given.get("REDIS_URL"):
            own |= _start_redis(home, before, running)
        places.write_env(home.env_file, own)
        yield own


def _postgres(home: Home, before: dict[str, str]) -> Postgres:
    account = processes.unprivileged_account()
    password, port = _last_used(before.get("DATABASE_URL", ""))
    folder = _cluster_folder(home.var, account)
    if not password and (folder / "data").exists():
        raise PostgresError(
            f"{home.var / 'postgres'} holds a database, but its password is not in {home.env_file} any more. "
            f"Put that file back, or remove {home.var / 'postgres'} (with all of its data) to begin anew."
        )
    return Postgres(
        home=folder,
        record=home.record("postgres"),
        password=password or secrets.token_urlsafe(24),
        preferred_port=port,
        throwaway=home.throwaway,
        account=account,
    )


def _start(server: Postgres | redis.Redis, running: ExitStack) -> None:
    running.callback(server.stop)
    with interrupts.held():
        server.start()


def _start_redis(home: Home, before: dict[str, str], running: ExitStack) -> dict[str, str]:
    binary = redis.find_binary()
    if binary is None:
        sys.stderr.write(NO_REDIS)
        return {"BROKER_URL": "filesystem://"}
    password, port = _last_used(before.get("REDIS_URL", ""))
    server = redis.Redis(
        binary=binary,
        home=home.var / "redis",
        record=home.record("redis"),
        log=home.log("redis"),
        password=password or secrets.token_urlsafe(24),
        preferred_port=port,
        throwaway=home.throwaway,
    )
    _start(server, running)
    return {"REDIS_URL": server.url}


def _last_used(url: str) -> tuple[str, int]:
    """Take password and port out of an URL that we wrote ourselves."""
    credentials, found, place = url.partition("://")[2].rpartition("@")
    return (credentials.partition(":")[2], int(place.partition("/")[0].partition(":")[2])) if found else ("", 0)


def _cluster_folder(var: Path, account: Account | None) -> Path:
    """Return the cluster's folder: `var/postgres`, or what it links to where the account cannot enter the clone."""
    folder = var / "postgres"
    if folder.is_symlink() and not folder.exists():
        folder.unlink()  # what it led to is gone, as with a temporary folder after a restart of the system
    if not folder.exists():
        folder.mkdir()
        if account is not None and not processes.may_enter(account, folder):
            folder.rmdir()
            outside = places.folder_outside(var)
            outside.chmod(0o711)
            (outside / "postgres").mkdir()
            folder.symlink_to(outside / "postgres")
    return folder.resolve()


def _new_field_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_KEYS": _new_field_key,
    "SANDBOX_SECRET": lambda: secrets.token_urlsafe(32),  # of the demo's payments
}
