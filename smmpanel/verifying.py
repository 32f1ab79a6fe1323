"""Every check of the books, put together from the apps' own, and the nightly run (decision 3)."""

from datetime import datetime

from django.db import transaction

import accounts.operations as accounts
import orders.verification
from plumbing.alone import alone
from plumbing.ticks import Tick
from wallet import verification

CHECKS = [*verification.CHECKS, *orders.verification.CHECKS]
CAUSE = "verify"  # of the alarm


def due(*, now: datetime) -> list[str]:
    """The night whose run is still to be made, as a date; none by day or when it was made."""
    return [f"{now:%Y-%m-%d}"] if verification.is_due(now=now) else []


def verify_by_night(*, night: str, now: datetime) -> None:
    """Verify the books and keep the result. Again, or beside itself, changes nothing."""
    with alone("verify") as mine:
        if mine and verification.is_due(now=now):
            keep(verification.run(CHECKS), now=now)


def keep(report: verification.Report, *, now: datetime) -> None:
    """Keep a result, whoever ran it. Staff are told when rows differ, once until the books balance again."""
    with transaction.atomic(durable=True):
        verification.keep(report, now=now)
        if report.differing:
            accounts.queue_alarm(
                subject="The books do not balance", body=as_words(report), key=CAUSE, now=now, lasts=True
            )
        else:
            accounts.clear_alarm(key=CAUSE, now=now)


def as_words(report: verification.Report) -> str:
    """The checks that failed, each with the rows that differ."""
    lines = [f"Of {report.entries} entries in the ledger, these checks failed:"]
    for outcome in report.outcomes:
        if outcome.differing:
            lines += ["", f"{outcome.title}: {len(outcome.differing)} differ", *rows_as_words(outcome)]
    return "\n".join([*lines, "", "Run `manage.py verify_ledger` to see them as they are now.", ""])


def rows_as_words(outcome: verification.Outcome) -> list[str]:
    """Each row that differs on a line of its own."""
    return ["  " + ", ".join(f"{name} {value}" for name, value in row.items()) for row in outcome.differing]


TICKS = {"verify": Tick(due=due, work=verify_by_night, of="night", oldest_due=verification.missed_since)}
