"""What is published or recorded never changes: each guard of the database, asked in raw SQL (support 7.3)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from policies import operations
from policies.models import Acceptance, Appeal, Decision, DraftAct, Policy, Rehearsal
from policies.rules.clauses import Reason
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import DecisionOutcome
from tests.factories import CustomerFactory
from tests.policies.conftest import NOON
from tests.policies.people import rehearse

SECOND = timedelta(seconds=1)


def refused(sql, *params):
    """Whether the database refuses a statement; it must have found a row to refuse."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)
            assert cursor.rowcount > 0, "nothing matched"
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError:
        return True
    return False


@pytest.fixture
def decision(shipped):
    return operations.record_decision(
        rule="refunds.decide_refund",
        subject_type="order",
        subject_id=10000,
        version_id=shipped["refund"].pk,
        inputs={"units": 1000},
        outcome=DecisionOutcome.REFUSE,
        reasons=(Reason(clause.CUSTOMERS_CHANGE, "target_changed", {"missing": 1}),),
        actor="system",
        now=NOON,
    )


@pytest.fixture
def acceptance(shipped, customer):
    version = shipped["refund"]
    operations.accept(user_id=customer.pk, checksums={version.pk: version.checksum}, context="order", now=NOON)
    return Acceptance.objects.get()


@pytest.fixture
def one(db):
    """Who begins the draft."""
    return f"staff:{CustomerFactory(is_staff=True).pk}"


@pytest.fixture
def other(db):
    """Who may publish it."""
    return f"staff:{CustomerFactory(is_staff=True).pk}"


@pytest.fixture
def draft(shipped, one):
    """One that is rehearsed under the checksum that `PUBLISHED` gives it."""
    params = shipped["refund"].params
    version = shipped["refund"].policy.versions.create(number=2, drafted_by=one, params=params)
    version.clauses.create(ref="refund.98", position=98)
    rehearse(version, checksum="x")
    return version


