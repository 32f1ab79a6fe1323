"""What is published or recorded never changes: each guard of the database, asked in raw SQL (support 7.3)."""

import pytest
from django.db import IntegrityError, connection, transaction

from policies import operations
from policies.models import Acceptance, Decision, DraftAct
from policies.rules.clauses import Reason
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import Automation, DecisionOutcome
from tests.policies.conftest import NOON


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
        automated=Automation.FULL,
        actor="system",
        now=NOON,
    )


@pytest.fixture
def acceptance(shipped, customer):
    version = shipped["refund"]
    operations.accept(user_id=customer.pk, checksums={version.pk: version.checksum}, context="order", now=NOON)
    return Acceptance.objects.get()


@pytest.fixture
def draft(shipped):
    version = shipped["refund"].policy.versions.create(number=2, drafted_by="staff:1")
    version.clauses.create(ref="refund.98", position=98)
    return version


PUBLISHED = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_at = now(),
               effective_from = now(), published_by = %s WHERE id = %s"""
BORN = """INSERT INTO policies_policyversion (policy_id, number, status, material, summary, params, checksum,
          drafted_by, published_by, approved_by, published_at, effective_from)
          VALUES (%s, 3, %s, false, '', '{}', 'x', 'staff:1', 'staff:3', '', now(), now())"""


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

    def test_names_its_dates_and_its_checksum(self, draft):
        sql = "UPDATE policies_policyversion SET status = 'published', published_by = 'staff:3' WHERE id = %s"

        assert refused(sql, draft.pk)

    def test_names_who_published_it(self, draft):
        assert refused(PUBLISHED, "", draft.pk)
        assert not refused(PUBLISHED, "staff:3", draft.pk)

    def test_has_a_clause(self, draft):
        draft.clauses.all().delete()

        assert refused(PUBLISHED, "staff:3", draft.pk)

    def test_is_never_born_as_one(self, shipped):
        """The control is the same row as a draft."""
        policy = shipped["refund"].policy_id

        assert refused(BORN, policy, "published")
        assert not refused(BORN, policy, "draft")

    def test_never_takes_effect_before_it_was_published(self, draft):
        sql = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_at = now(),
                 published_by = 'staff:3', effective_from = now() - interval '1 second' WHERE id = %s"""

        assert refused(sql, draft.pk)


def test_a_draft_can_be_edited_and_thrown_away(draft):
    """The guards refuse what is published, not everything."""
    draft.clauses.create(ref="refund.1.1", position=1)

    assert not refused("UPDATE policies_clause SET text = 'x' WHERE version_id = %s", draft.pk)
    assert not refused("DELETE FROM policies_clause WHERE version_id = %s", draft.pk)
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
               drafted_by, published_by, approved_by) VALUES (%s, 3, 'draft', false, '', '{}', '', '', '', '')""",
            draft.policy_id,
        )

    def test_is_not_published_by_who_began_it(self, draft):
        assert refused(PUBLISHED, "staff:1", draft.pk)

    def test_is_not_published_by_who_wrote_in_it(self, draft):
        self.act(draft, "written", "staff:2")

        assert refused(PUBLISHED, "staff:2", draft.pk)

    def test_is_published_by_somebody_else(self, draft):
        self.act(draft, "written", "staff:2")
        self.act(draft, "discarded", "staff:3")

        assert not refused(PUBLISHED, "staff:3", draft.pk)

    def test_takes_effect_at_an_instant_of_its_own(self, shipped, draft):
        sql = """UPDATE policies_policyversion SET status = 'published', checksum = 'x', published_by = 'staff:3',
                 published_at = %s, effective_from = %s WHERE id = %s"""

        assert refused(sql, NOON, NOON, draft.pk)

    @pytest.mark.parametrize("sql", ["UPDATE policies_draftact SET actor = 'x'", "DELETE FROM policies_draftact"])
    def test_keeps_who_wrote_it(self, draft, sql):
        self.act(draft, "written", "staff:2")

        assert refused(sql)


class TestAnAcceptance:
    def test_is_never_deleted(self, acceptance):
        assert refused("DELETE FROM policies_acceptance WHERE id = %s", acceptance.pk)

    def test_is_never_changed(self, acceptance):
        assert refused("UPDATE policies_acceptance SET standing = true WHERE id = %s", acceptance.pk)


class TestADecision:
    def test_is_never_deleted(self, decision):
        assert refused("DELETE FROM policies_decision WHERE id = %s", decision.pk)

    def test_is_never_changed(self, decision):
        assert refused("UPDATE policies_decision SET outcome = 'refund' WHERE id = %s", decision.pk)

    @pytest.mark.parametrize("change", [{"clause_refs": []}, {"amount": -1}])
    def test_names_a_clause_and_no_negative_amount(self, decision, change):
        copy = Decision.objects.get()
        copy.pk, copy.uuid = None, "00000000-0000-0000-0000-000000000001"
        for name, value in change.items():
            setattr(copy, name, value)

        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)
