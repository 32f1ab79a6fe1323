"""A statement that takes only so many rows says so once: the planner may run a subquery of `IN` again for each row, and
each time one that skips locked rows finds others."""

import re
import subprocess
from pathlib import Path

import pytest

from plumbing import sql

ROOT = Path(__file__).resolve().parents[2]
IN_SELECT = re.compile(r"\bIN\s*\((?=\s*SELECT\b)", re.I)
TOO_MANY = """
    UPDATE taken SET by = 'me' WHERE id {} (
        SELECT id FROM taken WHERE by = '' ORDER BY id LIMIT 2 FOR NO KEY UPDATE SKIP LOCKED{})
    RETURNING id
"""


def may_run_again(text: str) -> list[str]:
    """The subqueries of `IN` that take only so many of the rows that nobody has locked."""
    insides = (inside(text[found.end() :]) for found in IN_SELECT.finditer(text))
    return [each for each in insides if "LIMIT" in each and "SKIP LOCKED" in each]


def inside(text: str) -> str:
    """What stands up to the bracket that closes it, without what is in brackets of its own."""
    depth, kept = 0, []
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            break
        if depth == 0:
            kept.append(char)
    return "".join(kept)


def test_no_claim_has_a_subquery_that_may_run_again():
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split() if not name.startswith("tests/")]

    assert len(files) > 100
    assert [str(file) for file in files if may_run_again(file.read_text())] == []


def test_the_pattern_finds_one():
    """The control."""
    assert may_run_again(TOO_MANY.format("IN", ""))
    assert not may_run_again(TOO_MANY.format("= ANY (ARRAY", ")"))


@pytest.mark.django_db
@pytest.mark.parametrize(("form", "end", "most"), [("= ANY (ARRAY", ")", 2), ("IN", "", 5)])
def test_what_the_planner_makes_of_it(form, end, most):
    """With loops for joins, as it chooses where it thinks that a table is small."""
    sql.execute("CREATE TEMP TABLE taken (id int PRIMARY KEY, by text) ON COMMIT DROP")
    sql.execute("INSERT INTO taken SELECT n, '' FROM generate_series(1, 5) AS n")
    for other in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
        sql.execute(f"SET LOCAL enable_{other} = off")

    assert len(sql.rows(TOO_MANY.format(form, end))) == most
