"""`manage.py watchdog`: whether the periodic jobs keep up, for a monitor that asks every minute."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.utils import DatabaseError
from django.utils import timezone

from smmpanel import watching
from smmpanel.ticks import WORK
from smmpanel.watching import Watched


class Command(BaseCommand):
    """Only reads, in one query a job. The tick `watch` does the same and alarms staff, as long as it runs at all."""

    help = "Say since when each periodic job has had work due; exit 1 when one is late."

    def add_arguments(self, parser: ArgumentParser) -> None:
        seconds = int(watching.MAX_AGE.total_seconds())
        parser.add_argument(
            "--max-age", type=int, default=seconds, metavar="SECONDS", help="so long work may be due (%(default)s)"
        )
        parser.add_argument("--json", action="store_true", help="print the result as JSON, for a monitor")

    def handle(self, *args: object, **options: Any) -> None:
        """Say how each job stands; exit 1 when one is late or the database does not answer."""
        try:
            watched = watching.look(WORK, now=timezone.now(), max_age=timedelta(seconds=options["max_age"]))
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        if options["json"]:
            self.stdout.write(as_text(watched))
        else:
            for each in watched:
                self.stdout.write(f"{each.name}: {each.state}")
        if late := [each.name for each in watched if each.is_late]:
            raise CommandError(f"Late: {', '.join(late)}.")


def as_text(watched: Sequence[Watched]) -> str:
    """What a monitor reads, as JSON; ages in whole seconds."""
    jobs = [
        {
            "name": each.name,
            "due_since": each.due_since.isoformat() if each.due_since else None,
            "age": int(each.age.total_seconds()),
            "limit": int(each.limit.total_seconds()),
            "late": each.is_late,
        }
        for each in watched
    ]
    return json.dumps({"late": any(each.is_late for each in watched), "jobs": jobs}, indent=2)
