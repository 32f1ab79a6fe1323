"""`manage.py tick NAME`: one pass of a periodic job from cron or by hand, with threads instead of messages."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from plumbing import passes
from smmpanel.celery import SECONDS
from smmpanel.ticks import TICKS

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Does what the timetable's message would do. Beside a running Celery it is harmless: claims and leases decide."""

    help = "Run one pass of a periodic job; --list names them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="all of them when none is named")
        parser.add_argument("--list", action="store_true", help="name the jobs and their periods, and do nothing")

    def handle(self, *, names: list[str], **options: object) -> None:
        if options["list"]:
            for name in TICKS:
                self.stdout.write(f"{name}\tevery {SECONDS[name]} s")
            return
        if unknown := set(names) - set(TICKS):
            raise CommandError(f"No such job: {', '.join(sorted(unknown))}. There are: {', '.join(TICKS)}.")
        failed = [name for name in names or TICKS if not _runs(name)]
        if failed:
            raise CommandError(f"Failed: {', '.join(failed)}. The log says why; the others were run.")


def _runs(name: str) -> bool:
    """Make a pass; one that fails stops no other of the same line in a crontab."""
    try:
        run(name, now=timezone.now())
    except Exception:
        logger.exception("tick %s failed", name)
        return False
    return True


def run(name: str, *, now: datetime) -> None:
    """One pass: what is done once, then every part with something due at the same time."""
    tick = TICKS[name]
    parts = passes.begin(name, tick, now=now)
    if not parts:
        return

    def at(part: int | str) -> None:
        try:
            tick.go_on(part, now=now)
        finally:
            connections.close_all()  # this thread's own

    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(at, parts))
