"""Ending an order: lock, decide what it gives back, pay, record. The only way to a terminal status."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.db import transaction

import policies.operations as policies
import wallet.operations as wallet
from orders.models import LinkHold, Order
from orders.operations import statuses
from orders.operations.statuses import Move
from policies.rules import delivery, refunds, tolerance
from policies.rules.delivery import RunFacts
from policies.rules.refunds import RefundDecision, RefundFacts
from policies.rules.vocabulary import Cause, DecisionOutcome, OrderStatus, ServiceType


@transaction.atomic
def settle(*, order_id: int, cause: Cause, actor: str, now: datetime) -> None:
    """End an order for a cause: refund what the rule says, once, and give its link free.

    Part of the transaction that ended its last run, or one of its own. An order that has ended is left as it is:
    terminal is final, so a repeated report moves no money. Waiters on the link are found by the next tick.
    """
    order = statuses.lock([order_id]).get()
    if order.ended_at is not None:
        return
    facts = _facts(order, statuses.runs_of([order_id])[order_id], cause)
    decision = refunds.decide_refund(facts)
    LinkHold.objects.filter(order_id=order_id).delete()
    _pay(order, decision, cause, actor, now)
    _record(order, facts, decision, actor, now)
    statuses.write([_move(order, facts, decision)], actor=actor, now=now)


def foresee(*, order_id: int, cause: Cause) -> RefundDecision:
    """What `settle` would decide about the order as it stands now. Writes nothing."""
    order = Order.objects.get(pk=order_id)
    return refunds.decide_refund(_facts(order, statuses.runs_of([order_id])[order_id], cause))


def pay_back(order: Order, *, amount: Decimal, key: str, actor: str, now: datetime, reason: str = "") -> None:
    """Pay a part of an order's charge back, once a key. The caller holds the order's lock and has decided the amount.

    reason: said on the customer's statement. Raises as `wallet.refund` does.
    """
    wallet.refund(
        user_id=order.user_id,
        amount=amount,
        key=key,
        subject_type="order",
        subject_id=order.pk,
        actor=actor,
        reason=reason[:200],
        now=now,
    )
    order.refunded += amount
    order.save(update_fields=["refunded"])


def undelivered_part(order: Order) -> Decimal:
    """What of an order's charge the shop has not earned, as it stands now. Account currency; reads its runs."""
    facts = _facts(order, statuses.runs_of([order.pk])[order.pk], Cause.STILL_RUNNING)
    return order.charge - refunds.kept(facts)


def _facts(order: Order, runs: tuple[RunFacts, ...], cause: Cause) -> RefundFacts:
    return RefundFacts(
        cause=cause,
        units=order.units,
        delivered=min(sum(run.delivered for run in runs), order.units),
        charge=order.charge,
        refunded=order.refunded,
        tolerance=order.tolerance,
        package=ServiceType(order.type).is_package,
    )


def _pay(order: Order, decision: RefundDecision, cause: Cause, actor: str, now: datetime) -> None:
    """The key names the cause and no amount: the same cause pays once, whatever a second look would come to."""
    if decision.amount == 0:
        return
    pay_back(order, amount=decision.amount, key=f"order:{order.pk}:{cause.value}", actor=actor, now=now)


def _record(order: Order, facts: RefundFacts, decision: RefundDecision, actor: str, now: datetime) -> None:
    """Keep why, except of an exact completion, which decides nothing (decision 24)."""
    if decision.outcome is DecisionOutcome.NOTHING_DUE:
        return
    policies.record_decision(
        rule="refunds.decide_refund",
        subject_type="order",
        subject_id=order.pk,
        version_id=order.refund_policy_id,
        inputs=asdict(facts),
        outcome=decision.outcome,
        reasons=decision.reasons,
        actor=actor,
        now=now,
        amount=decision.amount,
    )


def _move(order: Order, facts: RefundFacts, decision: RefundDecision) -> Move:
    minor = tolerance.within(missing=facts.missing, delivered=facts.delivered, tolerance=facts.tolerance)
    after = delivery.terminal_status(
        facts.cause, delivered=facts.delivered, within_tolerance=minor and not facts.package
    )
    return Move(
        order_id=order.pk,
        before=OrderStatus(order.status),
        after=after,
        cause=facts.cause,
        clauses=tuple(reason.clause.id for reason in decision.reasons),
        facts={"units": facts.units, "delivered": facts.delivered, "refund": str(decision.amount)},
    )
