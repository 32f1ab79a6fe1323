"""`manage.py replay_decisions`: whether stored decisions come out the same when they are decided again."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from policies.operations import replaying
from smmpanel.replaying import Report, as_lines, keep, run

WIDTH = 24  # of the bar, in characters
CLEAR = "\r\x1b[K"
MOST = 100_000  # a sample's ids are held in memory


def whole(text: str) -> int:
    """A whole number above zero. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise ArgumentTypeError(f"{text} is no whole number above zero")
    return int(text)


class Command(BaseCommand):
    """Safe on a live installation: it only reads, a thousand decisions at a time. A whole run is kept for staff."""

    help = "Decide stored decisions again; exit 1 with those that do not come out as stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sample", type=whole, metavar="N", help="the newest N and N of the others by chance (N up to 100,000)"
        )
        parser.add_argument("--since", type=whole, default=0, metavar="ID", help="only decisions from this id on")
        parser.add_argument("--json", action="store_true", help="print the result as JSON, for a monitor")

    def handle(self, *args: object, **options: Any) -> None:
        """Replay, say how far it is on a terminal, then what differs."""
        since, number = options["since"], options["sample"]
        if number and number > MOST:
            raise CommandError(f"A sample is of {MOST} at most; without --sample every decision is replayed.")
        if number:
            total, chunks = replaying.sample(number=number, since=since)
        else:
            total, chunks = replaying.every_decision(since=since)
        report = run(chunks, after=lambda so_far: self._show_bar(so_far, total))
        if not (since or number):
            keep(report, whole=True, now=timezone.now())
        self._tell(report, as_json=options["json"])

    def _show_bar(self, so_far: Report, total: int) -> None:
        """On a terminal, the bar; the next line is written over it."""
        if not self.stdout.isatty():
            return
        done = "█" * min(WIDTH, WIDTH * so_far.checked // max(total, 1))
        self.stdout.write(f"{CLEAR}{done:░<{WIDTH}} {so_far.checked} of {total} … ", ending="")
        self.stdout.flush()

    def _tell(self, report: Report, *, as_json: bool) -> None:
        if self.stdout.isatty():
            self.stdout.write(CLEAR, ending="")
        if as_json:
            self.stdout.write(report.as_text())
        for line in () if as_json else as_lines(report):
            self.stdout.write(line)
        if report.differing:
            raise CommandError(f"{report.differing} of {report.checked} decisions come out otherwise.")
        if not as_json:
            self.stdout.write(f"Every decision comes out as it was stored: {report.checked} checked.")
