"""The policies as anybody reads them (R1, S1, S3)."""

import itertools
import re
from datetime import timedelta
from html import unescape
from xml.etree import ElementTree

import pytest
import time_machine

from policies.rules.clauses import CLAUSES
from policies.wording import documents
from tests.policies.conftest import NOON
from tests.policies.publishing import SUMMARY, second_version
from tests.policies.test_operations import SECOND, publish
from tests.policy_versions import put_in_force

DAY = timedelta(days=1)
LATER = NOON + 30 * DAY
ATOM = "{http://www.w3.org/2005/Atom}"


def read(client, path, *, at=LATER):
    """A page's text, without its markup."""
    with time_machine.travel(at, tick=False):
        response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def words(html):
    said = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    return re.sub(r" (?=[.,:])", "", said)  # what stood in an element of its own ends a sentence all the same


@pytest.mark.parametrize("slug", ["refund", "support", "terms", "privacy"])
def test_anyone_can_read_the_version_in_force_with_every_clause_at_its_anchor(shipped, client, slug):
    html = read(client, f"/policies/{slug}")

    for clause in CLAUSES:
        assert (f'id="{clause.id}"' in html) is (clause.policy == slug)
    assert shipped[slug].checksum in html
    assert "7 September 2026" in html
    assert "{" not in words(html).replace("{}", "")


def test_the_page_names_the_numbers_that_are_enforced(shipped, client):
    """Decision 20, R40: refund.7.2 and refund.6.3."""
    said = words(read(client, "/policies/refund"))

    assert "2 % of the quantity, or 5 units where that is more, but never more than 10 % of the quantity" in said
    assert "when 72 hours pass without any progress" in said


def test_the_hours_on_the_page_are_those_of_the_version(shipped, client):
    """S3, S24."""
    assert "Monday to Friday, 10:00 to 18:00 (Asia/Kolkata)" in words(read(client, "/policies/support"))


def test_our_own_rules_and_numbers_are_marked(shipped, client):
    html = read(client, "/policies/refund")
    marked = {
        clause
        for clause, body in re.findall(r'<div class="clause" id="([^"]+)">(.*?)</div>', html, re.DOTALL)
        if ">added by us<" in body
    }

    assert marked == {"refund.1.4", "refund.7.3", "refund.11.3"}
    assert html.count("A part of this rule was added by us.") == 6


def test_the_policy_leads_to_how_the_panel_works(shipped, client):
    """R8."""
    assert 'href="/how-it-works"' in read(client, "/policies/refund")


def test_what_code_decides_is_told_from_what_informs(shipped, client):
    """R6."""
    html = read(client, "/policies/refund")

    assert html.count(">applied by the system<") == sum(
        clause.is_enforced for clause in CLAUSES if clause.policy == "refund"
    )


def test_a_later_version_takes_over_and_the_first_keeps_its_address(shipped, client):
    publish(shipped["refund"].policy, number=2, at=LATER)

    assert "72 hours" in words(read(client, "/policies/refund", at=LATER - SECOND))
    assert "48 hours" in words(read(client, "/policies/refund", at=LATER))
    first = words(read(client, "/policies/refund/v1", at=LATER))
    assert "72 hours" in first
    assert "Replaced" in first
    assert "Not yet in force" not in first


def test_a_version_can_be_read_before_it_is_in_force(shipped, client):
    """S1: published, with a date in the future."""
    version = publish(shipped["refund"].policy, number=2, at=LATER)
    assert version.effective_from == LATER

    assert "Not yet in force" in words(read(client, "/policies/refund/v2", at=LATER - SECOND))


@pytest.mark.parametrize(
    "path",
    [
        "/policies/nothing",
        "/policies/refund/v9",
        "/policies/refund/v3",
        "/policies/refund/v3.txt",
        "/policies/refund/v3.json",
        "/policies/refund/v1..v3",
        "/policies/refund/v3..v1",
        "/policies/refund/v1..v1",
        "/policies/refund/v1..v99999999999",
        "/policies/support/v1..v2",
        "/policies/refund/v0",
        "/policies/refund/v01",
        "/policies/refund/v02",
        "/policies/refund/v01.txt",
        "/policies/refund/v01.json",
        "/policies/refund/v01..v2",
        "/policies/refund/v1..v02",
    ],
)
def test_what_is_not_published_is_not_found(shipped, client, path):
    """A draft is nobody's to read; neither is a difference to it, or of a version to itself. One address a version."""
    second_version(slug="refund", at=NOON + SECOND, now=NOON)
    second_version(slug="refund", at=NOON + SECOND, now=NOON, publish=False)

    assert client.get(path).status_code == 404


def test_a_page_takes_the_same_few_queries_however_long_the_policy_is(shipped, client, django_assert_num_queries):
    """Of the version, of the others' dates, of the clauses."""
    with django_assert_num_queries(3):
        read(client, "/policies/support")


def test_a_version_says_from_when_to_when_it_holds(shipped, client):
    second_version(slug="refund", at=LATER, now=NOON)

    assert "Version 1, effective 7 September 2026, 12:00 UTC, to be replaced 7 October 2026, 12:00 UTC." in words(
        read(client, "/policies/refund", at=LATER - SECOND)
    )
    assert "Version 1, effective 7 September 2026, 12:00 UTC, replaced 7 October 2026, 12:00 UTC." in words(
        read(client, "/policies/refund/v1", at=LATER)
    )


