"""Wallets put right by staff: corrections, of which large ones take two people, and goodwill inside a monthly budget.

Each function is one transaction. Locks: the money rules or the correction, then the wallet.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Abs

from accounts.models import User
from wallet.models import BONUS, CASH, Adjustment, Entry, MoneyRules, Transfer
from wallet.operations import moving
from wallet.operations.accounts import ADJUSTMENTS, GOODWILL, balances_of
from wallet.operations.audit import need, need_another, record, said
from wallet.operations.refusals import KeyUsedOtherwise

MAY_ADJUST = "wallet.can_adjust"
MAY_DECIDE = "wallet.can_approve_adjustment"
MAY_GIVE = "wallet.can_give_goodwill"
ALONE_FOR = timedelta(hours=24)  # over which one person's corrections are added up
OUTSIDE = "Outside the refund policy: "  # before the reason on the statement and in its file


class AlreadyDecided(Exception):
    """The correction is not waiting any more. Its text is the state it is in."""


class SamePerson(Exception):
    """Who asked for a correction, or whose wallet it is, does not decide on it."""


class BudgetExceeded(Exception):
    """The month's goodwill would be more than the owner allows. left: what may still be given, account currency."""

    def __init__(self, left: Decimal) -> None:
        super().__init__(f"only {left} of this month's goodwill is left")
        self.left = left


@dataclass(frozen=True, slots=True)
class AdjustmentEffect:
    """What a correction would do to the wallet's cash. covered: whether the cash suffices for it."""

    before: Decimal
    after: Decimal
    needs_second_person: bool

    @property
    def covered(self) -> bool:
        """Whether there is as much cash as it takes."""
        return self.after >= 0


@dataclass(frozen=True, slots=True)
class Budget:
    """Goodwill of one month in UTC, account currency."""

    monthly: Decimal
    given: Decimal

    @property
    def left(self) -> Decimal:
        """What may still be given; 0 also when the budget was lowered below what was given."""
        return max(self.monthly - self.given, Decimal(0))


def money_rules() -> MoneyRules:
    """The owner's limits; as shipped until somebody edits them."""
    return MoneyRules.objects.get_or_create(pk=1)[0]


def cash_of(user_id: int) -> Decimal:
    """What corrections change: cash without bonus, account currency, scale 5."""
    return balances_of(user_id).cash


def effect_of_adjustment(*, staff: User, user_id: int, amount: Decimal, now: datetime) -> AdjustmentEffect:
    """Say what `adjust` would do, before a person confirms it. Changes nothing."""
    before = cash_of(user_id)
    needs = _needs_second_person(staff_id=staff.pk, user_id=user_id, amount=amount, now=now)
    return AdjustmentEffect(before=before, after=before + amount, needs_second_person=needs)


def adjust(*, staff: User, user_id: int, amount: Decimal, reason: str, key: UUID, now: datetime) -> Adjustment:
    """Correct a wallet's cash: at once up to the owner's limit, above it when another person approves.

    The limit is for all that one person corrects alone in 24 hours, so that parts of a large correction do not pass it.
    A correction of one's own wallet always waits. amount: below zero takes away; account currency, at most 5 decimals.
    reason: said on the customer's statement. The same key again returns the first. Needs `wallet.can_adjust`. Raises
    PermissionDenied, AmountNotPossible, InsufficientFunds, KeyUsedOtherwise, ValueError without a reason.
    """
    need(staff, MAY_ADJUST)
    why = said(reason)
    moving.check_amount(abs(amount))
    with transaction.atomic(durable=True):
        _lock_money_rules()
        needs = _needs_second_person(staff_id=staff.pk, user_id=user_id, amount=amount, now=now)
        columns = {"user_id": user_id, "amount": amount, "reason": why, "needs_second_person": needs}
        columns |= {"asked_by": staff, "asked_at": now}
        adjustment, is_new = Adjustment.objects.get_or_create(request_key=key, defaults=columns)
        if (adjustment.user_id, adjustment.amount) != (user_id, amount):
            raise KeyUsedOtherwise(f"{key} belongs to {adjustment}")
        if is_new:
            _record(adjustment, "asked", staff=staff, now=now, needs_second_person=needs)
            if not needs:
                _carry_out(adjustment, staff=staff, now=now)
    return adjustment


def approve_adjustment(*, staff: User, adjustment_id: int, now: datetime) -> Adjustment:
    """Carry out a correction that another person asked for.

    Needs `wallet.can_approve_adjustment`. Raises PermissionDenied, SamePerson, AlreadyDecided, InsufficientFunds (then
    it still waits).
    """
    need(staff, MAY_DECIDE)
    with transaction.atomic(durable=True):
        adjustment = _waiting(adjustment_id, staff=staff)
        _carry_out(adjustment, staff=staff, now=now)
    return adjustment


