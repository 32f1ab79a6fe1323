"""Stored decisions decided again: by night a sample, by command as many as asked for (D49)."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

import accounts.operations as accounts
from plumbing.alone import alone
from plumbing.ticks import Tick
from policies.models import Decision
from policies.operations import replaying

NIGHTLY = 1000  # of the newest, and as many of the others
CAUSE = "replay"  # of the alarm


@dataclass(slots=True)
class Report:
    """What a replay came to. differing: how many; shown: the first of them. milliseconds: wall time."""

    checked: int = 0
    differing: int = 0
    milliseconds: int = 0
    shown: list[dict[str, object]] = field(default_factory=list)

    def add(self, replayed: replaying.Replayed) -> None:
        self.checked += 1
        if replayed.differences:
            self.differing += 1
            self.shown += [replayed.as_json()] if len(self.shown) < replaying.SHOWN else []

    def as_text(self) -> str:
        """What a monitor reads, as JSON."""
        said = {"equal": not self.differing, "checked": self.checked, "differing": self.differing}
        return json.dumps({**said, "milliseconds": self.milliseconds, "decisions": self.shown}, indent=2)


def run(chunks: Iterator[Sequence[Decision]], *, after: Callable[[Report], object] = lambda report: None) -> Report:
    """Replay every decision in the chunks. after: told how far it has come, once a chunk."""
    started, report = time.monotonic(), Report()
    for replayed in replaying.replay_all(chunks):
        report.add(replayed)
        if report.checked % replaying.CHUNK == 0:
            after(report)
    report.milliseconds = round((time.monotonic() - started) * 1000)
    return report


def keep(report: Report, *, whole: bool, now: datetime) -> None:
    """Store a result for staff, who are told when any differ: once, until a whole replay finds none that does.

    whole: every decision was replayed, so that none that differs was left out.
    """
    with transaction.atomic(durable=True):
        replaying.keep(
            milliseconds=report.milliseconds,
            checked=report.checked,
            differing=report.differing,
            report=report.shown,
            now=now,
        )
        if report.differing:
            subject = "Stored decisions come out otherwise"
            accounts.queue_alarm(subject=subject, body=_as_mail(report), key=CAUSE, now=now, lasts=True)
        elif whole:
            accounts.clear_alarm(key=CAUSE, now=now)


def due(*, now: datetime) -> list[str]:
    """The night whose replay is still to be made, as a date; none by day or when it was made."""
    return [f"{now:%Y-%m-%d}"] if replaying.is_due(now=now) else []


def replay_by_night(*, night: str, now: datetime) -> None:
    """Replay a sample and keep the result. Again, or beside itself, changes nothing."""
    with alone("replay") as mine:
        if mine and replaying.is_due(now=now):
            number, chunks = replaying.sample(number=NIGHTLY)
            keep(run(chunks), whole=number < 2 * NIGHTLY, now=now)


def as_lines(report: Report) -> Iterator[str]:
    """Each decision that differs on a line of its own, what differs below it; how many are not shown."""
    for told in report.shown:
        yield f"decision {told['decision']} on {told['subject']} ({told['rule']})"
        differences = told["differences"]
        assert isinstance(differences, list)
        yield from (f"  {each['what']}: stored {each['stored']}, now {each['replayed']}" for each in differences)
    if hidden := report.differing - len(report.shown):
        yield f"and {hidden} more"


def _as_mail(report: Report) -> str:
    head = f"Of {report.checked} stored decisions, {report.differing} come out otherwise when they are decided again:"
    return "\n".join([head, "", *as_lines(report), "", "Run `manage.py replay_decisions` to see them all.", ""])


TICKS = {"replay": Tick(due=due, work=replay_by_night, of="night", oldest_due=replaying.missed_since)}
