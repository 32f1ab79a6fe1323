"""R6, the other half: a clause that decides nothing is shown in its place, whole and with its numbers."""

import re
from html import unescape

import pytest
import time_machine

from policies import texts
from policies.rules.clauses import CLAUSE_BY_ID, CLAUSES
from policies.wording import documents
from policies.wording.installation import installation_facts
from tests.policies.conftest import NOON

APPLIED = "applied by the system"

# The clauses that inform and decide nothing here.
INFORM = [
    "refund.1.1", "refund.1.2", "refund.1.3", "refund.9.2",
    "refund.11.1", "refund.11.3", "refund.12.2", "support.2.1.a", "support.2.1.b", "support.2.1.c",
    "support.2.1.d", "support.2.1.e", "support.2.2.a", "support.2.2.b", "support.2.2.c", "support.2.2.d",
    "support.2.3.a", "support.2.3.b", "support.2.3.c", "support.2.4.a", "support.2.4.b", "support.3.1",
    "support.3.2", "support.3.3", "support.4.1", "support.4.2", "support.4.3", "support.5.1", "support.5.2",
    "support.5.3", "support.6.1", "support.6.2", "support.6.3", "support.6.4", "support.6.5", "support.6.6",
    "support.7.1", "support.7.2", "support.7.3", "support.8.1", "support.8.2", "support.8.3", "support.8.4",
    "support.9.1", "support.9.3", "support.10.1",
    "terms.1.1", "terms.1.2", "terms.2.1", "terms.2.2", "terms.3.1", "terms.3.3", "terms.4.6", "terms.5.1",
    "terms.5.2", "terms.5.3", "terms.6.1", "terms.6.3", "terms.7.1", "terms.7.2", "terms.8.1", "terms.8.2",
    "terms.9.1", "terms.10.1", "terms.10.2", "privacy.1.1", "privacy.1.2", "privacy.2.1", "privacy.2.2",
    "privacy.2.3", "privacy.2.4", "privacy.2.5", "privacy.3.1", "privacy.3.2", "privacy.3.3", "privacy.4.1",
    "privacy.4.2", "privacy.4.3", "privacy.5.1", "privacy.5.2", "privacy.6.1", "privacy.7.1", "privacy.7.2",
    "privacy.8.1",
]  # fmt: skip


def clauses_of(html):
    """What a document's page shows of each clause by its anchor: heading, text and marks, as words."""
    shown = re.findall(r'<div class="clause" id="([^"]+)">(.*?)</div>', html, re.DOTALL)
    return {ref: " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split()) for ref, body in shown}


@pytest.fixture
def pages(shipped, client):
    """Every document as it is served, by slug."""
    with time_machine.travel(NOON, tick=False):
        return {slug: client.get(f"/policies/{slug}").content.decode() for slug in texts.TITLES}


def test_the_clauses_that_inform_are_those_without_a_rule():
    assert [each.id for each in CLAUSES if not each.is_enforced] == INFORM


def test_each_clause_that_informs_is_shown_at_its_anchor_with_its_heading_and_its_text(shipped, pages):
    """Each of `INFORM`: the sentence of the version in force, its numbers filled in, not marked as applied."""
    shown = {ref: said for page in pages.values() for ref, said in clauses_of(page).items()}

    for ref in INFORM:
        version = shipped[ref.partition(".")[0]]
        row = version.clauses.get(ref=ref)
        text = documents.fill(row.text, params=version.params, facts=installation_facts())
        assert shown[ref].startswith(f"{CLAUSE_BY_ID[ref].heading} {ref}"), ref
        assert " ".join(text.split()) in shown[ref], ref
        assert APPLIED not in shown[ref], ref


def test_each_clause_that_decides_says_that_it_does(pages):
    """The control of the mark."""
    shown = {ref: said for page in pages.values() for ref, said in clauses_of(page).items()}

    assert shown.keys() == CLAUSE_BY_ID.keys()
    assert {ref for ref, said in shown.items() if APPLIED in said} == CLAUSE_BY_ID.keys() - set(INFORM)


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("support.4.1", "10:00"), ("support.5.1", "24"), ("support.5.2", "72"), ("support.7.3", "16"),
        ("support.8.2", "5"), ("privacy.5.2", "30 days"),
    ],
)  # fmt: skip
def test_the_numbers_of_a_clause_that_informs_are_shown(pages, ref, number):
    assert number in clauses_of(pages[ref.partition(".")[0]])[ref].removeprefix(f"{CLAUSE_BY_ID[ref].heading} {ref}")