PUBLISHED = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_at = now(),
               effective_from = now(), published_by = %s WHERE id = %s"""
BORN = """INSERT INTO policies_policyversion (policy_id, number, status, material, summary, params, checksum,
          checksum_form, drafted_by, published_by, approved_by, published_at, effective_from)
          VALUES (%s, 3, %s, false, '', '{}', 'x', 2, 'staff:1', 'staff:3', '', now(), now())"""


class TestAPublishedVersion:
    """S49."""

    @pytest.mark.parametrize(
        "change", ["params = '{}'", "status = 'draft'", "effective_from = now()", "checksum = 'x'", "summary = 'x'"]
    )
    def test_is_never_edited(self, shipped, change):
        sql = f"UPDATE policies_policyversion SET {change} WHERE id = %s"

        assert refused(sql, shipped["refund"].pk)

    def test_is_never_deleted(self, shipped):
        assert refused("DELETE FROM policies_policyversion WHERE id = %s", shipped["refund"].pk)

    def test_keeps_each_clause_as_it_is(self, shipped):
        assert refused("UPDATE policies_clause SET text = 'x' WHERE version_id = %s", shipped["refund"].pk)

    def test_takes_no_further_clause(self, shipped):
        sql = """INSERT INTO policies_clause (version_id, ref, position, heading, text)
                 VALUES (%s, 'refund.99', 99, '', '')"""

        assert refused(sql, shipped["refund"].pk)

    def test_loses_no_clause(self, shipped):
        assert refused("DELETE FROM policies_clause WHERE version_id = %s", shipped["refund"].pk)

    def test_takes_no_clause_from_a_draft(self, shipped, draft):
        draft.clauses.create(ref="refund.99", position=99)

        assert refused("UPDATE policies_clause SET version_id = %s WHERE ref = 'refund.99'", shipped["refund"].pk)

    def test_names_its_dates_and_its_checksum(self, draft, other):
        sql = "UPDATE policies_policyversion SET status = 'published', published_by = %s WHERE id = %s"

        assert refused(sql, other, draft.pk)

    def test_names_who_published_it(self, draft, other):
        assert refused(PUBLISHED, "", draft.pk)
        assert not refused(PUBLISHED, other, draft.pk)

    def test_has_a_clause(self, draft, other):
        draft.clauses.all().delete()

        assert refused(PUBLISHED, other, draft.pk)

    @pytest.mark.parametrize(
        "change", [{"checksum": "y"}, {"state": "failed"}, {"state": "waiting", "finished_at": None}]
    )
    def test_was_rehearsed_as_it_is(self, draft, other, change):
        """Support 7.4.3; the control is the same draft with its rehearsal."""
        with transaction.atomic():
            Rehearsal.objects.filter(version=draft).update(**change)
            assert refused(PUBLISHED, other, draft.pk)
            transaction.set_rollback(True)

        assert not refused(PUBLISHED, other, draft.pk)

    def test_is_not_rehearsed_by_the_rehearsal_of_another(self, draft, other):
        support = draft.policy.versions.model.objects.get(policy__slug="support")
        Rehearsal.objects.filter(version=draft).update(version=support)

        assert refused(PUBLISHED, other, draft.pk)

    @pytest.mark.parametrize("who", ["staff:0", "staff:", "nobody", "system", "customer"])
    def test_is_published_by_somebody_of_the_staff(self, draft, customer, who):
        asked = f"staff:{customer.pk}" if who == "customer" else who

        assert refused(PUBLISHED, asked, draft.pk)

    def test_is_not_published_by_who_has_left(self, draft, other):
        User.objects.filter(pk=other.removeprefix("staff:")).update(is_active=False)

        assert refused(PUBLISHED, other, draft.pk)

    @pytest.mark.parametrize("who", ["staff:0", "", "system"])
    def test_was_begun_by_somebody_who_exists(self, draft, other, who):
        """The control: who began it may have left the staff since."""
        set_writer = "UPDATE policies_policyversion SET drafted_by = %s WHERE id = %s"
        with transaction.atomic():
            assert not refused(set_writer, who, draft.pk)
            assert refused(PUBLISHED, other, draft.pk)
            transaction.set_rollback(True)
        User.objects.filter(pk=draft.drafted_by.removeprefix("staff:")).update(is_staff=False)

        assert not refused(PUBLISHED, other, draft.pk)

    @pytest.mark.parametrize(("number", "stands"), [(1, True), (2, False)])
    def test_is_the_systems_own_only_as_the_first(self, db, number, stands):
        """What ships with the software was rehearsed by nobody."""
        policy = Policy.objects.create(slug="conduct", title="Conduct")
        version = policy.versions.create(number=number)
        version.clauses.create(ref="refund.98", position=98)

        assert refused(PUBLISHED, "system", version.pk) is not stands

    def test_is_never_born_as_one(self, shipped):
        """The control is the same row as a draft."""
        policy = shipped["refund"].policy_id

        assert refused(BORN, policy, "published")
        assert not refused(BORN, policy, "draft")

    def test_never_takes_effect_before_it_was_published(self, draft, other):
        sql = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_at = now(),
                 published_by = %s, effective_from = now() - %s * interval '1 second' WHERE id = %s"""

        assert refused(sql, other, 1, draft.pk)
        assert not refused(sql, other, 0, draft.pk)


