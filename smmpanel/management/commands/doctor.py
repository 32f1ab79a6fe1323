"""`manage.py doctor`: whether an installation is set up as it should be, in plain lines."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

import accounts.operations as accounts
from smmpanel.doctor import Finding, State, examine

TEST = """\
Somebody ran `manage.py doctor --alarm`. When you read this in a mail, alarms reach you.

Acknowledge it on the admin's front page.
"""


class Command(BaseCommand):
    """Changes nothing, unless it is asked for a test alarm. Django's own checks are among its questions."""

    help = "Look at settings, database, Redis, mail and jobs; exit 1 when something is wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--alarm", action="store_true", help="raise a test alarm, and mail it to ALARM_EMAIL")
        parser.add_argument("--json", action="store_true", help="print the result as JSON, for a monitor")

    def handle(self, *args: object, **options: Any) -> None:
        """Ask every question, then say how many answers are wrong."""
        findings = examine()
        sent = raise_test_alarm() if options["alarm"] else ""
        if options["json"]:
            self.stdout.write(as_text(findings))
        else:
            for each in findings:
                self.stdout.write(f"{each.state.value:<8}{each.about}: {each.said}")
            self.stdout.write(sent, ending="\n" if sent else "")
        if wrong := sum(each.state is State.PROBLEM for each in findings):
            raise CommandError(f"{wrong} to mend.")


def raise_test_alarm() -> str:
    """Raise an alarm of its own each time, and say where it is to be seen."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        accounts.queue_alarm(subject="A test alarm", body=TEST, key=f"test:{now:%Y%m%dT%H%M%S.%f}", now=now)
    mailed = f", and a mail to {settings.ALARM_EMAIL} is on its way" if settings.ALARM_EMAIL else ""
    return f"A test alarm stands on the admin's front page{mailed}."


def as_text(findings: Sequence[Finding]) -> str:
    """What a monitor reads, as JSON."""
    told = [{"about": each.about, "state": each.state.value, "said": each.said} for each in findings]
    wrong = any(each.state is State.PROBLEM for each in findings)
    return json.dumps({"healthy": not wrong, "findings": told}, indent=2)
