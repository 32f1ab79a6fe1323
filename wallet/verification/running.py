"""Checks run one after the other, and their result kept for staff."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from plumbing import sql
from wallet.models import LedgerCheck
from wallet.verification.base import Check

MEMORY = "128MB"  # for a check's sorts and sums: on disk they take twice as long
NIGHT_HOUR = 2  # UTC: the nightly run is due from here on


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one check went. milliseconds: wall time. differing: the first rows that break it, none when it holds."""

    title: str
    milliseconds: int
    differing: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Report:
    """Every check's outcome. entries: how many the ledger has."""

    entries: int
    outcomes: tuple[Outcome, ...]

    @property
    def differing(self) -> int:
        """Rows that differ over all checks; those named, at most 100 a check."""
        return sum(len(outcome.differing) for outcome in self.outcomes)

    @property
    def milliseconds(self) -> int:
        """Wall time over all checks."""
        return sum(outcome.milliseconds for outcome in self.outcomes)

    def as_text(self) -> str:
        """What a monitor reads, as JSON; amounts are texts."""
        checks = [
            {
                "title": outcome.title,
                "ok": not outcome.differing,
                "milliseconds": outcome.milliseconds,
                "differing": outcome.differing,
            }
            for outcome in self.outcomes
        ]
        said = {"balanced": not self.differing, "entries": self.entries, "checks": checks}
        return json.dumps(said, indent=2, cls=DjangoJSONEncoder)


def run(
    checks: Sequence[Check],
    *,
    before: Callable[[Check], object] = lambda check: None,
    after: Callable[[Outcome], object] = lambda outcome: None,
) -> Report:
    """Run every check; one that fails does not hide the next. before, after: told of each as it goes."""
    outcomes = []
    for check in checks:
        before(check)
        outcomes.append(_run(check))
        after(outcomes[-1])
    ((entries,),) = sql.rows("SELECT count(*) FROM wallet_entry")
    return Report(entries, tuple(outcomes))


def keep(report: Report, *, now: datetime) -> LedgerCheck:
    """Store a result; it is never changed."""
    return LedgerCheck.objects.create(
        at=now,
        milliseconds=report.milliseconds,
        entries=report.entries,
        differing=report.differing,
        report=json.loads(report.as_text()),
    )


def is_due(*, now: datetime) -> bool:
    """Whether the night's run is still to be made: once a UTC day, from two o'clock on."""
    night = _night(now)
    return now >= night and not LedgerCheck.objects.filter(at__gte=night).exists()


def missed_since(*, now: datetime) -> datetime | None:
    """When the night's run should have been made that was not, None before the first run of all."""
    night, last = _night(now), LedgerCheck.objects.order_by("-id").values_list("at", flat=True).first()
    return night if last and last < night <= now else None


def _night(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)


def _run(check: Check) -> Outcome:
    started = time.monotonic()
    with transaction.atomic():
        sql.execute(f"SET LOCAL work_mem = '{MEMORY}'")
        differing = check.differing()
    return Outcome(check.title, round((time.monotonic() - started) * 1000), differing)
