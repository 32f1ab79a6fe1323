"""Each requirement is shown by a test that cites it, or says which piece of work will show it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([RSXD]\d+b?) \| (.+?) \| (?:planned: (\w+))? ?\|$", re.MULTILINE)
CITATION = re.compile(r"\b[RSXD]\d+b?\b")
PLANS = {"wallet", "policies", "delivery", "orders", "support", "panel", "api", "staff", "operations", ""}
EVERY_ID = (
    [f"R{n}" for n in range(1, 61)]
    + ["R46b"]
    + [f"S{n}" for n in range(1, 53)]
    + ["S42b"]
    + [f"X{n}" for n in range(1, 7)]
    + [f"D{n}" for n in range(1, 64)]
)

LISTED = {number: plan for number, _, plan in ROW.findall((ROOT / "docs" / "requirements.md").read_text())}
COMMENT = re.compile(r"#.*")


def said_in(path: Path) -> Iterator[str]:
    """A test file's docstrings and comments: an id in a test's data cites nothing."""
    source = path.read_text()
    yield from COMMENT.findall(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented):
            yield ast.get_docstring(node) or ""


CITED = {
    citation
    for path in (ROOT / "tests").rglob("test_*.py")
    if path != Path(__file__)
    for text in said_in(path)
    for citation in CITATION.findall(text)
}


def test_every_id_is_listed_once():
    assert sorted(LISTED) == sorted(EVERY_ID)


def test_every_plan_is_a_known_piece_of_work():
    assert set(LISTED.values()) <= PLANS


@pytest.mark.parametrize("number", EVERY_ID)
def test_it_is_cited_by_a_test_or_planned(number):
    assert number in CITED or LISTED[number]
