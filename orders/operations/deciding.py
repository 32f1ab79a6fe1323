"""Keeping what a rule answered about an order that its customer asked something of (decision 24)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import policies.operations as policies
from orders.models import Order
from policies.rules.clauses import Reason
from policies.rules.vocabulary import DecisionOutcome


class Answer(Protocol):
    """What a rule decides: an outcome, and why."""

    @property
    def outcome(self) -> DecisionOutcome: ...

    @property
    def reasons(self) -> tuple[Reason, ...]: ...


def keep_answer(
    order: Order,
    *,
    rule: str,
    inputs: Mapping[str, object],
    answer: Answer,
    by: str,
    now: datetime,
    each_time: bool,
) -> None:
    """Write it down. The caller holds the order's lock.

    each_time: also when the same was answered before. Else what is asked again while nothing has changed is the same
    refusal, and kept once.
    """
    if not each_time and policies.was_decided(rule=rule, subject_type="order", subject_id=order.pk, inputs=inputs):
        return
    policies.record_decision(
        rule=rule,
        subject_type="order",
        subject_id=order.pk,
        version_id=order.refund_policy_id,
        inputs=inputs,
        outcome=answer.outcome,
        reasons=answer.reasons,
        actor=by,
        now=now,
    )
