"""Asking a person to look at a decision again, once, and keeping what came of it (refund.11.2)."""

import unicodedata
from datetime import datetime

from django.db import transaction

from policies.models import Appeal, Decision
from policies.rules import appeals
from policies.rules.appeals import Redress, RedressFacts

SHORTEST, LONGEST = 10, 2000  # characters of what a customer says: visible ones, and all

MAY_DECIDE = "policies.decide_appeal"


class NotAppealable(Exception):
    """The decision may not be appealed (any more). redress: why."""

    def __init__(self, redress: Redress) -> None:
        super().__init__(redress.value)
        self.redress = redress


class AppealDecided(Exception):
    """Somebody was faster: the appeal has been decided."""


class WordsNotPossible(ValueError):
    """What the customer says has too few characters to look into, or too many."""


def redress_of(decision: Decision, *, now: datetime) -> Redress:
    """Whether a decision may be appealed now, and if not, why. Reads `appeal` and `superseded_by` of it."""
    appeal: Appeal | None = getattr(decision, "appeal", None)
    facts = RedressFacts(
        until=decision.appeal_until,
        asked=appeal is not None,
        answered=appeal is not None and appeal.result != "",
        superseded=getattr(decision, "superseded_by", None) is not None,
    )
    return appeals.redress(facts, now=now)


def visible(words: str) -> int:
    """How many characters somebody can read: neither space nor control nor zero-width."""
    return sum(unicodedata.category(character)[0] not in "CZ" for character in words)


@transaction.atomic
def open_appeal(*, user_id: int, decision_id: int, words: str, now: datetime) -> Appeal:
    """Have a person look at a decision again. The caller has made sure that it is this customer's.

    words: the customer's own, at least 10 visible characters and at most 2,000 in all. The decision's row lock lets one
    of two requests through.
    Raises NotAppealable, WordsNotPossible, Decision.DoesNotExist.
    """
    if visible(words) < SHORTEST or len(words) > LONGEST:
        raise WordsNotPossible(f"{len(words)} characters")
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision_id)
    possible = redress_of(decision, now=now)
    if possible is not Redress.POSSIBLE:
        raise NotAppealable(possible)
    return Appeal.objects.create(decision=decision, opened_by_id=user_id, opened_at=now, words=words)


def lock_appeal(appeal_id: int) -> Appeal:
    """An undecided appeal with its decision, its row locked to the end of the caller's transaction.

    Raises AppealDecided, Appeal.DoesNotExist.
    """
    rows = Appeal.objects.select_for_update(no_key=True, of=("self",)).select_related("decision", "opened_by")
    appeal = rows.get(pk=appeal_id)
    if appeal.result:
        raise AppealDecided
    return appeal


def close_appeal(appeal: Appeal, *, result: Appeal.Result, by: str, reason: str, now: datetime) -> None:
    """Keep what came of an appeal. The caller holds its row lock. by: an actor. reason: told to the customer."""
    appeal.result, appeal.decided_by = result.value, by
    appeal.reason, appeal.decided_at = reason, now
    appeal.save(update_fields=["result", "decided_by", "reason", "decided_at"])