class TestAPublishedVersionComesAfter:
    """7.3: no version is retroactive, by columns alone. The control is the same statement one second later."""

    DATED = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_by = %s,
               published_at = %s, effective_from = %s WHERE id = %s"""

    @pytest.fixture
    def refused_at(self, draft, other):
        def ask(published, effective=None):
            """Published at the first instant, in force at the second; undone when it was not refused."""
            with transaction.atomic():
                answer = refused(self.DATED, other, published, effective or published, draft.pk)
                transaction.set_rollback(True)
            return answer

        return ask

    def test_the_one_before_it(self, shipped, refused_at):
        before = shipped["refund"].effective_from

        assert refused_at(before - SECOND, before)
        assert refused_at(before)
        assert not refused_at(before + SECOND)

    def test_one_that_takes_effect_later(self, draft, refused_at, other):
        later = NOON + timedelta(days=40)
        with transaction.atomic():
            assert not refused(self.DATED, other, NOON + SECOND, later, draft.pk)
        third = draft.policy.versions.create(number=3, drafted_by=draft.drafted_by, params=draft.params)
        third.clauses.create(ref="refund.98", position=98)
        rehearse(third, checksum="x")

        assert refused(self.DATED, other, NOON + 2 * SECOND, later - SECOND, third.pk)
        assert refused(self.DATED, other, NOON, later + SECOND, third.pk)
        assert not refused(self.DATED, other, NOON + 2 * SECOND, later + SECOND, third.pk)

    def test_the_newest_acceptance(self, shipped, customer, refused_at):
        version, day = shipped["refund"], NOON + timedelta(days=1)
        operations.accept(user_id=customer.pk, checksums={version.pk: version.checksum}, context="order", now=day)

        assert refused_at(day - SECOND)
        assert refused_at(day - SECOND, day + SECOND)
        assert not refused_at(day)

    def test_the_newest_decision(self, decision, refused_at):
        """It was made at the instant at which the versions that ship were published."""
        past_it = Decision.objects.get()
        past_it.pk, past_it.uuid, past_it.decided_at = None, uuid4(), NOON + timedelta(days=1)
        past_it.save(force_insert=True)

        assert refused_at(past_it.decided_at - SECOND)
        assert not refused_at(past_it.decided_at)

    def test_an_acceptance_of_another_policy_says_nothing(self, shipped, customer, refused_at):
        version, day = shipped["support"], NOON + timedelta(days=1)
        operations.accept(user_id=customer.pk, checksums={version.pk: version.checksum}, context="order", now=day)

        assert not refused_at(day - SECOND)

    @pytest.mark.parametrize(("number", "stands"), [(0, False), (2, True), (9, True)])
    def test_by_its_number(self, draft, refused_at, number, stands):
        draft.number = number
        draft.save(update_fields=["number"])

        assert refused_at(NOON + SECOND) is not stands

    def test_by_the_notice_of_a_material_change(self, draft, refused_at, shipped):
        notice = timedelta(days=shipped["support"].params["notice_days"])
        draft.material = True
        draft.save(update_fields=["material"])
        published = NOON + SECOND

        assert refused_at(published)
        assert refused_at(published, published + notice - SECOND)
        assert not refused_at(published, published + notice)

    def test_and_another_number_in_it_is_material(self, draft, refused_at):
        draft.params = {**draft.params, "fail_after_h": draft.params["fail_after_h"] + 1}
        draft.save(update_fields=["params"])
        published = NOON + SECOND

        assert refused_at(published)
        draft.material = True
        draft.save(update_fields=["material"])
        assert not refused_at(published, published + timedelta(days=60))


def test_a_draft_can_be_edited_and_thrown_away(draft):
    """The guards refuse what is published, not everything."""
    draft.clauses.create(ref="refund.1.1", position=1)

    assert not refused("UPDATE policies_clause SET text = 'x' WHERE version_id = %s", draft.pk)
    assert not refused("DELETE FROM policies_clause WHERE version_id = %s", draft.pk)
    assert not refused("DELETE FROM policies_rehearsal WHERE version_id = %s", draft.pk)
    assert not refused("DELETE FROM policies_policyversion WHERE id = %s", draft.pk)


class TestADraft:
    """D45, D51."""

    def act(self, draft, kind, actor):
        return DraftAct.objects.create(
            policy=draft.policy, draft_id=draft.pk, number=draft.number, kind=kind, actor=actor, at=NOON
        )

    def test_is_the_only_one_of_its_policy(self, draft):
        assert refused(
            """INSERT INTO policies_policyversion (policy_id, number, status, material, summary, params, checksum,
               checksum_form, drafted_by, published_by, approved_by)
               VALUES (%s, 3, 'draft', false, '', '{}', '', 2, '', '', '')""",
            draft.policy_id,
        )

    def test_is_not_published_by_who_began_it(self, draft, one):
        assert refused(PUBLISHED, one, draft.pk)

    def test_is_not_published_by_who_wrote_in_it(self, draft, other):
        self.act(draft, "written", other)

        assert refused(PUBLISHED, other, draft.pk)

    def test_is_published_by_somebody_else(self, draft, other):
        self.act(draft, "written", "staff:0")
        self.act(draft, "discarded", other)

        assert not refused(PUBLISHED, other, draft.pk)

    def test_takes_effect_at_an_instant_of_its_own(self, shipped, draft, other):
        sql = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_by = %s,
                 published_at = %s, effective_from = %s WHERE id = %s"""

        assert refused(sql, other, NOON, NOON, draft.pk)
        assert not refused(sql, other, NOON, NOON + SECOND, draft.pk)

    @pytest.mark.parametrize("sql", ["UPDATE policies_draftact SET actor = 'x'", "DELETE FROM policies_draftact"])
    def test_keeps_who_wrote_it(self, draft, sql):
        self.act(draft, "written", "staff:2")

        assert refused(sql)