def refuse_adjustment(*, staff: User, adjustment_id: int, reason: str, now: datetime) -> Adjustment:
    """Refuse a correction that another person asked for. reason: for that person; the customer does not see it.

    Needs `wallet.can_approve_adjustment`. Raises PermissionDenied, SamePerson, AlreadyDecided, ValueError without a
    reason.
    """
    need(staff, MAY_DECIDE)
    why = said(reason)
    with transaction.atomic(durable=True):
        adjustment = _waiting(adjustment_id, staff=staff)
        adjustment.refusal = why
        _decide(adjustment, state=Adjustment.State.REFUSED, staff=staff, now=now)
        _record(adjustment, "refused", staff=staff, now=now, reason=why)
    return adjustment


def goodwill_budget(*, now: datetime) -> Budget:
    """What may be given this month and what has been. The month is that of `now` in UTC."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    given = Entry.objects.filter(account__code=GOODWILL, transfer__at__gte=start).aggregate(total=Sum("amount"))
    return Budget(monthly=money_rules().goodwill_monthly, given=-(given["total"] or Decimal(0)))


def give_goodwill(*, staff: User, user_id: int, amount: Decimal, reason: str, key: UUID, now: datetime) -> Transfer:
    """Give a customer bonus that no policy owes them, out of the month's budget.

    amount: positive, account currency, at most 5 decimals. reason: at most 170 characters; the customer's statement
    says it, and that no policy owed the amount. The same key again returns the first. Needs
    `wallet.can_give_goodwill`. Raises PermissionDenied, OwnWallet, BudgetExceeded, AmountNotPossible, KeyUsedOtherwise,
    ValueError without a reason.
    """
    actor, why = need(staff, MAY_GIVE), said(reason)
    moving.check_amount(amount)
    need_another(staff, user_id)
    with transaction.atomic(durable=True):
        _lock_money_rules()
        if (first := Transfer.objects.filter(key=f"goodwill:{key}").first()) is not None:
            return _same_goodwill(first, user_id=user_id, amount=amount)
        left = goodwill_budget(now=now).left
        if amount > left:
            raise BudgetExceeded(left)
        transfer = moving.move(
            user_id=user_id,
            kind=Transfer.Kind.GOODWILL,
            account_kind=BONUS,
            amount=amount,
            counter=GOODWILL,
            key=f"goodwill:{key}",
            subject_type="",
            subject_id=None,
            actor=actor,
            reason=f"{OUTSIDE}{why}",
            now=now,
        )
        record(
            subject_type="goodwill",
            subject_id=transfer.pk,
            user_id=user_id,
            kind="given",
            actor=actor,
            now=now,
            reason=why,
            amount=amount,
            left=left - amount,
        )
    return transfer


def _needs_second_person(*, staff_id: int, user_id: int, amount: Decimal, now: datetime) -> bool:
    if user_id == staff_id:
        return True
    alone = Adjustment.objects.filter(asked_by=staff_id, needs_second_person=False, asked_at__gt=now - ALONE_FOR)
    before = alone.aggregate(total=Sum(Abs("amount")))["total"] or Decimal(0)
    return before + abs(amount) > money_rules().second_person_above


def _lock_money_rules() -> None:
    """One at a time: who comes second counts what the first gave."""
    MoneyRules.objects.select_for_update(no_key=True).get(pk=money_rules().pk)


def _same_goodwill(first: Transfer, *, user_id: int, amount: Decimal) -> Transfer:
    if not first.entries.filter(account__user_id=user_id, amount=amount).exists():
        raise KeyUsedOtherwise(f"{first.key} gave something else")
    return first


def _waiting(adjustment_id: int, *, staff: User) -> Adjustment:
    adjustment = Adjustment.objects.select_for_update(no_key=True).get(pk=adjustment_id)
    if adjustment.state != Adjustment.State.WAITING:
        raise AlreadyDecided(adjustment.get_state_display())
    if staff.pk in (adjustment.asked_by_id, adjustment.user_id):
        raise SamePerson
    return adjustment


def _carry_out(adjustment: Adjustment, *, staff: User, now: datetime) -> None:
    moving.move(
        user_id=adjustment.user_id,
        kind=Transfer.Kind.ADJUSTMENT,
        account_kind=CASH,
        amount=adjustment.amount,
        counter=ADJUSTMENTS,
        key=f"adjustment:{adjustment.pk}",
        subject_type="adjustment",
        subject_id=adjustment.pk,
        actor=f"staff:{adjustment.asked_by_id}",
        reason=adjustment.reason,
        now=now,
    )
    _decide(adjustment, state=Adjustment.State.DONE, staff=staff, now=now)
    _record(adjustment, "done", staff=staff, now=now)


def _decide(adjustment: Adjustment, *, state: str, staff: User, now: datetime) -> None:
    adjustment.state, adjustment.decided_by, adjustment.decided_at = state, staff, now
    adjustment.save(update_fields=["state", "decided_by", "decided_at", "refusal"])


def _record(
    adjustment: Adjustment, kind: str, *, staff: User, now: datetime, reason: str = "", **facts: object
) -> None:
    record(
        subject_type="adjustment",
        subject_id=adjustment.pk,
        user_id=adjustment.user_id,
        kind=kind,
        actor=f"staff:{staff.pk}",
        now=now,
        reason=reason or adjustment.reason,
        amount=adjustment.amount,
        **facts,
    )
