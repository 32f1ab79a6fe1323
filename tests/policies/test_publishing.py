"""Publishing: by a second person, rehearsed, with notice; exactly once whoever comes together (S49, D51)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection

from policies import operations, reading
from policies.models import DraftAct, PolicyVersion, content_of
from policies.operations import acts
from policies.rules.clauses import Reason, refund, support
from policies.rules.vocabulary import DecisionOutcome
from tests.policies.people import NOON, WEEK, checksum, publish, rehearse, staff_with, write

SECOND = timedelta(seconds=1)


def refused(publisher, draft, **asked):
    """Where a publication is refused, and why."""
    with pytest.raises(operations.DraftRefused) as refusal:
        publish(publisher, draft, **asked)
    assert PolicyVersion.objects.get(pk=draft.pk).status == "draft"
    return [(fault.where, fault.finding) for fault in refusal.value.faults]


def decided(version, clause, *, now=NOON):
    """A decision under a version."""
    operations.record_decision(
        rule="refunds.decide_refund", subject_type="order", subject_id=10000, version_id=version.pk, inputs={},
        outcome=DecisionOutcome.REFUSE, reasons=(Reason(clause, "undelivered_part"),),
        actor="system", now=now,
    )  # fmt: skip


def prospect(publisher, draft):
    return operations.prospect(staff=publisher, version_id=draft.pk, now=NOON)


class TestPublishing:
    def test_a_second_person_publishes_what_was_rehearsed(self, ready, writer, publisher):
        """D51: who wrote, who published, when, and the checksum of it all are kept."""
        publish(publisher, ready)

        kept = PolicyVersion.objects.get(pk=ready.pk)
        by = f"staff:{publisher.pk}"
        assert (kept.status, kept.published_at, kept.effective_from) == ("published", NOON, NOON + WEEK)
        assert (kept.drafted_by, kept.published_by, kept.approved_by) == (f"staff:{writer.pk}", by, by)
        assert kept.checksum == operations.checksum_of(kept)
        last = DraftAct.objects.order_by("id").last()
        assert (last.kind, last.actor, last.facts["checksum"]) == ("published", by, kept.checksum)

    def test_the_next_draft_begins_from_it(self, ready, writer, publisher):
        publish(publisher, ready)

        again = operations.start_draft(staff=writer, slug="refund", now=NOON)

        assert (again.number, again.params["appeal_days"]) == (3, 60)

    @pytest.mark.parametrize(("at", "number"), [(-SECOND, 1), (0 * SECOND, 2), (SECOND, 2)])
    def test_it_takes_over_at_its_very_instant(self, ready, publisher, customer, at, number):
        """D46: S1, and what orders need accepted with it."""
        publish(publisher, ready)

        assert operations.in_force(slug="refund", now=NOON + WEEK + at).number == number
        missing = operations.missing_acceptances(user_id=customer.pk, now=NOON + WEEK + at)
        assert [version.number for version in missing if version.policy.slug == "refund"] == [number]

    @pytest.mark.parametrize("codes", [(), ("draft_policy",)])
    def test_it_needs_its_own_permission(self, ready, codes):
        """Decision 27."""
        with pytest.raises(PermissionDenied):
            publish(staff_with(*codes), ready)

    def test_who_began_it_does_not_publish_it(self, ready, writer):
        owner = writer
        owner.is_superuser = True
        owner.save(update_fields=["is_superuser"])

        assert refused(owner, ready) == [("", "second_person")]

    def test_nobody_publishes_what_they_wrote_a_word_of(self, ready):
        both = staff_with("draft_policy", "publish_policy")
        write(both, ready, summary="Better said.", material=True)
        rehearse(ready)

        assert refused(both, ready) == [("", "second_person")]

    @pytest.mark.parametrize("state", ["waiting", "running", "failed"])
    def test_a_rehearsal_counts_when_it_is_done(self, draft, writer, publisher, state):
        write(writer, draft, params={"appeal_days": 60}, material=True)
        rehearse(draft, state=state)

        assert refused(publisher, draft) == [("", "rehearsed")]

    def test_a_rehearsal_on_nothing_counts_only_while_nothing_is_decided(self, shipped, ready, publisher):
        """Support 7.4.3; of another policy's decisions it says nothing."""
        decided(shipped["support"], support.TICKETS)
        assert prospect(publisher, ready).is_ready

        decided(shipped["refund"], refund.UNDELIVERED_PART)

        assert refused(publisher, ready) == [("", "rehearsed_on_too_few")]
        rehearse(ready, done=1, total=1, result={"decisions": 0, "open_orders": 1})
        assert refused(publisher, ready) == [("", "rehearsed_on_too_few")]
        rehearse(ready, done=1, total=1)
        rehearse(ready)  # an empty one takes nothing away
        publish(publisher, ready)

    def test_a_rehearsal_of_another_text_counts_for_nothing(self, ready, writer, publisher):
        write(writer, ready, params={"appeal_days": 61}, material=True)

        assert refused(publisher, ready) == [("", "rehearsed")]
        write(writer, ready, params={"appeal_days": 60}, material=True)
        publish(publisher, ready)

    @pytest.mark.parametrize(
        "change",
        [
            {"params": {"appeal_days": 60}},
            {"texts": {"refund.7.3": ("Missing", "It is paid back.")}},
            {"texts": {"refund.1.1": ("Purpose", "Nothing below is a right.")}},
            {"summary": "Everything is paid back."},
        ],
    )
    def test_any_number_or_word_is_material_whatever_the_writer_ticked(self, draft, writer, publisher, change):
        write(writer, draft, **change)
        rehearse(draft)

        assert refused(publisher, draft) == [("", "marked_material")]

    def test_a_summary_alone_is_published_with_its_notice(self, draft, writer, publisher):
        write(writer, draft, summary="After {fail_after_h} hours without progress all is paid back.", material=True)
        rehearse(draft)

        publish(publisher, draft)

        edition = [each for each in reading.editions() if each.slug == "refund"][-1]
        assert edition.summary == "After 72 hours without progress all is paid back."

    def test_what_changes_no_word_takes_effect_at_once(self, draft, writer, publisher):
        heading, text = content_of(draft).clauses["refund.1.1"]
        write(writer, draft, texts={"refund.1.1": (heading.upper(), text)})
        rehearse(draft)
        later = NOON + timedelta(hours=1)

        publish(publisher, draft, at=later, now=later)

        assert operations.in_force(slug="refund", now=later).number == 2

    def test_a_copy_is_not_published(self, draft, publisher):
        rehearse(draft)

        assert refused(publisher, draft) == [("", "changes_something")]

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ({"slug_typed": "support"}, ("slug", "another_slug")),
            ({"slug_typed": ""}, ("slug", "another_slug")),
            ({"checksum_shown": "0" * 64}, ("", "changed_meanwhile")),
            ({"revision_shown": 0}, ("", "changed_meanwhile")),
            ({"at": NOON + WEEK - SECOND}, ("effective_from", "too_little_notice")),
            ({"at": NOON - SECOND}, ("effective_from", "before_another")),
        ],
    )
    def test_what_is_asked_for_wrongly_is_told_at_its_field(self, ready, publisher, asked, told):
        assert refused(publisher, ready, **asked) == [told]

    def test_the_notice_is_that_of_the_support_policy_in_force(self, shipped, ready, writer, publisher):
        """support.9.2: a longer notice holds from the day it takes effect, not from its publication."""
        longer = operations.start_draft(staff=writer, slug="support", now=NOON)
        write(writer, longer, params={"notice_days": 14}, material=True)
        rehearse(longer)
        publish(publisher, longer)
        then = NOON + WEEK

        assert refused(publisher, ready, at=then + WEEK, now=then) == [("effective_from", "too_little_notice")]
        publish(publisher, ready, at=then + WEEK - SECOND, now=then - SECOND)

    def test_a_version_follows_those_that_are_still_to_come(self, ready, writer, publisher):
        """Support 7.4.6: what was published is withdrawn by a successor alone."""
        publish(publisher, ready, at=NOON + 2 * WEEK)
        successor = operations.start_draft(staff=writer, slug="refund", now=NOON)
        write(writer, successor, params={"appeal_days": 30}, material=True)
        rehearse(successor)

        assert refused(publisher, successor, at=NOON + 2 * WEEK) == [("effective_from", "before_another")]
        publish(publisher, successor, at=NOON + 2 * WEEK + SECOND)

    @pytest.mark.parametrize("recorded", ["acceptance", "decision"])
    def test_what_was_recorded_since_the_button_was_pressed_is_told(self, ready, publisher, customer, recorded):
        """The database refuses to publish before it (7.3): that is a matter of pressing again, and no fault."""
        first = operations.in_force(slug="refund", now=NOON)
        if recorded == "acceptance":
            shown = {first.pk: first.checksum}
            operations.accept(user_id=customer.pk, checksums=shown, context="order", now=NOON + SECOND)
        else:
            rehearse(ready, done=1, total=1)
            decided(first, refund.UNDELIVERED_PART, now=NOON + SECOND)

        assert refused(publisher, ready) == [("", "overtaken")]

        publish(publisher, ready, at=NOON + SECOND + WEEK, now=NOON + SECOND)

    def test_a_clause_that_a_rule_cites_exists_in_it(self, ready, publisher):
        """Support 7.4.4: also where it went missing by another way than the page."""
        ready.clauses.filter(ref="refund.7.3").delete()
        rehearse(ready)

        assert ("", "can_stand") in refused(publisher, ready)

    def test_what_is_published_or_gone_is_not_published_again(self, ready, publisher):
        publish(publisher, ready)

        with pytest.raises(operations.NotADraft):
            publish(publisher, ready)

    def test_the_prospect_says_what_is_missing_and_when_it_could_be(self, draft, writer, publisher):
        seen = prospect(publisher, draft)
        assert [each.finding for each in seen.conditions if not each.met] == ["changes_something", "rehearsed"]
        assert not seen.is_ready

        write(writer, draft, params={"appeal_days": 60}, material=True)
        rehearse(draft)

        seen = prospect(publisher, draft)
        assert seen.is_ready
        assert (seen.earliest, seen.notice_days) == (NOON + WEEK, 7)
        publish(publisher, draft, checksum_shown=seen.checksum, revision_shown=seen.revision, at=seen.earliest)


