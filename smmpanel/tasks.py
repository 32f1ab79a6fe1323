"""What Celery runs: a tick by its name, and a pass at one of its parts. Losing or repeating a message is harmless."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from plumbing import passes
from smmpanel import beats
from smmpanel.ticks import TICKS

EXPIRES_SECONDS = 5  # a message this old has been overtaken by newer ticks that found the same work


@shared_task(bind=True, ignore_result=True, acks_late=True)
def tick(self: Any, /, *, name: str, **_: object) -> None:
    """One message for each part at which the tick finds work. `**_` lets an old worker take a newer message."""
    if name == beats.HEARD_BY:
        beats.hear(self.request.origin)
    for part in passes.begin(name, TICKS[name], now=timezone.now()):
        work.apply_async(kwargs={"name": name, "part": part}, expires=EXPIRES_SECONDS)


@shared_task(ignore_result=True, acks_late=True)
def work(*, name: str, part: int | str, **_: object) -> None:
    """A tick's pass at one part. No retry: the database says what is due, so the next tick is the retry."""
    TICKS[name].go_on(part, now=timezone.now())
