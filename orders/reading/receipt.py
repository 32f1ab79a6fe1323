"""The receipt of one decision on an order: facts, ground, person or machine, and what to do if one disagrees (D53)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import policies.operations as policies
from orders.models import Order
from policies import wording
from policies.models import Appeal, Decision
from policies.reading.cited import CitedClause, cited_clauses, full_decisions
from policies.rules import arithmetic
from policies.rules.appeals import Redress
from policies.rules.vocabulary import Automation
from policies.wording import receipts

Clauses = Mapping[tuple[int, str], CitedClause]


@dataclass(frozen=True, slots=True)
class Ground:
    """One clause that a decision rests on. sentence: how it applied. clause: as it stood in the decision's version."""

    clause: CitedClause
    sentence: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sum, worded. amount: account currency."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is shown of one decision.

    facts: what the rule looked at, as labels and what they say. sum: how the amount was reached; its last line is what
    was left, and the decision's own amount is what was paid of it. by_machine: no person took part in the decision.
    set_off_by_staff: a member of staff ended the order that a machine then decided on.
    """

    order: Order
    decision: Decision
    facts: Sequence[tuple[str, str]]
    sum: Sequence[Line]
    grounds: Sequence[Ground]
    redress: Redress
    appeal: Appeal | None
    supersedes: Decision | None
    superseded_by: Decision | None

    @property
    def by_machine(self) -> bool:
        return self.decision.automated == Automation.FULL.value

    @property
    def set_off_by_staff(self) -> bool:
        return self.by_machine and self.decision.actor.startswith("staff:")

    @property
    def reason(self) -> str:
        """What the person who overturned another decision says about it; "" for any other decision."""
        return str(self.decision.trace.get("reason", ""))

    @property
    def may_appeal(self) -> bool:
        return self.redress is Redress.POSSIBLE


def receipt_of(*, order_id: int, user_id: int, decision: UUID, now: datetime) -> Receipt | None:
    """Read a decision on one of the customer's own orders; None for anybody else's."""
    order = Order.objects.of(user_id).filter(pk=order_id).select_related("service").first()
    found = receipts_on(order, now=now) if order else ()
    return next((receipt for receipt in found if receipt.decision.uuid == decision), None)


def receipts_on(order: Order, *, now: datetime) -> Sequence[Receipt]:
    """Every decision on an order, the oldest first, in two queries."""
    decisions = full_decisions(subject_type="order", subject_id=order.pk)
    clauses = cited_clauses(decisions)
    return tuple(_receipt(order, decision, clauses, now) for decision in decisions)


def _receipt(order: Order, decision: Decision, clauses: Clauses, now: datetime) -> Receipt:
    steps = arithmetic.steps(decision.rule, decision.rule_version, decision.inputs)
    return Receipt(
        order=order,
        decision=decision,
        facts=receipts.facts(decision.inputs),
        sum=[Line(receipts.step(step.code), step.amount) for step in steps],
        grounds=[
            Ground(clauses[decision.policy_version_id, each.clause_id], each.sentence)
            for each in wording.decision(decision.detail)
        ],
        redress=policies.redress_of(decision, now=now),
        appeal=getattr(decision, "appeal", None),
        supersedes=decision.supersedes,
        superseded_by=getattr(decision, "superseded_by", None),
    )
