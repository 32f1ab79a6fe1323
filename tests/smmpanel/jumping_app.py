"""The panel's Celery app in a process whose clock jumps while it runs: by JUMP_SECONDS, at the word "jump"."""

import os
import sys
import threading
from datetime import UTC, datetime, timedelta

import time_machine

from smmpanel.celery import app

app.conf.beat_scheduler = os.environ.get("SCHEDULER", app.conf.beat_scheduler)
app.conf.beat_schedule_filename = os.environ.get("SCHEDULE", "")


def _jump_when_told() -> None:
    sys.stdin.readline()
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(os.environ["JUMP_SECONDS"]))).start()


threading.Thread(target=_jump_when_told, daemon=True).start()
