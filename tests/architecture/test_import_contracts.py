"""The import contracts hold, and each has been seen to fail on a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["smmpanel", "support", "orders", "wallet", "policies", "accounts", "plumbing"]

# What is planted where, and the contract that must break by it.
VIOLATIONS = [
    ("wallet/operations/planted.py", "import orders.models", "Apps depend downwards only"),
    ("plumbing/planted.py", "import accounts.models", "Apps depend downwards only"),
    ("policies/rules/planted.py", "import policies.models", "Inside policies the rules are the ground"),
    ("policies/harmless.py", "", None),
    ("orders/models/planted.py", "import orders.operations.placing", "Inside an app"),
    ("orders/reading/planted.py", "import orders.operations.placing", "Inside an app"),
    ("orders/operations/planted.py", "import orders.providers", "Operations do no network I/O"),
    ("orders/operations/planted.py", "import requests", "Operations do no network I/O"),
    ("accounts/operations/planted.py", "import plumbing.post", "Operations do no network I/O"),
    ("accounts/operations/planted.py", "import smtplib", "Operations do no network I/O"),
    ("orders/simulator/planted.py", "import django", "The simulator is a stranger"),
    ("orders/simulator/planted.py", "import orders.models", "The simulator is a stranger"),
    ("orders/simulator/planted.py", "import orders.links", "The simulator is a stranger"),
    ("orders/simulator/planted.py", "import orders.providers.wire", "The simulator is a stranger"),
    ("orders/views/planted.py", "import wallet.models", "Only the wallet touches the ledger"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages and of the contracts."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(("path", "line", "contract"), VIOLATIONS, ids=lambda value: str(value)[:40])
def test_a_planted_violation_breaks_its_contract_and_no_other_does(tree, path, line, contract):
    """Each contract is green on the tree as it is and red with one bad import (X4)."""
    (tree / path).write_text(f"{line}\n")

    result = lint(tree)

    broken = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert [text.startswith(contract) for text in broken] == ([True] if contract else []), result.stdout[-2000:]
