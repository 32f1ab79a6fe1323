"""A version as text, as the bytes that were hashed, and as an entry of a feed (D52, S50)."""

import hashlib
import json
import xml.etree.ElementTree as ET

import pytest
from django.core.management import CommandError, call_command

from policies import operations
from policies.management.commands import clause_tests
from policies.reading import bindings
from policies.rules.clauses import CLAUSES, PARAMETERS
from tests.policies.conftest import NOON
from tests.policies.publishing import SUMMARY, second_version
from tests.policies.test_operations import SECOND
from tests.policies.test_pages import LATER, read, words
from tests.rules.test_grounds import parameters_read

ATOM = {"atom": "http://www.w3.org/2005/Atom"}


class TestChecksum:
    @pytest.mark.parametrize("slug", ["refund", "support", "terms", "privacy"])
    def test_anybody_can_compute_it_from_the_file_alone(self, shipped, client, slug):
        answer = client.get(f"/policies/{slug}/v1.json")

        assert hashlib.sha256(answer.content).hexdigest() == shipped[slug].checksum
        assert answer.headers["Content-Type"] == "application/json"
        assert "immutable" in answer.headers["Cache-Control"]
        content = json.loads(answer.content)
        assert (content["slug"], content["number"], content["params"]) == (slug, 1, shipped[slug].params)
        assert [ref for ref, _, _ in content["clauses"]] == [each.id for each in CLAUSES if each.policy == slug]

    def test_another_letter_gives_another_one(self, shipped, client):
        """The control."""
        altered = client.get("/policies/refund/v1.json").content.replace(b"fail_after_h", b"fail_after_d", 1)

        assert hashlib.sha256(altered).hexdigest() != shipped["refund"].checksum

    @pytest.mark.parametrize("slug", ["refund", "support", "terms", "privacy"])
    def test_the_text_has_every_clause_its_numbers_and_the_checksum_at_its_end(self, shipped, client, slug):
        answer = client.get(f"/policies/{slug}/v1.txt")
        text = answer.content.decode()

        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert text.splitlines()[-1] == f"SHA-256 {shipped[slug].checksum}"
        assert f"/policies/{slug}/v1.json, byte for byte" in " ".join(text.split())
        assert "Version 1, effective from 2026-09-07T12:00:00Z" in text
        assert all(f"[{each.id}] {each.heading}" in text for each in CLAUSES if each.policy == slug)
        assert not set("{}<>&") & set(text.replace("&", "", text.count(" & ")))
        assert max(map(len, text.splitlines())) < 121

    def test_the_text_names_the_number_that_is_enforced(self, shipped, client):
        assert "72 hours pass without any progress" in " ".join(
            client.get("/policies/refund/v1.txt").content.decode().split()
        )


class TestDifference:
    def test_shows_words_and_numbers_with_links_to_both_versions(self, shipped, client, django_assert_num_queries):
        second_version(
            slug="refund", at=LATER, now=NOON, texts={"refund.12.2": "Order with care & judge by <what> was offered."}
        )
        with django_assert_num_queries(4):
            html = read(client, "/policies/refund/v1..v2")

        assert "<del>72</del>" in html
        assert "<ins>48</ins>" in html
        assert "&lt;what&gt;" in html
        assert "fail_after_h (hours) 72 48" in words(html)
        assert SUMMARY in words(html)
        for address in ("/policies/refund/v1", "/policies/refund/v2", "/policies/refund/v2#refund.6.3"):
            assert f'href="{address}"' in html

    def test_reads_backwards_too(self, shipped, client):
        second_version(slug="refund", at=LATER, now=NOON)

        assert "<ins>72</ins>" in read(client, "/policies/refund/v2..v1")

    def test_that_is_none_says_so(self, shipped, client):
        second_version(slug="terms", at=LATER, now=NOON, params={})

        assert "word for word and number for number" in read(client, "/policies/terms/v1..v2")


class TestChanges:
    def test_lists_every_version_the_newest_first_with_dates_and_difference(
        self, shipped, client, django_assert_num_queries
    ):
        second_version(slug="support", at=LATER, now=NOON + SECOND)
        with django_assert_num_queries(1):
            html = read(client, "/policies/changes", at=LATER - SECOND)
        said = words(html)

        assert said.index("Support policy, version 2 coming") < said.index("Support policy, version 1 in force")
        assert said.count("version 1 in force") == 4
        assert f"{SUMMARY} Effective 7 October 2026, 12:00 UTC." in said
        assert 'href="/policies/support/v1..v2"' in html

    def test_leaves_drafts_out(self, shipped, client):
        second_version(slug="support", at=LATER, now=NOON, publish=False)

        assert "version 2" not in read(client, "/policies/changes")
        assert "v2" not in read(client, "/policies/changes.atom")


