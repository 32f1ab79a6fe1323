"""Drafts of policies: begun, written, refused at their fields, thrown away, on record (S49, decision 27)."""

import pytest
from django.core.exceptions import PermissionDenied

from policies import operations
from policies.models import DraftAct, Policy, PolicyVersion, Rehearsal, content_of
from tests.policies.people import NOON, rehearse, staff_with, write
from tests.policy_versions import put_in_force


def acts(draft):
    return list(DraftAct.objects.filter(draft_id=draft.pk).order_by("id").values_list("kind", "actor"))


def refused(writer, draft, **changed):
    """At which fields a writing is refused, and why."""
    draft.refresh_from_db()
    before = content_of(draft)
    with pytest.raises(operations.DraftRefused) as refusal:
        write(writer, draft, **changed)
    draft.refresh_from_db()
    assert content_of(draft) == before
    return [(fault.where, fault.finding) for fault in refusal.value.faults]


class TestBeginning:
    def test_it_is_a_copy_of_what_is_published(self, shipped, draft, writer):
        assert content_of(draft) == content_of(shipped["refund"])
        assert (draft.number, draft.status, draft.summary) == (2, "draft", shipped["refund"].summary)
        assert (draft.drafted_by, acts(draft)) == (f"staff:{writer.pk}", [("begun", f"staff:{writer.pk}")])

    def test_a_default_that_the_published_version_lacks_is_settled_by_it(self, shipped, writer):
        """Decision 24: the number that a rule read by default is written down from here on."""
        policy = shipped["refund"].policy
        older = policy.versions.create(number=2, params={"fail_after_h": 48}, summary="Older")
        older.clauses.create(ref="refund.6.3", position=1, heading="Refunds", text="{fail_after_h} hours.")
        put_in_force(older, at=NOON.replace(hour=13))

        draft = operations.start_draft(staff=writer, slug="refund", now=NOON)

        assert (draft.number, draft.params["fail_after_h"], draft.params["appeal_days"]) == (3, 48, 30)

    def test_a_policy_has_one_draft_and_the_refusal_says_whose(self, draft, writer):
        other = staff_with("draft_policy")

        with pytest.raises(operations.DraftExists) as refusal:
            operations.start_draft(staff=other, slug="refund", now=NOON)

        assert (refusal.value.draft.pk, refusal.value.draft.drafted_by) == (draft.pk, f"staff:{writer.pk}")

    def test_another_policy_has_its_own(self, draft, writer):
        assert operations.start_draft(staff=writer, slug="support", now=NOON).number == 2

    def test_there_is_nothing_to_begin_from_before_the_first(self, shipped, writer):
        Policy.objects.create(slug="empty", title="Empty")

        with pytest.raises(PolicyVersion.DoesNotExist):
            operations.start_draft(staff=writer, slug="empty", now=NOON)
        with pytest.raises(Policy.DoesNotExist):
            operations.start_draft(staff=writer, slug="nothing", now=NOON)