class TestAPolicy:
    @pytest.mark.parametrize("change", ["required_to_order = false", "slug = 'refunds'"])
    def test_stays_what_an_order_needs_and_where_it_is_read(self, shipped, change):
        """R7: a statement by hand makes no document optional."""
        assert refused(f"UPDATE policies_policy SET {change} WHERE id = %s", shipped["refund"].policy_id)

    @pytest.mark.parametrize("change", ["title = 'Refunds'", "required_to_order = true"])
    def test_may_be_called_otherwise(self, shipped, change):
        """The control: what changes nothing, or only a title, passes."""
        assert not refused(f"UPDATE policies_policy SET {change} WHERE id = %s", shipped["refund"].policy_id)


ACCEPTED = """INSERT INTO policies_acceptance (user_id, version_id, at, checksum_shown, context, standing)
              VALUES (%s, %s, now(), %s, 'order', false)"""


class TestAnAcceptance:
    def test_is_of_the_text_that_was_published(self, shipped, customer):
        version = shipped["refund"]

        assert refused(ACCEPTED, customer.pk, version.pk, "0" * 64)
        assert refused(ACCEPTED, customer.pk, version.pk, shipped["support"].checksum)
        assert not refused(ACCEPTED, customer.pk, version.pk, version.checksum)

    def test_is_never_of_a_draft(self, draft, customer):
        assert refused(ACCEPTED, customer.pk, draft.pk, draft.checksum)

    def test_is_never_deleted(self, acceptance):
        assert refused("DELETE FROM policies_acceptance WHERE id = %s", acceptance.pk)

    def test_is_never_changed(self, acceptance):
        assert refused("UPDATE policies_acceptance SET standing = true WHERE id = %s", acceptance.pk)


