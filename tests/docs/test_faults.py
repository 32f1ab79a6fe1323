"""docs/faults.md is what the table says, and each test that it names is there."""

import ast

import pytest

from tests.docs import faults
from tests.docs.faults import NEEDS_ONE, ROOT, ROWS
from tests.docs.test_requirements import PLANS

NAMED = sorted({test for row in ROWS for test in (*row.tests, *row.controls)})


def names_in(path: str) -> set[str]:
    """`test` and `Class::test` of a file."""
    body = ast.parse((ROOT / "tests" / path).read_text()).body
    loose = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    return loose | {f"{each.name}::{node.name}" for each in classes for node in each.body if hasattr(node, "name")}


def test_the_page_is_up_to_date():
    """Written anew by `python -m tests.docs.faults`."""
    assert faults.PAGE.read_text() == faults.render()


def test_every_fault_has_a_row():
    assert [row.number for row in ROWS] == list(range(1, 38))


@pytest.mark.parametrize("named", NAMED)
def test_what_shows_it_is_a_test(named):
    path, _, name = named.partition("::")

    assert name.rpartition("::")[2].startswith("test_")
    assert name in names_in(path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_a_row_is_shown_or_planned(row):
    assert row.planned in PLANS
    assert row.expected or row.planned
    assert bool(row.tests) == bool(row.expected)
    assert row.tests or row.planned
    assert row.controls or row.number not in NEEDS_ONE
