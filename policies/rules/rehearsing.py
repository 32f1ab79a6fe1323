"""What a draft would have decided otherwise, case by case and added up. Decides nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from policies.rules.money import ZERO
from policies.rules.registry import Outcome, Unreadable, rehearse
from policies.rules.vocabulary import DecisionOutcome

EXAMPLES_OF_A_KIND = 10  # of decisions, and as many of open orders


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out of a case. amount: account currency, None where no money was asked for. clause: "" for none."""

    outcome: str
    amount: Decimal | None
    clause: str

    @property
    def money(self) -> Decimal:
        return self.amount or ZERO

    def as_json(self) -> dict[str, str | None]:
        amount = None if self.amount is None else _text(self.amount)
        return {"outcome": self.outcome, "amount": amount, "clause": self.clause}


@dataclass(frozen=True, slots=True)
class Case:
    """A subject under the version that governs it and under the draft. decision: its id; None for an open order."""

    subject_type: str
    subject_id: int
    decision: int | None
    before: Answer
    after: Answer

    @property
    def difference(self) -> Decimal:
        """How much more the draft pays, account currency."""
        return self.after.money - self.before.money

    def as_json(self) -> dict[str, object]:
        return {
            "subject_type": self.subject_type,
            "subject_id": self.subject_id,
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "decision": self.decision,
        }


def answer_of(decided: Outcome) -> Answer:
    """The short form of what a rule came to: of its grounds the first."""
    clause = decided.reasons[0].clause.id if decided.reasons else ""
    return Answer(decided.outcome.value, decided.amount, clause)


def under_draft(
    before: Answer, *, rule: str, version: int, inputs: Mapping[str, Any], params: Mapping[str, object]
) -> Answer:
    """What a stored decision would have come to under a draft's parameters.

    Facts that cannot be read come to `insufficient_evidence`, with the money left as it was.
    """
    try:
        return answer_of(rehearse(name=rule, version=version, inputs=inputs, params=params))
    except Unreadable:
        return Answer(DecisionOutcome.INSUFFICIENT_EVIDENCE.value, before.amount, "")


@dataclass(slots=True)
class Tally:
    """How many cases went from one outcome to another, and how much more they pay together."""

    count: int = 0
    difference: Decimal = ZERO


@dataclass(slots=True)
class Comparison:
    """Cases added up; it grows with the kinds of outcome, not with the cases."""

    decisions: int = 0
    open_orders: int = 0
    paid_before: Decimal = ZERO
    paid_after: Decimal = ZERO
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    examples: list[dict[str, object]] = field(default_factory=list)

    def add(self, case: Case) -> None:
        """Count a case in; the first that differ are kept as examples."""
        if case.decision is None:
            self.open_orders += 1
        else:
            self.decisions += 1
        self.paid_before += case.before.money
        self.paid_after += case.after.money
        tally = self.tallies.setdefault((case.before.outcome, case.after.outcome), Tally())
        tally.count += 1
        tally.difference += case.difference
        if case.before != case.after and self._has_room_for(case):
            self.examples.append(case.as_json())

    def _has_room_for(self, case: Case) -> bool:
        same_kind = [each for each in self.examples if (each["decision"] is None) is (case.decision is None)]
        return len(same_kind) < EXAMPLES_OF_A_KIND

    def as_json(self) -> dict[str, Any]:
        """The result as it is stored and shown; amounts are texts of scale 5."""
        outcomes = [
            {"before": before, "after": after, "count": tally.count, "difference": _text(tally.difference)}
            for (before, after), tally in sorted(self.tallies.items())
        ]
        return {
            "decisions": self.decisions,
            "open_orders": self.open_orders,
            "outcomes": outcomes,
            "paid_before": _text(self.paid_before),
            "paid_after": _text(self.paid_after),
            "difference": _text(self.paid_after - self.paid_before),
            "examples": self.examples,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Comparison":
        """One that goes on from where `as_json` left it."""
        tallies = {
            (each["before"], each["after"]): Tally(each["count"], Decimal(each["difference"]))
            for each in kept["outcomes"]
        }
        return cls(
            decisions=kept["decisions"],
            open_orders=kept["open_orders"],
            paid_before=Decimal(kept["paid_before"]),
            paid_after=Decimal(kept["paid_after"]),
            tallies=tallies,
            examples=list(kept["examples"]),
        )


def _text(amount: Decimal) -> str:
    return f"{amount:.5f}"