class TestWriting:
    def test_texts_numbers_summary_and_mark_are_kept_and_recorded(self, draft, writer):
        write(
            writer,
            draft,
            texts={"refund.1.1": (" What  it is for ", "Plain\r\nwords. ")},
            params={"fail_after_h": 48},
            material=True,
            summary="  Fails\r\n\r\n sooner. ",
        )

        draft.refresh_from_db()
        assert content_of(draft).clauses["refund.1.1"] == ("What it is for", "Plain\nwords.")
        assert (draft.params["fail_after_h"], draft.material, draft.summary) == (48, True, "Fails\nsooner.")
        kept = DraftAct.objects.get(kind="written")
        assert kept.facts == {
            "clauses": ["refund.1.1"],
            "parameters": {"fail_after_h": [72, 48]},
            "summary": True,
            "material": True,
            "checksum": operations.checksum_of(draft),
        }

    def test_changing_nothing_makes_nobody_a_writer(self, draft):
        reader = staff_with("draft_policy")
        write(reader, draft)
        write(reader, draft, summary=draft.summary.replace("\n", "\r\n"))  # as a browser sends it

        assert draft.summary.count("\n") == 2
        assert len(acts(draft)) == 1

    def test_whoever_writes_any_of_it_is_a_writer(self, draft, writer):
        other = staff_with("draft_policy")
        write(other, draft, summary="Better said.")

        assert operations.writers_of(draft.pk) == {f"staff:{writer.pk}", f"staff:{other.pk}"}

    def test_a_clause_that_informs_goes_and_comes_back_to_its_place(self, shipped, draft, writer):
        said = content_of(draft).clauses["refund.12.2"]
        write(writer, draft, without={"refund.12.2"})
        assert "refund.12.2" not in content_of(draft).clauses

        write(writer, draft, texts={"refund.12.2": said})

        assert list(content_of(draft).clauses) == list(content_of(shipped["refund"]).clauses)
        assert operations.checksum_of(draft) != shipped["refund"].checksum  # another number
        assert content_of(draft) == content_of(shipped["refund"])

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"summary": " "}, ("summary", "empty")),
            ({"summary": "x" * 601}, ("summary", "too_long")),
            ({"texts": {"refund.1.1": ("Purpose", "")}}, ("refund.1.1:text", "empty")),
            ({"texts": {"refund.1.1": ("", "Words.")}}, ("refund.1.1:heading", "empty")),
            ({"texts": {"refund.1.1": ("Purpose", "{notice_days}")}}, ("refund.1.1:text", "unknown_placeholder")),
            ({"texts": {"refund.1.1": ("Purpose", "{")}}, ("refund.1.1:text", "broken_braces")),
            ({"texts": {"refund.6.3": ("Failure", "At last.")}}, ("refund.6.3:text", "number_missing")),
            ({"texts": {"refund.99.1": ("New", "Words.")}}, ("refund.99.1", "unknown_clause")),
            ({"texts": {"support.3.1": ("New", "Words.")}}, ("support.3.1", "unknown_clause")),
            ({"without": {"refund.1.4"}}, ("refund.1.4", "must_stay")),
            ({"without": {"refund.2.1"}}, ("refund.2.1", "must_stay")),
            ({"params": {"fail_after_h": 0}}, ("fail_after_h", "out_of_bounds")),
            ({"params": {"notice_days": 1}}, ("notice_days", "unknown_parameter")),
            ({"params": {"tolerance_cap_bp": 100}}, ("tolerance_cap_bp", "out_of_order")),
        ],
    )
    def test_what_cannot_stand_is_refused_at_its_field_and_changes_nothing(self, draft, writer, changed, told):
        assert refused(writer, draft, **changed) == [told]
        assert len(acts(draft)) == 1

    def test_everything_that_is_wrong_is_told_at_once(self, draft, writer):
        told = refused(writer, draft, summary="", without={"refund.1.4"}, params={"fail_after_h": 0})

        assert [field for field, _ in told] == ["summary", "refund.1.4", "fail_after_h"]

    def test_what_the_system_cannot_fill_in_is_known_by_the_installation(self, shipped, writer):
        """A text may name the support address, and nothing of the server it runs on."""
        draft = operations.start_draft(staff=writer, slug="support", now=NOON)
        write(writer, draft, texts={"support.3.3": ("No phone", "Write to {support_email}.")})

        assert refused(writer, draft, texts={"support.3.3": ("No phone", "{SECRET_KEY}")}) == [
            ("support.3.3:text", "unknown_placeholder")
        ]

    def test_a_time_zone_is_one_that_exists(self, shipped, writer):
        draft = operations.start_draft(staff=writer, slug="support", now=NOON)
        write(writer, draft, params={"support_time_zone": "Europe/Berlin"})

        assert refused(writer, draft, params={"support_time_zone": "Mars/Base"}) == [
            ("support_time_zone", "no_time_zone")
        ]

    def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(self, draft, writer):
        shown = operations.revision_of(draft.pk)
        write(staff_with("draft_policy"), draft, summary="First.", revision_shown=shown)

        assert refused(writer, draft, summary="Second.", revision_shown=shown) == [("", "changed_meanwhile")]
        assert draft.summary == "First."

    def test_a_published_version_is_no_draft(self, shipped, writer):
        with pytest.raises(operations.NotADraft):
            write(writer, shipped["refund"], summary="Rewritten.")


class TestDiscarding:
    def test_it_goes_with_its_rehearsals_and_stays_on_record(self, draft, writer):
        rehearse(draft)
        other, pk = staff_with("draft_policy"), draft.pk

        operations.discard_draft(staff=other, version_id=pk, now=NOON)

        assert not PolicyVersion.objects.filter(pk=pk).exists()
        assert not Rehearsal.objects.exists()
        draft.pk = pk
        assert acts(draft) == [("begun", f"staff:{writer.pk}"), ("discarded", f"staff:{other.pk}")]

    def test_the_next_draft_takes_its_number_and_not_its_writers(self, draft, writer):
        other = staff_with("draft_policy")
        operations.discard_draft(staff=writer, version_id=draft.pk, now=NOON)

        again = operations.start_draft(staff=other, slug="refund", now=NOON)

        assert again.number == 2
        assert operations.writers_of(again.pk) == {f"staff:{other.pk}"}

    @pytest.mark.parametrize("version", ["published", "gone"])
    def test_what_is_no_draft_stays(self, shipped, writer, version):
        pk = shipped["refund"].pk if version == "published" else 0

        with pytest.raises(operations.NotADraft):
            operations.discard_draft(staff=writer, version_id=pk, now=NOON)


@pytest.mark.parametrize("codes", [(), ("publish_policy", "view_policyversion")])
def test_each_act_needs_the_permission_to_draft(draft, codes):
    """Decision 27."""
    nobody = staff_with(*codes)

    with pytest.raises(PermissionDenied):
        operations.start_draft(staff=nobody, slug="support", now=NOON)
    with pytest.raises(PermissionDenied):
        write(nobody, draft, summary="Mine.")
    with pytest.raises(PermissionDenied):
        operations.discard_draft(staff=nobody, version_id=draft.pk, now=NOON)
    assert len(acts(draft)) == 1
