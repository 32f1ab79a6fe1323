"""The pages on which a draft is begun, written, compared and thrown away (D52, S49)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from policies import operations
from policies.models import PolicyVersion, content_of
from policies.reading.drafts import sheet_of
from tests.policies.admin_pages.walking import address, typed, words
from tests.policies.people import NOON, staff_with, write
from tests.policies.publishing import second_version


def send(client, draft, **otherwise):
    sent = typed(draft, **{"revision": str(operations.revision_of(draft.pk)), **otherwise})
    return client.post(address("write", draft), sent)


def errors(answer):
    return {name: list(told) for name, told in answer.context["form"].errors.items()}


class TestBeginning:
    def test_a_policy_without_a_draft_offers_one_and_begins_it(self, client, shipped, writer):
        client.force_login(writer)
        policy = shipped["refund"].policy
        page, start = (reverse(f"admin:policies_policy_{name}", args=[policy.pk]) for name in ("change", "draft"))

        assert f'href="{start}"' in client.get(page).content.decode()
        assert "Customers see nothing of it" in words(client.get(start))
        assert "version 2 is begun" in words(client.post(start, follow=True))
        draft = PolicyVersion.objects.get(status="draft")
        assert address("write", draft) in client.get(page).content.decode()
        versions = client.get(reverse("admin:policies_policyversion_changelist"))
        assert address("write", draft) in versions.content.decode()

    def test_where_there_is_one_the_page_says_whose(self, client, draft, writer):
        client.force_login(staff_with("draft_policy", "view_policy"))
        start = reverse("admin:policies_policy_draft", args=[draft.policy_id])

        assert f"staff {writer.email} began it" in words(client.post(start))

    def test_who_may_not_draft_is_offered_nothing(self, client, shipped, publisher):
        client.force_login(publisher)
        start = reverse("admin:policies_policy_draft", args=[shipped["refund"].policy_id])

        assert client.post(start).status_code == 403
        assert "Start a draft" not in words(client.get(reverse("admin:policies_policyversion_changelist")))
        page = reverse("admin:policies_policy_change", args=[shipped["refund"].policy_id])
        assert "Start a draft" not in words(client.get(page))


class TestWriting:
    def test_it_shows_each_clause_beside_what_is_in_force_with_its_numbers(self, client, written, writer):
        write(writer, written, params={"fail_after_h": 48})

        answer = client.get(address("write", written))

        text = words(answer)
        assert "or when 72 hours pass without any progress" in text  # as it is in force, filled in
        assert "or when {fail_after_h} hours pass without any progress" in text  # as it is written
        assert "hours, 1 to 720; before: 72" in text
        assert 'name="fail_after_h" value="48"' in answer.content.decode()

    def test_what_is_typed_is_saved(self, client, written):
        answer = send(
            client,
            written,
            **{"refund.1.1:text": "Otherwise.", "fail_after_h": "48", "material": "on", "summary": "New."},
        )

        assert answer.headers["Location"] == address("write", written)
        written.refresh_from_db()
        assert content_of(written).clauses["refund.1.1"][1] == "Otherwise."
        assert (written.params["fail_after_h"], written.material, written.summary) == (48, True, "New.")

    def test_one_button_leads_on_to_what_changes(self, client, written):
        assert send(client, written, compare="yes").headers["Location"] == address("changes", written)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("summary", "", "cannot be empty"),
            ("refund.1.1:heading", " ", "cannot be empty"),
            ("refund.1.1:text", "", "cannot be empty"),
            ("refund.1.1:text", "See {nowhere}.", "Nothing here is called {nowhere}"),
            ("refund.1.1:text", "Half a {brace", "Braces stand in pairs"),
            ("refund.6.3:text", "After a while.", "Keep {fail_after_h} in the text"),
            ("fail_after_h", "721", "This takes 1 to 720 hours."),
            ("fail_after_h", "soon", "Enter a whole number."),
            ("fail_after_h", "", "This field is required."),
            ("tolerance_cap_bp", "100", "cannot come before tolerance_bp, which is 200"),
        ],
    )
    def test_what_cannot_stand_is_said_at_its_field_and_nothing_is_lost(self, client, written, field, value, said):
        before = content_of(written)

        answer = send(client, written, **{field: value, "refund.3.1:text": "Typed with care."})

        assert list(errors(answer)) == [field]
        assert said in errors(answer)[field][0]
        assert "Typed with care." in words(answer)
        assert answer.context["form"][field].value() == value
        assert content_of(written) == before

    def test_a_clause_that_informs_is_taken_out_and_put_back_with_its_last_words(self, client, written, writer):
        said = content_of(written).clauses["refund.12.2"]
        send(client, written, **{"refund.12.2": None})
        assert "refund.12.2" not in content_of(written).clauses

        assert "not in this draft" in words(client.get(address("write", written)))
        send(client, written, **{"refund.12.2": "on"})

        assert content_of(written).clauses["refund.12.2"] == said

    def test_a_clause_that_the_system_needs_has_no_box_to_take_it_out(self, client, written):
        form = client.get(address("write", written)).context["form"]

        assert "refund.12.2" in form.fields
        assert {"refund.1.4", "refund.2.1", "refund.11.2"}.isdisjoint(form.fields)

    def test_what_somebody_else_saved_meanwhile_is_not_overwritten(self, client, written):
        sent = typed(written, revision=str(operations.revision_of(written.pk)), summary="Mine.")
        write(staff_with("draft_policy"), written, summary="Theirs.")

        answer = client.post(address("write", written), sent)

        assert "Somebody has changed the draft" in words(answer)
        assert "Mine." in words(answer)
        written.refresh_from_db()
        assert written.summary == "Theirs."

    def test_words_are_shown_as_words(self, client, written, writer):
        write(writer, written, texts={"refund.1.1": ("<b>Bold</b>", "<script>alert(1)</script>")})

        for page in ("write", "changes", "change"):
            assert "<script>alert" not in client.get(address(page, written)).content.decode()

    def test_a_published_version_has_no_such_page(self, client, shipped, writer):
        client.force_login(writer)

        assert client.get(address("write", shipped["refund"])).status_code == 404
        assert client.post(address("write", shipped["refund"])).status_code == 404

    def test_it_takes_few_queries_however_many_clauses_there_are(self, written):
        draft = PolicyVersion.objects.select_related("policy").get(pk=written.pk)
        with CaptureQueriesContext(connection) as full:
            sheet_of(draft)
        assert len(full) <= 4


class TestWhatChanges:
    def test_words_and_numbers_that_differ_are_marked(self, client, written, writer):
        """D52."""
        write(writer, written, params={"fail_after_h": 48}, texts={"refund.1.1": ("What this policy is for", "New.")})

        page = client.get(address("changes", written)).content.decode()

        assert "<del>72</del>" in page
        assert "<ins>48</ins>" in page
        assert "<ins>New.</ins>" in page
        assert "must be marked as material" in page

    def test_a_copy_changes_nothing_and_the_first_version_has_none_before_it(self, client, written, shipped):
        assert "No clause and no number differs" in words(client.get(address("changes", written)))
        assert "This is the first version" in words(client.get(address("changes", shipped["refund"])))


class TestOverview:
    def test_it_says_who_did_what_and_that_it_binds_nobody(self, client, written, writer):
        write(writer, written, params={"fail_after_h": 48}, material=True)

        text = words(client.get(address("change", written)))

        assert "staff alone can read it" in text
        assert "Begun as a copy of version 1." in text
        assert f"Changed fail_after_h from 72 to 48 and its mark: material. staff {writer.email}" in text

    def test_customers_cannot_read_a_draft(self, client, written, customer):
        """Not by its address, not by its number, not with an account."""
        client.force_login(customer)

        assert client.get("/policies/refund/v2").status_code == 404
        for page in ("write", "changes", "rehearsals", "publish", "change", "discard"):
            assert client.get(address(page, written)).status_code == 302

    def test_staff_without_the_right_to_look_cannot_either(self, client, written):
        client.force_login(staff_with("view_decision"))

        for page in ("write", "changes", "rehearsals", "publish", "change", "discard"):
            assert client.get(address(page, written)).status_code == 403

    def test_a_longer_list_takes_no_more_queries(self, client, shipped, writer):
        client.force_login(writer)

        def queries():
            with CaptureQueriesContext(connection) as captured:
                client.get(reverse("admin:policies_policyversion_changelist"))
                client.get(reverse("admin:policies_policy_change", args=[shipped["refund"].policy_id]))
            return len(captured)

        def draft_after(*days):
            for day in days:
                second_version(slug="refund", at=NOON.replace(day=day), now=NOON)
            return operations.start_draft(staff=writer, slug="refund", now=NOON)

        queries()  # fills what is cached for good
        operations.start_draft(staff=writer, slug="support", now=NOON)
        draft = draft_after(11)
        before = queries()
        operations.discard_draft(staff=writer, version_id=draft.pk, now=NOON)
        draft_after(*range(12, 18))

        assert queries() == before


class TestDiscarding:
    def test_it_asks_first_and_leads_back_to_the_policy(self, client, written):
        assert "cannot be brought back" in words(client.get(address("discard", written)))

        answer = client.post(address("discard", written))

        assert answer.headers["Location"] == reverse("admin:policies_policy_change", args=[written.policy_id])
        assert not PolicyVersion.objects.filter(pk=written.pk).exists()

    def test_a_published_version_is_not_offered(self, client, shipped, writer):
        client.force_login(writer)

        assert "no longer possible" in words(client.post(address("discard", shipped["refund"])))
