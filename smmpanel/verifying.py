"""Every check of the books, put together from the apps' own, and the nightly run (decision 3)."""

from datetime import datetime

from django.db import transaction

import accounts.operations as accounts
import orders.verification
from plumbing.ticks import Tick
from wallet import verification

CHECKS = [*verification.CHECKS, *orders.verification.CHECKS]


def due(*, now: datetime) -> list[str]:
    """The night whose run is still to be made, as a date; none by day or when it was made."""
    return [f"{now:%Y-%m-%d}"] if verification.is_due(now=now) else []


def verify_by_night(*, night: str, now: datetime) -> None:
    """Verify the books and keep the result; staff are told by mail when rows differ. Again changes nothing."""
    if not verification.is_due(now=now):
        return
    keep(verification.run(CHECKS), day=night, now=now)


def keep(report: verification.Report, *, day: str, now: datetime) -> None:
    """Keep a result, whoever ran it; staff are told by mail when rows differ, once a day. day: in UTC, as a date."""
    with transaction.atomic(durable=True):
        verification.keep(report, now=now)
        if report.differing:
            accounts.queue_alarm(
                subject="The books do not balance", body=as_words(report), key=f"verify:{day}", now=now
            )


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


TICKS = {"verify": Tick(due=due, work=verify_by_night, of="night")}
