"""The panel's own processes, as small shell programs: watched, named when they die, stopped without a trace."""

import subprocess
import time

import pytest

from smmpanel.embedded import children, processes, services
from smmpanel.embedded.children import Child, ChildDied, Children, Program


@pytest.fixture
def family(tmp_path):
    family = Children(services.Home(tmp_path), tmp_path, {"PATH": "/usr/bin:/bin"})
    yield family
    family.stop()


def shell(name, script):
    return Program(name, ["/bin/sh", "-c", script], patience=5)


def log_says(family, name, text):
    log = family.home.log(name)
    assert processes.wait_until(lambda: text in log.read_text(), seconds=10), f"{name} never said {text!r}"


def test_one_that_dies_is_named_with_the_end_of_its_log(family):
    family.start(shell("web", "echo it broke; exit 3"))
    assert processes.wait_until(lambda: not family.running[0].alive, seconds=10)

    with pytest.raises(ChildDied, match=r"(?s)web ended \(status 3\).*it broke"):
        family.watch()


def test_those_that_live_are_left_alone(family):
    family.start(shell("web", "sleep 600"), shell("beat", "sleep 600"))

    family.watch()

    assert [child.alive for child in family.running] == [True, True]


def test_stopping_ends_grandchildren_too(family):
    family.start(shell("web", "sleep 600 & echo $! ready; wait"))
    log_says(family, "web", "ready")
    grandchild = processes.find(int(family.home.log("web").read_text().split()[0]))

    family.stop()

    assert processes.wait_until(lambda: not grandchild.alive, seconds=5)
    assert list(family.home.var.glob("run/*")) == []


def test_the_one_that_the_others_call_ends_last(family):
    trapped = "trap 'date +%s%N; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    slow = "trap 'sleep 0.3; date +%s%N; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    family.start(shell("simulator", trapped), shell("upstream", slow))
    log_says(family, "simulator", "ready")
    log_says(family, "upstream", "ready")

    family.stop()

    ended = {name: int(family.home.log(name).read_text().split()[1]) for name in ("simulator", "upstream")}
    assert ended["upstream"] < ended["simulator"]


def test_one_that_will_not_end_is_made_to(family):
    family.start(
        Program("web", ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"], patience=0.5)
    )
    log_says(family, "web", "ready")
    begun = time.monotonic()

    family.stop()

    assert 0.5 <= time.monotonic() - begun < 5


def test_a_new_run_ends_what_a_killed_run_left(family):
    family.start(shell("beat", "sleep 600"))
    left = processes.find(family.running[0].popen.pid)

    children.sweep(family.home)

    assert not left.alive
    assert list(family.home.var.glob("run/*")) == []


def test_a_number_that_another_process_has_now_is_not_touched(family):
    stranger = subprocess.Popen(["sleep", "600"])
    family.home.record("beat").parent.mkdir()
    family.home.record("beat").write_text(f"{stranger.pid} 12345\n")

    children.sweep(family.home)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_the_log_of_the_run_before_is_kept_once(family):
    for word in ("first", "second"):
        family.start(shell("web", f"echo {word}; sleep 600"))
        log_says(family, "web", word)
        family.stop()

    assert family.home.log("web").read_text() == "second\n"
    assert (family.home.var / "log" / "web.log.1").read_text() == "first\n"


def test_a_child_that_waits_to_be_reaped_counts_as_dead(tmp_path):
    popen = subprocess.Popen(["true"])
    child = Child(shell("web", ""), popen, tmp_path / "log")

    assert processes.wait_until(lambda: not child.alive, seconds=10)
    assert popen.returncode is None  # nobody has reaped it: it is a zombie, and its number is still its own
    popen.wait()
