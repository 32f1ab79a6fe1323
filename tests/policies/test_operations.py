"""Seeding, what is in force, who accepted it, and what a decision keeps."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import keys
from policies import operations
from policies.models import Acceptance, Clause, Decision, Policy, PolicyVersion
from policies.rules import refunds
from policies.rules.clauses import CLAUSES, PARAMETERS, Reason
from policies.rules.clauses import Clause as RuleClause
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import Cause, DecisionOutcome
from tests.policies.conftest import NOON
from tests.policy_versions import put_in_force

SECOND = timedelta(seconds=1)


SHORT = {"amount": Decimal("0.04368"), "missing": 157, "units": 1000, "delivered": 843}


def sums(*versions):
    """Versions as a page shows them: id and checksum."""
    return {version.pk: version.checksum for version in versions}


def publish(policy, *, number, at):
    """A second version of a policy, in force from `at`."""
    version = policy.versions.create(number=number, params={"fail_after_h": 48})
    version.clauses.create(ref="refund.6.3", position=1, heading="Refunds", text="{fail_after_h} hours.")
    return put_in_force(version, at=at)


class TestSeed:
    def test_publishes_every_clause_and_every_parameter(self, shipped):
        """Decision 24: version 1 is complete."""
        refs = set(Clause.objects.values_list("ref", flat=True))
        params = {name for version in shipped.values() for name in version.params}

        assert refs == {each.id for each in CLAUSES}
        assert params == {each.name for each in PARAMETERS}
        assert {version.status for version in shipped.values()} == {"published"}
        needed = {"refund": True, "support": True, "terms": True, "privacy": False}  # a notice informs
        assert dict(Policy.objects.values_list("slug", "required_to_order")) == needed

    def test_again_changes_nothing(self, shipped):
        before = list(PolicyVersion.objects.values()), list(Clause.objects.values()), list(Policy.objects.values())

        operations.seed(now=NOON + timedelta(days=1))

        assert before == (
            list(PolicyVersion.objects.values()),
            list(Clause.objects.values()),
            list(Policy.objects.values()),
        )

    def test_leaves_a_checksum_that_can_be_computed_again(self, shipped):
        for version in shipped.values():
            assert version.checksum == operations.checksum_of(version)
            assert len(version.checksum) == 64


class TestInForce:
    @pytest.mark.parametrize(("at", "number"), [(-SECOND, 1), (0 * SECOND, 2), (SECOND, 2)])
    def test_a_version_takes_over_at_its_very_instant(self, shipped, at, number):
        """D46: S1."""
        later = NOON + timedelta(days=30)
        publish(shipped["refund"].policy, number=2, at=later)

        assert operations.in_force(slug="refund", now=later + at).number == number

    def test_before_the_first_there_is_none(self, shipped):
        with pytest.raises(PolicyVersion.DoesNotExist):
            operations.in_force(slug="refund", now=NOON - SECOND)

    def test_an_order_needs_both_policies_and_the_terms(self, shipped):
        """S42b."""
        versions = operations.required_versions(now=NOON)

        assert [version.policy.slug for version in versions] == ["refund", "support", "terms"]


class TestAcceptance:
    """R7."""

    def missing(self, customer, *, at=NOON, by_key=False):
        missing = operations.missing_acceptances(user_id=customer.pk, by_key=by_key, now=at)
        return [version.policy.slug for version in missing]

    def key(self, customer):
        made, _ = keys.create_key(user_id=customer.pk, label="", now=NOON)
        return made

    def test_is_missing_until_it_is_given(self, shipped, customer):
        assert self.missing(customer) == ["refund", "support", "terms"]

        operations.accept(user_id=customer.pk, checksums=sums(shipped["refund"]), context="order", now=NOON)

        assert self.missing(customer) == ["support", "terms"]
        assert Acceptance.objects.get().checksum_shown == shipped["refund"].checksum

    def test_of_one_version_does_not_cover_the_next(self, shipped, customer):
        whole = sums(*shipped.values())
        operations.accept(user_id=customer.pk, checksums=whole, context="order", now=NOON)
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        assert self.missing(customer) == []
        assert self.missing(customer, at=NOON + SECOND) == ["refund"]

    def test_that_stands_covers_later_versions_once_they_are_in_force(self, shipped, customer):
        """Decisions 24 and 25: for orders by key; who orders in the browser reads what changed."""
        whole = sums(*shipped.values())
        operations.accept(user_id=customer.pk, checksums=whole, context="api", standing=True, now=NOON)
        self.key(customer)
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        assert self.missing(customer, at=NOON + SECOND, by_key=True) == []
        assert self.missing(customer, at=NOON + SECOND) == ["refund"]

    def test_that_stands_is_one_of_the_version_itself_with_or_without_a_key(self, shipped, customer):
        operations.accept(
            user_id=customer.pk, checksums=sums(*shipped.values()), context="api", standing=True, now=NOON
        )

        assert self.missing(customer) == self.missing(customer, by_key=True) == []

    def test_that_stands_covers_nothing_later_once_the_last_key_is_revoked(self, shipped, customer):
        """terms.6.2: whoever does not agree revokes the key before it takes effect. One of two leaves the other."""
        whole = sums(*shipped.values())
        operations.accept(user_id=customer.pk, checksums=whole, context="api", standing=True, now=NOON)
        first, second = self.key(customer), self.key(customer)
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        keys.revoke(user_id=customer.pk, key_id=first.pk, now=NOON)
        assert self.missing(customer, at=NOON + SECOND, by_key=True) == []

        keys.revoke(user_id=customer.pk, key_id=second.pk, now=NOON)
        assert self.missing(customer, at=NOON + SECOND, by_key=True) == ["refund"]
        assert self.missing(customer, by_key=True) == []

    def test_that_stands_is_not_kept_up_by_a_key_of_somebody_else(self, shipped, customer, django_user_model):
        other = django_user_model.objects.create_user("other@example.test")
        whole = sums(*shipped.values())
        operations.accept(user_id=customer.pk, checksums=whole, context="api", standing=True, now=NOON)
        self.key(other)
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        assert self.missing(customer, at=NOON + SECOND, by_key=True) == ["refund"]

    def test_that_does_not_stand_covers_nothing_later_whatever_keys_there_are(self, shipped, customer):
        whole = sums(*shipped.values())
        operations.accept(user_id=customer.pk, checksums=whole, context="order", now=NOON)
        self.key(customer)
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        assert self.missing(customer, at=NOON + SECOND, by_key=True) == ["refund"]

    def test_that_stands_from_a_later_version_does_not_reach_back(self, shipped, customer):
        second = publish(shipped["refund"].policy, number=2, at=NOON + SECOND)
        operations.accept(user_id=customer.pk, checksums=sums(second), context="api", standing=True, now=NOON + SECOND)

        self.key(customer)
        assert "refund" in self.missing(customer, at=NOON, by_key=True)

    def test_that_stands_covers_a_document_that_is_added_later(self, shipped, customer):
        """terms.6.2: no program stops because a document was added; who orders by hand is asked."""
        whole = sums(*shipped.values())
        by_hand = type(customer).objects.create_user("by-hand@example.test")
        operations.accept(user_id=customer.pk, checksums=whole, context="api", standing=True, now=NOON)
        operations.accept(user_id=by_hand.pk, checksums=whole, context="order", now=NOON)
        for each in (customer, by_hand):
            self.key(each)
        added = Policy.objects.create(slug="conduct", title="Rules of conduct", required_to_order=True)
        publish(added, number=1, at=NOON + SECOND)

        assert self.missing(customer, at=NOON + SECOND, by_key=True) == []
        assert self.missing(customer, at=NOON + SECOND) == ["conduct"]
        assert self.missing(by_hand, at=NOON + SECOND, by_key=True) == ["conduct"]

    def test_that_stands_for_one_document_does_not_cover_an_older_one(self, shipped, customer):
        """The control: only what came after it."""
        self.key(customer)
        operations.accept(
            user_id=customer.pk, checksums=sums(shipped["refund"]), context="api", standing=True, now=NOON
        )

        assert self.missing(customer, by_key=True) == ["support", "terms"]

    def test_of_somebody_else_does_not_count(self, shipped, customer, django_user_model):
        other = django_user_model.objects.create_user("other@example.test")
        whole = sums(*shipped.values())
        operations.accept(user_id=other.pk, checksums=whole, context="order", standing=True, now=NOON)

        assert self.missing(customer) == ["refund", "support", "terms"]

    def test_given_twice_is_kept_once(self, shipped, customer):
        for _ in range(2):
            operations.accept(user_id=customer.pk, checksums=sums(shipped["refund"]), context="order", now=NOON)

        assert Acceptance.objects.count() == 1

    def test_of_a_text_that_was_not_the_one_shown_is_refused(self, shipped, customer):
        version = shipped["refund"]

        with pytest.raises(operations.PolicyChanged, match="another text"):
            operations.accept(user_id=customer.pk, checksums={version.pk: "old"}, context="order", now=NOON)
        assert not Acceptance.objects.exists()

    def test_of_a_version_that_is_over_is_refused(self, shipped, customer):
        publish(shipped["refund"].policy, number=2, at=NOON + SECOND)

        with pytest.raises(operations.PolicyChanged, match="not in force"):
            operations.accept(
                user_id=customer.pk, checksums=sums(shipped["refund"]), context="order", now=NOON + SECOND
            )

    def test_is_asked_for_in_one_query_once_the_versions_are_known(self, shipped, customer):
        self.missing(customer)

        with CaptureQueriesContext(connection) as queries:
            self.missing(customer)

        assert len(queries) == 1


def record(version, **changes):
    facts = {
        "rule": "refunds.decide_refund",
        "subject_type": "order",
        "subject_id": 10000,
        "version_id": version.pk,
        "inputs": {"units": 1000},
        "outcome": DecisionOutcome.REFUND,
        "amount": Decimal("0.04368"),
        "reasons": (Reason(clause.UNDELIVERED_PART, "undelivered_part", SHORT),),
        "actor": "system",
        "now": NOON,
    }
    return operations.record_decision(**{**facts, **changes})


class TestRecordDecision:
    """Decision 24."""

    def test_keeps_rule_grounds_version_numbers_and_amount(self, shipped):
        record(shipped["refund"])
        kept = Decision.objects.get()

        assert (kept.rule, kept.rule_version, kept.clause_refs) == ("refunds.decide_refund", 1, ["refund.7.3"])
        assert kept.policy_version == shipped["refund"]
        assert kept.params == shipped["refund"].params
        assert kept.amount == Decimal("0.04368")
        assert kept.detail == {
            "reasons": [
                {"clause": "refund.7.3", "finding": "undelivered_part", "facts": {**SHORT, "amount": "0.04368"}}
            ]
        }
        assert (kept.automated, kept.actor, kept.decided_at) == ("full", "system", NOON)

    def test_keeps_its_facts_as_canonical_json(self, shipped):
        ist = timezone(timedelta(hours=5, minutes=30))
        decision = record(
            shipped["refund"],
            inputs={
                "units": 1000,
                "charge": Decimal("1E+1"),
                "cause": Cause.PROVIDER_ENDED,
                "at": datetime(2026, 9, 7, 17, 30, tzinfo=ist),
                "package": False,
                "runs": (1, 2),
            },
        )
        text = (
            '{"at":"2026-09-07T12:00:00Z","cause":"provider_ended","charge":"10","package":false,'
            '"runs":[1,2],"units":1000}'
        )

        assert Decision.objects.get().inputs == {
            "at": "2026-09-07T12:00:00Z",
            "cause": "provider_ended",
            "charge": "10",
            "package": False,
            "runs": [1, 2],
            "units": 1000,
        }
        assert decision.inputs_sha256 == hashlib.sha256(text.encode()).hexdigest()

    def test_can_be_replayed_from_what_it_keeps(self, shipped):
        facts = refunds.RefundFacts(Cause.PROVIDER_ENDED, 1000, 843, Decimal("0.27819"), Decimal(0), 20)
        decided = refunds.decide_refund(facts)
        record(
            shipped["refund"],
            inputs={name: getattr(facts, name) for name in refunds.RefundFacts.__slots__},
            amount=decided.amount,
            outcome=decided.outcome,
            reasons=decided.reasons,
        )
        kept = Decision.objects.get()
        again = refunds.RefundFacts(
            Cause(kept.inputs["cause"]),
            kept.inputs["units"],
            kept.inputs["delivered"],
            Decimal(kept.inputs["charge"]),
            Decimal(kept.inputs["refunded"]),
            kept.inputs["tolerance"],
            kept.inputs["package"],
        )

        assert refunds.decide_refund(again).amount == kept.amount == Decimal("0.04368")

    @pytest.mark.parametrize(
        "reasons",
        [
            (),
            (Reason(RuleClause("refund.99.9", "Invented"), "invented"),),
            (Reason(RuleClause("support.3.1", "Of another policy"), "elsewhere"),),
        ],
    )
    def test_refuses_a_ground_that_its_version_does_not_contain(self, shipped, reasons):
        with pytest.raises(operations.UnknownClause):
            record(shipped["refund"], reasons=reasons)
        assert not Decision.objects.exists()

    @pytest.mark.parametrize(
        ("value", "error"), [(0.5, TypeError), ({1, 2}, TypeError), (datetime(2026, 9, 7), ValueError)]
    )
    def test_refuses_a_fact_without_one_spelling(self, shipped, value, error):
        with pytest.raises(error):
            record(shipped["refund"], inputs={"fact": value})

    def test_names_what_it_replaces(self, shipped):
        first = record(shipped["refund"])
        record(shipped["refund"], supersedes_id=first.pk, actor="staff:3")

        found = operations.decisions_on(subject_type="order", subject_id=10000)
        assert [each.supersedes_id for each in found] == [None, first.pk]

    def test_reads_its_version_once_a_process(self, shipped):
        record(shipped["refund"])

        with CaptureQueriesContext(connection) as queries:
            record(shipped["refund"])
        assert len(queries) == 1


class TestParams:
    def test_of_a_published_version_are_read_once(self, shipped):
        params = operations.params_of(shipped["refund"].pk)

        with CaptureQueriesContext(connection) as queries:
            assert operations.params_of(shipped["refund"].pk) is params
        assert len(queries) == 0
        assert params["fail_after_h"] == 72

    def test_of_a_draft_are_nobodys(self, shipped):
        draft = shipped["refund"].policy.versions.create(number=2)

        with pytest.raises(PolicyVersion.DoesNotExist):
            operations.params_of(draft.pk)


def test_dates_are_kept_in_utc(shipped):
    assert shipped["refund"].effective_from.astimezone(UTC) == NOON
