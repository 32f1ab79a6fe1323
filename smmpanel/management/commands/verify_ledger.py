"""`manage.py verify_ledger`: whether the books balance, each app's checks in turn (decision 3)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from smmpanel.verifying import CHECKS, keep, rows_as_words
from wallet import verification

WIDTH = 24  # of the bar, in characters
CLEAR = "\r\x1b[K"


class Command(BaseCommand):
    """Safe on a live installation: each check is one statement that reads one moment.

    The result is kept for staff, who are alarmed when rows differ.
    """

    help = "Verify the ledger; exit 1 with the rows that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON, for a monitor")

    def handle(self, *args: object, **options: Any) -> None:
        """Run every check, saying how each went; the first failure does not hide the next."""
        if options["json"]:
            report = verification.run(CHECKS)
            self.stdout.write(report.as_text())
        else:
            report = verification.run(CHECKS, before=self._show_bar, after=self._tell)
        keep(report, now=timezone.now())
        if report.differing:
            raise CommandError("The books do not balance.")
        if not options["json"]:
            self.stdout.write(f"The books balance: {report.entries} entries.")

    def _show_bar(self, check: verification.Check) -> None:
        """On a terminal, the bar and the check that runs; the next line is written over it."""
        if not self.stdout.isatty():
            return
        number = CHECKS.index(check)
        done = "█" * (WIDTH * number // len(CHECKS))
        self.stdout.write(f"{CLEAR}{done:░<{WIDTH}} {number + 1} of {len(CHECKS)}: {check.title} … ", ending="")
        self.stdout.flush()

    def _tell(self, outcome: verification.Outcome) -> None:
        """One line a check, then its rows."""
        if self.stdout.isatty():
            self.stdout.write(CLEAR, ending="")
        went = f"{len(outcome.differing)} differ" if outcome.differing else "ok"
        self.stdout.write(f"{outcome.title} … {went} ({outcome.milliseconds} ms)")
        for line in rows_as_words(outcome):
            self.stdout.write(line)
