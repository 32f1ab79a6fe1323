"""Appeals about orders: asked by their owner, upheld or overturned by staff who had no part in the case."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

import policies.operations as policies
from accounts.models import User
from orders.models import Flag, Order, OrderEvent
from orders.operations import flags, settling, statuses, telling
from policies.models import Appeal, Decision
from policies.operations.appeals import MAY_DECIDE
from policies.rules import appeals
from policies.rules.appeals import OverturnDecision, OverturnFacts
from policies.rules.clauses import Reason
from policies.rules.clauses.refund import HOW_REVIEWED
from policies.rules.vocabulary import DecisionOutcome, ServiceType


class SamePerson(Exception):
    """Nobody looks again at what they decided themselves, or at a decision on an order of their own."""


class NotGranted(Exception):
    """The rule refuses the amount. reason: why, for `policies.wording`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.finding)
        self.reason = reason


def ask(*, user_id: int, order_id: int, decision: UUID, words: str, now: datetime) -> Appeal:
    """Appeal against a decision on one of the customer's own orders, and have staff told. Also for the suspended.

    words: the customer's own, 10 to 2,000 characters.
    Raises Decision.DoesNotExist for what is not theirs, policies.NotAppealable, policies.WordsNotPossible.
    """
    with transaction.atomic(durable=True):
        asked = _own(user_id, order_id, decision)
        appeal = policies.open_appeal(user_id=user_id, decision_id=asked.pk, words=words, now=now)
        facts = {"appeal": appeal.pk}
        flags.raise_flags([Flag(order_id=order_id, kind=flags.APPEALED, facts=facts, raised_at=now)])
        _note(order_id, "appealed", by=f"customer:{user_id}", facts={}, now=now)
        telling.alarm_staff(appeal, order_id=order_id, now=now)
    return appeal


def uphold(*, staff: User, appeal_id: int, reason: str, now: datetime) -> None:
    """Let a decision stand. reason: told to the customer, at most 500 characters.

    Raises PermissionDenied, SamePerson, policies.AppealDecided, Appeal.DoesNotExist.
    """
    with transaction.atomic(durable=True):
        order, appeal = _take(staff, appeal_id)
        by = f"staff:{staff.pk}"
        policies.close_appeal(appeal, result=Appeal.Result.UPHELD, by=by, reason=reason, now=now)
        _note(order.pk, "upheld", by=by, facts={"reason": reason}, now=now)
        _done(order, appeal, None, now)


def overturn(*, staff: User, appeal_id: int, amount: Decimal, reason: str, now: datetime) -> None:
    """Replace a decision by what should have been decided, and pay the difference back, once.

    amount: what should have been paid back for the order in all, account currency; never less than already was, never
    above the charge. reason: told to the customer, at most 500 characters. The order's status stays as it is.
    Raises PermissionDenied, SamePerson, NotGranted, policies.AppealDecided, Appeal.DoesNotExist.
    """
    with transaction.atomic(durable=True):
        order, appeal = _take(staff, appeal_id)
        by, facts = f"staff:{staff.pk}", _facts(order, amount)
        decided = appeals.decide_overturned(facts)
        if decided.outcome is not DecisionOutcome.REFUND:
            raise NotGranted(decided.reasons[0])
        key = f"order:{order.pk}:appeal:{appeal.pk}"
        settling.pay_back(order, amount=decided.amount, key=key, actor=by, reason=reason, now=now)
        _record(order, appeal, facts, decided, by, reason, now)
        policies.close_appeal(appeal, result=Appeal.Result.OVERTURNED, by=by, reason=reason, now=now)
        _note(order.pk, "overturned", by=by, facts={"reason": reason, "amount": str(decided.amount)}, now=now)
        _done(order, appeal, decided.amount, now)


def may_decide(*, staff: User, decision: Decision, order: Order) -> bool:
    """Whether this person had no part in the case: it is not their order, and not their decision."""
    return order.user_id != staff.pk and decision.actor != f"staff:{staff.pk}"


def _own(user_id: int, order_id: int, decision: UUID) -> Decision:
    """A decision on the customer's own order. Raises Decision.DoesNotExist for any other."""
    if not Order.objects.of(user_id).filter(pk=order_id).exists():
        raise Decision.DoesNotExist
    return Decision.objects.get(uuid=decision, subject_type="order", subject_id=order_id)


def _take(staff: User, appeal_id: int) -> tuple[Order, Appeal]:
    """The order and its undecided appeal, locked in this order, for somebody who may decide on it."""
    if not staff.has_perm(MAY_DECIDE):
        raise PermissionDenied(MAY_DECIDE)
    about = Appeal.objects.filter(decision__subject_type="order").values_list("decision__subject_id", flat=True)
    order = statuses.lock([about.get(pk=appeal_id)]).get()
    appeal = policies.lock_appeal(appeal_id)
    if not may_decide(staff=staff, decision=appeal.decision, order=order):
        raise SamePerson
    return order, appeal


def _facts(order: Order, amount: Decimal) -> OverturnFacts:
    package = ServiceType(order.type).is_package
    return OverturnFacts(charge=order.charge, refunded=order.refunded, granted=amount, package=package)


def _record(  # the whole of what was decided
    order: Order, appeal: Appeal, facts: OverturnFacts, decided: OverturnDecision, by: str, reason: str, now: datetime
) -> None:
    policies.record_decision(
        rule="appeals.decide_overturned",
        subject_type="order",
        subject_id=order.pk,
        version_id=order.refund_policy_id,
        inputs=asdict(facts),
        outcome=decided.outcome,
        reasons=decided.reasons,
        actor=by,
        now=now,
        amount=decided.amount,
        trace={"appeal": appeal.pk, "reason": reason},
        supersedes_id=appeal.decision_id,
        final=True,
    )


def _note(order_id: int, kind: str, *, by: str, facts: dict[str, str], now: datetime) -> None:
    """A line of the order's timeline, which its owner reads."""
    clauses = [HOW_REVIEWED.id]
    OrderEvent.objects.create(order_id=order_id, kind=kind, actor=by, clauses=clauses, facts=facts, at=now)


def _done(order: Order, appeal: Appeal, amount: Decimal | None, now: datetime) -> None:
    """Tell the customer, and take the flag down when no other appeal about the order is open."""
    telling.tell_decided(appeal, order=order, amount=amount, now=now)
    about = Appeal.objects.filter(decision__subject_type="order", decision__subject_id=order.pk)
    if not about.filter(result="").exists():
        resolution = f"The appeal was {appeal.result}."
        flags.resolve_appealed(order_id=order.pk, by=appeal.decided_by, resolution=resolution, now=now)
