"""The rules are pure: the standard library and themselves, no clock, chance, environment, file or log."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

RULES = Path(__file__).parent.parent.parent / "policies" / "rules"
MODULES = sorted(RULES.rglob("*.py"))


def imported(path):
    """The modules a file imports, by their full names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by full name"
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(RULES)))
def test_a_rule_imports_the_standard_library_and_other_rules_only(path):
    """X4."""
    for name in imported(path):
        ours = name == "policies.rules" or name.startswith("policies.rules.")
        assert ours or name.partition(".")[0] in sys.stdlib_module_names, name


def test_the_rules_run_without_django():
    program = "import sys; import policies.rules.delivery, policies.rules.refunds; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], cwd=RULES.parent.parent, check=False).returncode == 0


def lint(source):
    """Ruff's verdict on a module that would lie among the rules."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", str(RULES / "planted.py"), "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "planted",
    [
        "from datetime import UTC, datetime\n\nNOW = datetime.now(UTC)\n",
        "from datetime import datetime\n\nNOW = datetime.utcnow()\n",
        "from datetime import date\n\nTODAY = date.today()\n",
        "import time\n\nNOW = time.monotonic()\n",
        "import random\n\nDRAW = random.random()\n",
        "from secrets import token_hex\n\nDRAW = token_hex()\n",
        "import uuid\n\nID = uuid.uuid4()\n",
        "import os\n\nHOME = os.environ\n",
        "from pathlib import Path\n\nTEXT = Path()\n",
        "from builtins import open as read\n\nTEXT = read('rules.txt')\n",
        "import io\n\nTEXT = io.StringIO()\n",
        "import logging\n\nLOG = logging.getLogger()\n",
        "import socket\n\nLINE = socket.socket()\n",
        "from django.conf import settings\n\nDEBUG = settings.DEBUG\n",
    ],
)
def test_a_planted_violation_is_refused(planted):
    verdict = lint(planted)

    assert verdict.returncode == 1
    assert "TID251" in verdict.stdout


@pytest.mark.parametrize(("planted", "code"), [("TEXT = open('rules.txt')\n", "PTH123"), ("print('paid')\n", "T201")])
def test_what_needs_no_import_is_refused_as_well(planted, code):
    verdict = lint(planted)

    assert verdict.returncode == 1
    assert code in verdict.stdout


def test_a_pure_rule_is_not_refused():
    """The negative control: it is the ban that refuses, not the place."""
    verdict = lint('"""Doubles."""\n\n\ndef double(number: int) -> int:\n    return number * 2\n')

    assert verdict.returncode == 0, verdict.stdout
