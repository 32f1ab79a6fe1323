"""The Celery app and its timetable. Celery is the clock and the hands; Postgres is the truth (decision 9).

A tick is published when its time has come and dropped when it waited a whole period: the next one finds the same work.
The two seconds on top are what clocks may differ, as a message carries its end by the clock of who sent it.
"""

import os
from urllib.parse import urlsplit

from celery import Celery
from django.conf import settings

from smmpanel.health import MOST_SKEW_SECONDS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smmpanel.settings")

app = Celery("smmpanel")

SECONDS = {  # between two passes of each tick; `smmpanel.ticks` knows them by these names
    "dispatch": 1,
    "refresh": 1,
    "reconcile": 5,
    "cancel": 5,
    "refill": 10,
    "hold": 5,
    "wake": 5,
    "stall": 300,
    "unsent": 300,
    "measure": 600,
    "catalogue": 10,
    "rehearse": 2,
    "announce": 60,
    "mail": 2,
    "verify": 600,  # once a night; a clock that was stopped then catches up
    "replay": 600,  # once a night, an hour later
    "payments": 2,
    "watch": 60,
}


def _transport_options() -> dict[str, object]:
    """How the broker is spoken to: never waiting for ever for a dead Redis; in folders when there is no Redis."""
    if urlsplit(settings.BROKER_URL).scheme == "filesystem":
        folder = settings.VAR_DIR / "broker"
        (folder / "control").mkdir(parents=True, exist_ok=True)
        folders = {
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "control_folder": str(folder / "control"),
        }
        return folders | {"polling_interval": 0.1}  # looked into once a second, a tick's messages would be too old
    return {
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
        "global_keyprefix": "smmpanel:",
    }


app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=False,  # leases and ticks recover; a message that kills workers must not come back
    task_publish_retry_policy={"max_retries": 1},
    task_soft_time_limit=90,
    task_time_limit=120,
    task_default_queue="clock",
    task_routes={"smmpanel.tasks.work": {"queue": "upstream"}},  # what waits for others never holds up the clock
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    worker_soft_shutdown_timeout=35,  # the longest a provider may take to answer
    worker_enable_soft_shutdown_on_idle=True,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_scheduler="smmpanel.timetable:Timetable",
    beat_schedule={
        name: {
            "task": "smmpanel.tasks.tick",
            "schedule": seconds,
            "kwargs": {"name": name},
            "options": {"expires": seconds + MOST_SKEW_SECONDS},
        }
        for name, seconds in SECONDS.items()
    },
)
app.autodiscover_tasks()