class TestFeed:
    """RFC 4287."""

    def parsed(self, client):
        answer = client.get("/policies/changes.atom")
        assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        return ET.fromstring(answer.content)

    def test_has_what_a_feed_must_have(self, shipped, client, settings):
        settings.SITE_URL, settings.SITE_NAME = "https://panel.example.com", "Panel & Co"
        feed = self.parsed(client)

        assert feed.findtext("atom:id", namespaces=ATOM) == "tag:panel.example.com,2025:policies"
        assert feed.findtext("atom:title", namespaces=ATOM) == "Panel & Co: changes of the policies"
        assert feed.findtext("atom:updated", namespaces=ATOM) == "2026-09-07T12:00:00+00:00"
        assert feed.findtext("atom:author/atom:name", namespaces=ATOM) == "Panel & Co"
        links = {link.get("rel"): link.get("href") for link in feed.findall("atom:link", ATOM)}
        assert links["self"] == "https://panel.example.com/policies/changes.atom"

    def test_has_an_entry_for_each_version_whose_id_never_changes(self, shipped, client, settings):
        settings.SITE_URL = "https://panel.example.com"
        before = {
            entry.findtext("atom:id", namespaces=ATOM) for entry in self.parsed(client).findall("atom:entry", ATOM)
        }
        second_version(slug="refund", at=LATER, now=NOON + SECOND)
        entries = self.parsed(client).findall("atom:entry", ATOM)
        newest = entries[0]

        assert before == {f"tag:panel.example.com,2025:policies/{slug}/v1" for slug in shipped}
        assert len(entries) == 5
        assert newest.findtext("atom:id", namespaces=ATOM) == "tag:panel.example.com,2025:policies/refund/v2"
        assert "effective from 2026-10-07 12:00 UTC" in newest.findtext("atom:title", namespaces=ATOM)
        assert newest.findtext("atom:summary", namespaces=ATOM) == SUMMARY
        assert newest.findtext("atom:updated", namespaces=ATOM) == "2026-09-07T12:00:01+00:00"
        assert newest.find("atom:link", ATOM).get("href") == "https://panel.example.com/policies/refund/v1..v2"

    def test_is_named_in_the_head_of_every_page(self, shipped, client):
        assert '<link rel="alternate" type="application/atom+xml"' in read(client, "/")


class TestMap:
    """R6: clause, rule and tests."""

    def test_shows_every_clause_with_its_rule_and_the_tests_that_name_it(self, client, db, django_assert_num_queries):
        with django_assert_num_queries(0):
            html = read(client, "/policies/map")
        rows = dict(zip((each.id for each in CLAUSES), html.split("<tr id=")[1:], strict=True))

        for clause in CLAUSES:
            assert f'"{clause.id}"' in rows[clause.id]
            assert (clause.rule or "explains") in rows[clause.id]
        assert "tests/rules/test_refunds.py" in rows["refund.7.3"]
        assert "fail_after_h" in rows["refund.6.3"]

    def test_says_which_numbers_no_code_applies(self, client, db):
        """R6: nothing is called enforced that is not. The list is exactly what no code reads."""
        html = read(client, "/policies/map")

        assert {each.name for each in PARAMETERS} - set(parameters_read()) == bindings.KEPT_BY_PEOPLE
        assert "kept by people, not yet by the software: private_grace_h" in html
        assert "kept by people, not yet by the software: fail_after_h" not in html

    def test_its_list_of_tests_is_up_to_date(self):
        call_command("clause_tests", check=True)

    def test_a_list_that_is_not_is_refused_and_written_anew(self, monkeypatch, tmp_path):
        """The control."""
        old = tmp_path / "clause_tests.json"
        old.write_text("{}")
        monkeypatch.setattr(clause_tests, "CLAUSE_TESTS", old)

        with pytest.raises(CommandError, match="out of date"):
            call_command("clause_tests", check=True)
        call_command("clause_tests")
        assert old.read_text() == bindings.CLAUSE_TESTS.read_text()

    def test_a_clause_that_is_applied_is_named_by_a_test(self):
        tested = json.loads(bindings.CLAUSE_TESTS.read_text())

        assert [each.id for each in CLAUSES if each.is_enforced and not tested[each.id]] == []


class TestWhatIsHashed:
    """S49: the summary is what most people read, so it cannot be swapped below the checksum either."""

    @pytest.fixture
    def second(self, shipped):
        return second_version(slug="refund", at=LATER, now=NOON)

    def test_the_summary_too(self, second):
        second.summary += " And more."

        assert operations.checksum_of(second) != second.checksum

    def test_and_its_file_holds_it(self, second, client):
        file = client.get("/policies/refund/v2.json").content

        assert json.loads(file)["summary"] == second.summary
        assert hashlib.sha256(file).hexdigest() == second.checksum
        assert "the summary, the clauses" in " ".join(client.get("/policies/refund/v2.txt").content.decode().split())

    def test_of_a_version_from_before_that_the_rest(self, shipped, client):
        """What was published in the older form keeps its checksum, and its file says what it holds."""
        version = shipped["refund"]
        version.summary += " And more."

        assert operations.checksum_of(version) == version.checksum
        assert "summary" not in json.loads(client.get("/policies/refund/v1.json").content)
        assert "the summary, " not in client.get("/policies/refund/v1.txt").content.decode()
