"""Writes down which test files name which clause: the tests are not deployed, and the map of clauses shows them."""

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.reading.bindings import CLAUSE_TESTS
from policies.rules.clauses import CLAUSE_BY_ID, CLAUSES

TESTS: Path = settings.BASE_DIR / "tests"
CATALOGUE = "tests/rules/test_clauses.py"  # it lists them all, whether something tests them or not
NAMED = re.compile(r"\b[a-z]+\.\d+\.\d+(?:\.[a-e])?\b")


def render() -> str:
    """The file as it should be: clause id -> the test files that name it."""
    files = {str(path.relative_to(settings.BASE_DIR)): path.read_text() for path in sorted(TESTS.rglob("test_*.py"))}
    named = {file: set(NAMED.findall(text)) & CLAUSE_BY_ID.keys() for file, text in files.items() if file != CATALOGUE}
    table = {clause.id: [file for file, ids in named.items() if clause.id in ids] for clause in CLAUSES}
    return json.dumps(table, indent=1) + "\n"


class Command(BaseCommand):
    help = "Write policies/clause_tests.json; --check only says whether it is up to date."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *, check: bool, **options: Any) -> None:
        wanted = render()
        if not check:
            CLAUSE_TESTS.write_text(wanted)
        elif not CLAUSE_TESTS.exists() or CLAUSE_TESTS.read_text() != wanted:
            raise CommandError("policies/clause_tests.json is out of date; run manage.py clause_tests")