class TestADecision:
    def test_is_never_deleted(self, decision):
        assert refused("DELETE FROM policies_decision WHERE id = %s", decision.pk)

    def test_is_never_changed(self, decision):
        assert refused("UPDATE policies_decision SET outcome = 'refund' WHERE id = %s", decision.pk)

    @pytest.mark.parametrize(
        "change",
        [
            {"clause_refs": []},
            {"clause_refs": [""]},
            {"clause_refs": [None]},
            {"clause_refs": ["refund.99.9"]},
            {"clause_refs": ["support.1.1"]},
            {"clause_refs": ["refund.1.4", "refund.99.9"]},
            {"amount": -1},
        ],
        ids=str,
    )
    def test_names_clauses_of_its_version_and_no_negative_amount(self, decision, change):
        assert refused_insert(**change)

    def test_the_same_with_a_clause_of_its_version_is_taken(self, decision):
        assert not refused_insert(clause_refs=["refund.1.4", "refund.7.2"])

    def test_names_at_least_an_empty_list_of_them(self, decision):
        assert refused_insert(clause_refs=None)

    def test_is_made_under_a_published_version(self, decision, draft):
        draft.clauses.create(ref="refund.1.4", position=1)

        assert refused_insert(policy_version=draft, clause_refs=["refund.1.4"])

    @pytest.mark.parametrize(
        "change", [{"subject_id": 10001}, {"subject_type": "ticket"}, {"decided_at": NOON - SECOND}], ids=str
    )
    def test_supersedes_an_earlier_one_about_the_same_subject(self, decision, change):
        assert refused_insert(supersedes_id=decision.pk, **change)
        assert not refused_insert(supersedes_id=decision.pk)

    def test_does_not_supersede_itself(self, decision):
        others = (field for field in Decision._meta.fields if field.name not in ("id", "uuid", "supersedes"))
        columns = ", ".join(field.column for field in others)
        itself = f"""INSERT INTO policies_decision (id, uuid, supersedes_id, {columns})
                     SELECT %s, gen_random_uuid(), %s, {columns} FROM policies_decision"""

        assert refused(itself, 99, 99)
        assert not refused(itself, 99, decision.pk)


WORDS = "Half of it is missing."
ASKED = f"""INSERT INTO policies_appeal
            (decision_id, opened_by_id, opened_at, words, result, decided_by, decided_at, reason)
            VALUES (%s, %s, %s, '{WORDS}', %s, %s, %s, %s)"""
OPEN, UPHELD = ("", "", None, ""), ("upheld", "staff:1", NOON, "So it was.")
DECIDED = "UPDATE policies_appeal SET result = %s, decided_by = 'staff:1', decided_at = now(), reason = 'So it was.'"


class TestAnAppeal:
    @pytest.fixture
    def appeal(self, decision, customer):
        return Appeal.objects.create(decision=decision, opened_by=customer, opened_at=NOON, words=WORDS)

    def test_is_asked_before_it_is_decided(self, decision, customer):
        assert refused(ASKED, decision.pk, customer.pk, NOON, *UPHELD)
        assert not refused(ASKED, decision.pk, customer.pk, NOON, *OPEN)

    @pytest.mark.parametrize(("after", "stands"), [(-1, False), (0, True), (30 * 86400 - 1, True), (30 * 86400, False)])
    def test_is_asked_in_its_time(self, decision, customer, after, stands):
        assert refused(ASKED, decision.pk, customer.pk, NOON + after * SECOND, *OPEN) is not stands

    def test_is_not_asked_about_what_is_final(self, decision, customer):
        assert not refused_insert(supersedes_id=decision.pk, appeal_until=None)

        assert refused(ASKED, Decision.objects.latest("id").pk, customer.pk, NOON, *OPEN)

    def test_is_overturned_by_another_decision_and_upheld_without_one(self, decision, appeal):
        assert refused(DECIDED, "overturned")
        assert not refused_insert(supersedes_id=decision.pk)

        assert refused(DECIDED, "upheld")
        assert not refused(DECIDED, "overturned")


class TestARehearsal:
    @pytest.mark.parametrize("sql", ["UPDATE policies_rehearsal SET result = '{}'", "DELETE FROM policies_rehearsal"])
    def test_of_what_is_published_stays_as_it_was(self, draft, other, sql):
        with transaction.atomic():
            assert not refused(sql)
            transaction.set_rollback(True)
        assert not refused(PUBLISHED, other, draft.pk)

        assert refused(sql)


def refused_insert(**change):
    """Whether the database refuses the decision there is once more, changed; it stays when it was not refused."""
    copy = Decision.objects.get()
    copy.pk, copy.uuid = None, uuid4()
    for name, value in change.items():
        setattr(copy, name, value)
    try:
        with transaction.atomic():
            copy.save(force_insert=True)
    except IntegrityError:
        return True
    return False
