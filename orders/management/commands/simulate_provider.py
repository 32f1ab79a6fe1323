"""`manage.py simulate_provider`: the simulated provider of `orders.simulator`, with the same flags."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from orders.simulator.__main__ import add_arguments, run


class Command(BaseCommand):
    help = "Starts a provider that speaks API v2 and delivers nothing: for demonstrations, tests and benchmarks."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(argparse.Namespace(**options)))
