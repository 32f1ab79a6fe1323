"""The runner in a clone of its own: ports in use, an empty installation, a signal, the same data, a dead process."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from smmpanel.embedded import processes
from smmpanel.embedded.children import Children
from smmpanel.embedded.panel import CannotStart, Choices, choose, programs, watch_services
from smmpanel.embedded.services import Home
from tests.fresh_clone import ROOT, FreshClone
from tests.web_server import PLAIN_FILES

UP = (sys.executable, "-m", "smmpanel.embedded", "up")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    clone = FreshClone(tmp_path_factory.mktemp("panel"))
    yield clone
    clone.remove()


@pytest.mark.parametrize("name", ["PORT", "SIMULATOR_PORT"])
def test_a_port_in_use_is_named_and_nothing_is_left_running(clone, name):
    with socket.create_server(("127.0.0.1", int(clone.ports[name]))):
        running = clone.start(*UP)
        assert running.wait() == 1

    assert f"Port {clone.ports[name]} is in use." in running.output
    assert f"make run {name}=" in running.output
    assert clone.left_running() == []


def test_a_port_that_is_none_is_refused():
    for text in ("http", "0", "65536", "-1"):
        with pytest.raises(CannotStart, match="PORT must be a TCP port"):
            choose({"PORT": text})


def test_a_demo_pays_in_the_sandbox_and_an_empty_installation_has_none():
    """The secret itself comes from what is kept in var/, so that it survives a restart."""
    demo = choose({"SIMULATOR_PORT": "8005"}).settings({})
    assert demo["SANDBOX_URL"] == "http://127.0.0.1:8005"
    assert "SANDBOX_SECRET" not in demo
    empty = choose({"DEMO": "0"}).settings({})
    assert (empty["SANDBOX_URL"], empty["SANDBOX_SECRET"]) == ("", "")


def test_an_empty_installation_keeps_its_data_through_a_stop_and_outlives_no_process(clone):
    running = clone.start(*UP, DEMO="0").wait_until_it_answers()
    assert "manage.py createsuperuser" in running.output
    with urllib.request.urlopen(f"{clone.url}/readyz") as answer:
        assert answer.status == 200
    assert not (clone.folder / "var" / "log" / "simulator.log").exists()
    manage(
        clone, "createsuperuser", "--no-input", "--email", "owner@example.test", DJANGO_SUPERUSER_PASSWORD="s-e-c-r-e-t"
    )

    assert running.stop(signal.SIGTERM) == 0
    assert clone.left_running() == []

    running = clone.start(*UP, DEMO="0").wait_until_it_answers()
    assert "owner@example.test" in manage(clone, "shell", "-c", LIST_USERS)

    os.kill(processes.recall(clone.folder / "var" / "run" / "beat.pid").pid, signal.SIGKILL)
    assert running.wait() == 1
    assert "beat ended" in running.output
    assert clone.left_running() == []


def test_a_server_that_ends_by_itself_is_named(tmp_path):
    home = Home(tmp_path)
    server = subprocess.Popen(["sleep", "600"], start_new_session=True)
    processes.remember(home.record("postgres"), server.pid)
    watch_services(home, {"DATABASE_URL": "postgres://…"})
    server.kill()
    server.wait()

    with pytest.raises(CannotStart, match="postgres ended by itself"):
        watch_services(home, {"DATABASE_URL": "postgres://…"})


LIST_USERS = "from accounts.models import User; print(list(User.objects.values_list('email', flat=True)))"


def test_a_web_server_told_to_end_while_it_is_starting_ends_in_its_time(tmp_path):
    """Or else a deployment soon after another one would wait for its processes to be killed."""
    home = Home(tmp_path)
    children = Children(home, ROOT, {**os.environ, **PLAIN_FILES})
    web = next(each for each in programs(Choices(port=processes.free_port(), demo=False), home) if each.name == "web")
    children.start(web)
    [child] = children.running
    try:
        assert processes.wait_until(lambda: "Spawning worker-2" in child.log.read_text(), seconds=30)
        child.ask_to_end()
        assert processes.wait_until(lambda: not child.alive, seconds=web.patience)
    finally:
        children.stop()


def manage(clone, *command, **more):
    """Run manage.py beside the panel, as its operator does: nothing is told but what lies in var/."""
    argv = [sys.executable, "manage.py", *command]
    environment = clone.environment(**more)
    return subprocess.run(argv, cwd=clone.folder, env=environment, check=True, capture_output=True, text=True).stdout
