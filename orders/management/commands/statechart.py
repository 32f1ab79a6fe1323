"""Writes docs/statuses.md: the table of transitions as a diagram and as a table, for people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies import wording
from policies.rules.delivery import public_words, transitions
from policies.rules.vocabulary import TERMINAL, Mover, OrderStatus

PAGE: Path = settings.BASE_DIR / "docs" / "statuses.md"

HEAD = """\
# Statuses of an order

Written by `manage.py statechart` from `policies/rules/delivery/transitions.py`; a test fails when it lags.

A status follows from what is true of the order and its parts (`delivery.order_status`); one operation writes it
(`orders.operations.statuses.write`), from the status that the order has, with an event for each change. A step that no
row names is refused. After a first acceptance nothing is *Pending* again, which the database refuses too; a terminal
status is final.
"""
OUR_WORD = {Mover.SYSTEM: "the engine", Mover.STAFF: "staff", Mover.CUSTOMER: "the customer"}


def render() -> str:
    """The page as it should be."""
    return "\n".join([HEAD, *_words(), *_diagram(), *_table()]) + "\n"


def _words() -> Iterator[str]:
    yield "| status | customers read | resellers are told | |"
    yield "|---|---|---|---|"
    for status in OrderStatus:
        told, final = " or ".join(public_words(status)), "final" if status in TERMINAL else ""
        yield f"| `{status.value}` | {wording.status(status.value)} | {told} | {final} |"
    yield "\n*Canceled* is told when nothing was delivered, else *Partial*; `charge` says what was kept.\n"


def _diagram() -> Iterator[str]:
    """Without the steps out of a wish or a pause, which lead nearly everywhere: the table has them."""
    aside = {OrderStatus.PAUSED, OrderStatus.CANCEL_REQUESTED}
    yield "```mermaid\nstateDiagram-v2"
    yield f"    [*] --> {OrderStatus.QUEUED.value}"
    for row in transitions():
        if not {row.before, row.after} & aside:
            yield f"    {row.before.value} --> {row.after.value}"
    for status in sorted(TERMINAL):
        yield f"    {status.value} --> [*]"
    yield "```\n"
    yield "*paused* and *cancel_requested* are left out of the picture.\n"


def _table() -> Iterator[str]:
    yield "| from | to | through | told then |"
    yield "|---|---|---|---|"
    for row in transitions():
        through = ", ".join(OUR_WORD[mover] for mover in Mover if mover in row.by)
        yield f"| `{row.before.value}` | `{row.after.value}` | {through} | {' or '.join(row.public)} |"


class Command(BaseCommand):
    help = "Write docs/statuses.md; --check only says whether it is up to date."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        wanted = render()
        if not check:
            PAGE.write_text(wanted)
        elif not PAGE.exists() or PAGE.read_text() != wanted:
            raise CommandError("docs/statuses.md is out of date; run manage.py statechart")
