"""Asking for a decision to be looked at again: once, in time, in words; and what the database refuses besides."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from policies import operations
from policies.models import Appeal
from policies.rules.appeals import Redress
from policies.rules.clauses import Reason
from policies.rules.clauses.refund import UNDELIVERED_PART
from policies.rules.vocabulary import DecisionOutcome
from tests.policies.conftest import NOON

WORDS = "Half of it is missing."
END = NOON + timedelta(days=30)


@pytest.fixture
def decision(shipped):
    return decide(shipped)


def decide(shipped, **more):
    return operations.record_decision(
        rule="refunds.decide_refund",
        subject_type="order",
        subject_id=10_000,
        version_id=shipped["refund"].pk,
        inputs={"units": 1000},
        outcome=DecisionOutcome.REFUSE,
        reasons=[Reason(UNDELIVERED_PART, "nothing_charged", {})],
        actor="system",
        now=NOON,
        **more,
    )


def ask(decision, customer, *, words=WORDS, now=NOON):
    return operations.open_appeal(user_id=customer.pk, decision_id=decision.pk, words=words, now=now)


class TestAsking:
    @pytest.mark.parametrize("early", [timedelta(days=30), timedelta(seconds=1)])
    def test_it_is_asked_until_the_days_of_the_version_have_passed(self, decision, customer, early):
        """D53, "refund.11.2": appeal_days of the version that governs."""
        assert decision.appeal_until == END

        appeal = ask(decision, customer, now=END - early)

        assert (appeal.words, appeal.opened_at, appeal.result) == (WORDS, END - early, "")

    @pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
    def test_at_that_instant_it_is_over(self, decision, customer, late):
        with pytest.raises(operations.NotAppealable) as refused:
            ask(decision, customer, now=END + late)

        assert refused.value.redress is Redress.OVER
        assert not Appeal.objects.exists()

    def test_it_is_asked_once(self, decision, customer):
        ask(decision, customer)

        with pytest.raises(operations.NotAppealable) as refused:
            ask(decision, customer)

        assert refused.value.redress is Redress.ASKED

    def test_a_final_decision_and_one_that_was_superseded_are_appealed_no_further(self, shipped, decision, customer):
        final = decide(shipped, supersedes_id=decision.pk, final=True)

        for each, why in ((final, Redress.FINAL), (decision, Redress.SUPERSEDED)):
            with pytest.raises(operations.NotAppealable) as refused:
                ask(each, customer)
            assert refused.value.redress is why

    @pytest.mark.parametrize("words", ["", "too short", " " * 40, "\u200b" * 20, "x" * 9 + "\u200b" * 20, "x" * 2001])
    def test_it_takes_some_words_and_not_a_book(self, decision, customer, words):
        with pytest.raises(operations.WordsNotPossible):
            ask(decision, customer, words=words)

    @pytest.mark.parametrize("words", ["x" * 10, "x" * 2000])
    def test_the_shortest_and_the_longest_are_kept(self, decision, customer, words):
        assert ask(decision, customer, words=words).words == words


class TestKept:
    def test_the_database_refuses_a_second_appeal_whoever_writes_it(self, decision, customer):
        """The control for the lock: the constraint holds without it."""
        ask(decision, customer)

        with pytest.raises(IntegrityError), transaction.atomic():
            Appeal.objects.create(decision=decision, opened_by=customer, opened_at=NOON, words=WORDS)

    def test_it_is_decided_once(self, decision, customer):
        appeal = operations.lock_appeal(ask(decision, customer).pk)
        upheld = {"result": Appeal.Result.UPHELD, "by": "staff:1", "reason": "It is so.", "now": NOON}
        operations.close_appeal(appeal, **upheld)

        with pytest.raises(operations.AppealDecided):
            operations.lock_appeal(appeal.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            operations.close_appeal(appeal, **{**upheld, "result": Appeal.Result.OVERTURNED})

        assert operations.redress_of(decision, now=END + timedelta(days=9)) is Redress.ANSWERED
