"""Whether the periodic jobs keep up: since when each has had work due with nobody at it, and the alarm about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

import accounts.operations as accounts
from plumbing import passes
from plumbing.templatetags.amounts import span
from plumbing.ticks import Tick
from smmpanel.celery import SECONDS

MAX_AGE = timedelta(seconds=300)
CAUSE = "overdue"  # of the alarms, one a job below it

BODY = """\
The job “{name}” has had work due since {since:%Y-%m-%d %H:%M} UTC, and nobody does it.

Workers or the clock may have stopped, or may not keep up: look at the processes “worker” and “beat” and at their logs.
`manage.py watchdog` shows how it stands now, and `manage.py tick {name}` does the work by hand.
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """How one job keeps up. due_since: None when nothing is due. limit: so long its work may be due."""

    name: str
    due_since: datetime | None
    age: timedelta
    limit: timedelta

    @property
    def is_late(self) -> bool:
        return self.age > self.limit

    @property
    def state(self) -> str:
        """In a few words."""
        if self.due_since is None:
            return "nothing due"
        return f"due for {span(self.age)}, at most {span(self.limit)}{': TOO LONG' if self.is_late else ''}"


def look(ticks: Mapping[str, Tick], *, now: datetime, max_age: timedelta = MAX_AGE) -> Sequence[Watched]:
    """How each job keeps up: one query for each that can tell, one for all others, and nothing is changed.

    max_age: what may be due for so long, beyond the job's own period. A job that cannot tell is due a period after its
    last pass.
    """
    begun = passes.last()
    return [
        _watched(
            name,
            tick.oldest_due(now=now) if tick.oldest_due else _next_pass(name, begun, now=now),
            now=now,
            limit=max_age + timedelta(seconds=SECONDS[name]),
        )
        for name, tick in ticks.items()
    ]


def watch(ticks: Mapping[str, Tick], *, now: datetime) -> None:
    """Alarm staff of each job that is late, and clear the alarm of each that is not any more."""
    late = {f"{CAUSE}:{each.name}": each for each in look(ticks, now=now) if each.is_late}
    with transaction.atomic(durable=True):
        for key in sorted(accounts.open_alarms_below(CAUSE) - set(late)):
            accounts.clear_alarm(key=key, now=now)
        for key, each in late.items():
            subject, body = f"The job “{each.name}” is late", BODY.format(name=each.name, since=each.due_since)
            accounts.queue_alarm(subject=subject, body=body, key=key, now=now, lasts=True)


def _next_pass(name: str, begun: Mapping[str, datetime], *, now: datetime) -> datetime | None:
    """Since when a pass has been due; None when none is, or when nobody knows since when the job should run."""
    since = begun.get(name, begun.get(passes.INSTALLED))
    if since is None:
        return None
    due = since + timedelta(seconds=SECONDS[name])
    return due if due < now else None


def _watched(name: str, due_since: datetime | None, *, now: datetime, limit: timedelta) -> Watched:
    age = max(now - due_since, timedelta()) if due_since else timedelta()
    return Watched(name, due_since, age, limit)
