"""`manage.py up`: the whole panel, as `make run` starts it."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start what is needed of Postgres and Redis, and every process of the panel, until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        # Become the runner: it needs no Django, and works where there is no database yet.
        os.execv(sys.executable, [sys.executable, "-m", "smmpanel.embedded", "up"])