def at_once(*works):
    """Start each in a thread of its own, all at the same moment; what each came to."""
    gate = threading.Barrier(len(works))

    def run(work):
        try:
            gate.wait(timeout=60)
            work()
        except (operations.DraftRefused, operations.NotADraft, operations.DraftExists, IntegrityError) as error:
            return type(error).__name__
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as workers:
        return sorted(workers.map(run, works))


@contextmanager
def without_the_lock(monkeypatch, parties):
    """The operations as they would be if they looked at the draft without locking its policy, all before one writes."""
    looked = threading.Barrier(parties)

    def look(version_id):
        draft = acts.read_draft(version_id)
        looked.wait(timeout=60)
        return draft

    with monkeypatch.context() as sabotage:
        for module in (operations.drafting, operations.publishing):
            sabotage.setattr(module, "lock_draft", look)
        yield


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_two_publishers_one_publishes_and_the_other_is_told(self, ready, publisher):
        others = [publisher, *(staff_with("publish_policy") for _ in range(3))]

        outcomes = at_once(*(lambda who=who: publish(who, ready) for who in others))

        assert outcomes == ["NotADraft", "NotADraft", "NotADraft", "done"]
        assert DraftAct.objects.filter(kind="published").count() == 1

    def test_what_is_published_is_what_was_read_while_somebody_writes(self, ready, writer, publisher):
        """Either the writing is in before, and the publisher is told, or it comes too late, and the writer is."""
        shown = checksum(ready)
        outcomes = at_once(
            lambda: publish(publisher, ready, checksum_shown=shown),
            lambda: write(writer, ready, params={"appeal_days": 61}, material=True),
        )

        kept = PolicyVersion.objects.get(pk=ready.pk)
        assert outcomes in (["NotADraft", "done"], ["DraftRefused", "done"])
        assert (kept.checksum == shown) is (kept.status == "published")
        assert kept.status == "draft" or kept.checksum == operations.checksum_of(kept)

    def test_of_two_who_begin_a_draft_one_does(self, shipped, writer):
        outcomes = at_once(*[lambda: operations.start_draft(staff=writer, slug="refund", now=NOON)] * 3)

        assert outcomes == ["DraftExists", "DraftExists", "done"]

    def test_without_the_lock_both_look_first_and_only_the_database_stops_one(self, ready, publisher, monkeypatch):
        """The negative control: the race is real, and even then what was published stays."""
        other = staff_with("publish_policy")
        with without_the_lock(monkeypatch, 2):
            outcomes = at_once(lambda: publish(publisher, ready), lambda: publish(other, ready))

        assert outcomes == ["IntegrityError", "done"]

    def test_without_the_lock_a_writing_meets_the_guard_instead_of_a_refusal(
        self, ready, writer, publisher, monkeypatch
    ):
        """The control for writing: its two answers above are not given any more."""
        shown = checksum(ready)
        with without_the_lock(monkeypatch, 2):
            outcomes = at_once(
                lambda: publish(publisher, ready, checksum_shown=shown),
                lambda: write(writer, ready, params={"appeal_days": 61}, material=True),
            )

        assert "NotADraft" not in outcomes
        kept = PolicyVersion.objects.get(pk=ready.pk)
        assert kept.status == "draft" or content_of(kept).params["appeal_days"] in (60, 61)
