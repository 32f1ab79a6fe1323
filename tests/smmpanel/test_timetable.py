"""The clock of the periodic jobs goes on when the machine's is set back or forward (fault row 22)."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
import redis
from django.conf import settings

from smmpanel.celery import SECONDS, app

QUEUE = "smmpanel:clock"
HOUR = 3600
FASTEST = sum(1 for seconds in SECONDS.values() if seconds == 1)
FAST = sum(1 / seconds for seconds in SECONDS.values() if seconds <= 10)  # messages a second


@pytest.fixture
def queue():
    """How many messages have been published."""
    broker = redis.Redis.from_url(settings.BROKER_URL)
    broker.delete(QUEUE)
    yield lambda: broker.llen(QUEUE)
    broker.delete(QUEUE)


@contextmanager
def celery(*words: str, log: Path, **more: str):
    """A real process of Celery's, whose clock jumps when a line is written to it."""
    command = [sys.executable, "-m", "celery", "-A", "tests.smmpanel.jumping_app", *words]
    environment = {**os.environ, "BROKER_URL": settings.BROKER_URL, **more}
    with (
        log.open("w") as kept,
        subprocess.Popen(command, stdin=PIPE, stdout=kept, stderr=STDOUT, env=environment, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def jump(process: subprocess.Popen[str]) -> None:
    process.stdin.write("jump\n")
    process.stdin.flush()


def until(true, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def published_after_a_jump(queue, tmp_path, *, by: float, scheduler: str = "smmpanel.timetable:Timetable") -> int:
    """The messages of four seconds, from a second after the clock was set."""
    chosen = {"SCHEDULER": scheduler, "SCHEDULE": str(tmp_path / "schedule"), "JUMP_SECONDS": str(by)}
    with celery("beat", "--pidfile=", log=tmp_path / "log", **chosen) as process:
        until(lambda: queue() > 2 * FASTEST)
        jump(process)
        time.sleep(1)
        before = queue()
        time.sleep(4)
        return queue() - before


@pytest.mark.parametrize("by", [-HOUR, HOUR], ids=["back", "forward"])
def test_it_goes_on_after_its_clock_was_set(queue, tmp_path, by):
    published = published_after_a_jump(queue, tmp_path, by=by)

    assert 2.5 * FAST <= published <= 5.5 * FAST


def test_celery_s_own_falls_silent_until_its_clock_has_caught_up(queue, tmp_path):
    """The control."""
    assert published_after_a_jump(queue, tmp_path, by=-HOUR, scheduler="celery.beat:PersistentScheduler") == 0


def test_everything_begins_at_once_when_it_is_started(queue, tmp_path):
    with celery("beat", "--pidfile=", log=tmp_path / "log", JUMP_SECONDS="0"):
        until(lambda: queue() >= len(SECONDS))


class TestAWorkerWhoseClockIsAhead:
    """By less than what readiness bears: the ticks of every second still reach it."""

    AHEAD = 1.5

    def what_became_of_it(self, tmp_path, queue, *, expires: float) -> str:
        """The end of a worker's log, once it has taken a message. Its tick is none, which it can only find out by
        beginning it."""
        log = tmp_path / "log"
        words = ["worker", "-Q", "clock", "--pool", "solo", "--without-mingle", "--without-gossip", "-l", "INFO"]
        with celery(*words, log=log, JUMP_SECONDS=str(self.AHEAD)) as process:
            until(lambda: " ready." in log.read_text())
            jump(process)
            time.sleep(0.5)
            app.send_task("smmpanel.tasks.tick", kwargs={"name": "none"}, queue="clock", expires=expires)
            until(lambda: "KeyError" in log.read_text() or "Discarding" in log.read_text())
            return log.read_text()

    def test_is_sent_what_it_still_takes(self, tmp_path, queue):
        (expires,) = {
            entry["options"]["expires"] for entry in app.conf.beat_schedule.values() if entry["schedule"] == 1
        }

        assert "KeyError" in self.what_became_of_it(tmp_path, queue, expires=expires)

    def test_of_one_period_it_would_drop_it(self, tmp_path, queue):
        """The control."""
        assert "Discarding" in self.what_became_of_it(tmp_path, queue, expires=1)