def test_what_is_coming_is_told_on_the_page_with_its_date_and_its_difference(shipped, client):
    """S50."""
    second_version(slug="refund", at=LATER, now=NOON)
    html = read(client, "/policies/refund", at=LATER - SECOND)

    assert f"A new version takes effect on 7 October 2026, 12:00 UTC. {SUMMARY}" in words(html)
    assert 'href="/policies/refund/v1..v2"' in html
    assert "takes effect" not in read(client, "/policies/refund", at=LATER)


@pytest.mark.parametrize(("at", "told"), [(0 * SECOND, True), (30 * DAY - SECOND, True), (30 * DAY, False)])
def test_a_page_says_for_thirty_days_that_it_changed(shipped, client, at, told):
    """S51: whoever looks from time to time sees it."""
    second_version(slug="refund", at=LATER, now=NOON)

    assert ("Changed on 7 October 2026." in words(read(client, "/policies/refund", at=LATER + at))) is told


@pytest.mark.parametrize(("slug", "kept"), [("refund", True), ("support", True), ("terms", False), ("privacy", False)])
def test_only_what_an_order_keeps_is_said_to_be_kept(shipped, client, slug, kept):
    """Decision 25: an order keeps its versions of the two policies."""
    second_version(slug=slug, at=LATER, now=NOON, params={})

    for path in (slug, f"{slug}/v1", f"{slug}/v1..v2"):
        said = words(read(client, f"/policies/{path}"))
        assert (
            re.search(r"keeps the version it was placed under|placed under (a )?version( 1)? keep it", said) is not None
        ) is kept


def test_a_first_version_has_not_changed(shipped, client):
    assert "Changed on" not in read(client, "/policies/refund", at=NOON)


def test_a_clause_that_whoever_runs_the_panel_added_is_shown_as_theirs(shipped, client):
    added = shipped["terms"].policy.versions.create(number=2)
    added.clauses.create(ref="terms.77.1", position=1, heading="House rule", text="Wipe your feet.")
    put_in_force(added, at=NOON + SECOND)

    said = words(read(client, "/policies/terms", at=LATER))
    assert "Further rules House rule terms.77.1 added by us Wipe your feet." in said


def test_each_page_has_one_heading_of_the_first_rank_and_skips_none(shipped, client):
    second_version(slug="refund", at=LATER, now=NOON)
    for path in ("", "changes", "map", "refund", "terms/v1", "refund/v1..v2"):
        ranks = [int(rank) for rank in re.findall(r"<h([1-6])", read(client, f"/policies/{path}"))]
        assert ranks[0] == 1, path
        assert ranks.count(1) == 1, path
        assert all(after <= before + 1 for before, after in itertools.pairwise(ranks)), path


def test_the_documents_lead_to_each_other_and_every_page_to_them(shipped, client):
    """R1, S42b."""
    page, home = read(client, "/policies/refund"), read(client, "/")

    for slug in shipped:
        assert f'href="/policies/{slug}"' in home
        assert slug == "refund" or page.count(f'href="/policies/{slug}"') == 2
    for path in ("/how-it-works", "/about", "/responsible-use", "/policies/"):
        assert f'href="{path}"' in home


def test_the_index_names_each_document_its_version_and_what_is_coming(shipped, client, django_assert_num_queries):
    second_version(slug="refund", at=LATER, now=NOON)
    with django_assert_num_queries(1):
        said = words(read(client, "/policies/", at=LATER - SECOND))

    for version in shipped.values():
        assert version.policy.title in said
    assert said.count("Version 1, effective 7 September 2026, 12:00 UTC.") == 4
    assert said.count("An order needs it accepted.") == 3
    assert f"Version 2 takes effect on 7 October 2026, 12:00 UTC. {SUMMARY}" in said


def test_without_a_policy_the_pages_say_so(db, client):
    for path in ("/policies/", "/policies/changes"):
        assert "Nothing is published yet" in read(client, path)
    assert "<entry>" not in read(client, "/policies/changes.atom")


def test_the_feed_gives_a_summary_as_words_line_by_line(shipped, client):
    """The feed calls a summary HTML, so readers take its marks for markup."""
    second_version(slug="refund", at=LATER, now=NOON, summary="Less <script>alert(1)</script> & more.\nA second line.")

    feed = ElementTree.fromstring(client.get("/policies/changes.atom").content)

    [told] = [each for each in feed.iter(f"{ATOM}summary") if "second" in each.text]
    assert told.get("type") == "html"
    assert told.text == "Less &lt;script&gt;alert(1)&lt;/script&gt; &amp; more.<br/>A second line."


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("12345", "Monday to Friday"),
        ("135", "Monday, Wednesday and Friday"),
        ("67", "Saturday and Sunday"),
        ("7", "Sunday"),
    ],
)
def test_weekdays_read_as_people_say_them(digits, said):
    assert documents.weekdays(digits) == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("tolerance_bp", 250, "2.5 %"),
        ("description_max_chars", 5000, "5,000"),
        ("promise_extensions", 3, "3 times"),
        ("promise_extensions", 1, "once"),
        (
            "counting",
            "elapsed",
            "Hours are counted round the clock; a time at which we are closed moves to the next opening.",
        ),
    ],
)
def test_a_number_is_written_in_its_unit(name, value, said):
    assert documents.fill(f"{{{name}}}", params={name: value}, facts={}) == said


def test_a_placeholder_that_nothing_declares_is_an_error():
    with pytest.raises(KeyError):
        documents.fill("{unheard_of}", params={}, facts={})


def test_every_section_has_a_title():
    assert {documents.section_of(clause.id) for clause in CLAUSES} == set(documents.SECTIONS)
