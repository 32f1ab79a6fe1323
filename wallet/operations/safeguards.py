"""What holds a customer's spending back: a freeze by staff or a chargeback, limits by the customer or staff (R57)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum

from accounts.models import User
from plumbing import sql
from policies.rules import spending
from wallet.models import Safeguard, SpentDay
from wallet.operations import audit
from wallet.operations.moving import UNIT
from wallet.operations.refusals import AmountNotPossible

SUBJECT = "safeguard"  # of events; its id is the user's
LARGEST = Decimal(10) ** 12  # above it no limit limits anything, and the column ends soon


@dataclass(frozen=True, slots=True)
class Limits:
    """A customer's limits and what was spent, account currency; a limit of None allows any amount.

    daily, monthly: what holds now, the lower of the customer's own and the staff's. Own: next_daily and next_monthly
    replace them at next_at (None: nothing waits). day_ends, month_ends: when a period starts anew (midnight UTC).
    """

    daily: Decimal | None
    monthly: Decimal | None
    own_daily: Decimal | None
    own_monthly: Decimal | None
    staff_daily: Decimal | None
    staff_monthly: Decimal | None
    next_daily: Decimal | None
    next_monthly: Decimal | None
    next_at: datetime | None
    spent_today: Decimal
    spent_this_month: Decimal
    day_ends: datetime
    month_ends: datetime


def limits_of(user_id: int, now: datetime) -> Limits:
    """The limits as `wallet_charge()` would apply them at `now`. What was spent is 0 where nothing limits it."""
    held = Safeguard.objects.filter(pk=user_id).first() or Safeguard(pk=user_id)
    plan, staff = _plan_of(held), spending.Limits(held.staff_daily, held.staff_monthly)
    own = plan.due(now)
    later = plan.later if plan.later is not None and own != plan.later else None
    effective = own.lower_of(staff)
    today, month = _spent(user_id, now)
    return Limits(
        daily=effective.daily,
        monthly=effective.monthly,
        own_daily=own.daily,
        own_monthly=own.monthly,
        staff_daily=staff.daily,
        staff_monthly=staff.monthly,
        next_daily=later.daily if later else None,
        next_monthly=later.monthly if later else None,
        next_at=plan.at if later else None,
        spent_today=today,
        spent_this_month=month,
        day_ends=_midnight(now.astimezone(UTC).date() + timedelta(days=1)),
        month_ends=_midnight((_month_of(now) + timedelta(days=31)).replace(day=1)),
    )


def set_limits(*, user_id: int, daily: Decimal | None, monthly: Decimal | None, actor: str, now: datetime) -> Limits:
    """Set a customer's own limits: a lower one holds at once, a higher or removed one after 24 hours.

    daily, monthly: zero or more, account currency, at most 5 decimals; None: no limit. Raises AmountNotPossible.
    """
    wanted = _possible(daily, monthly)
    with transaction.atomic(durable=True):
        held = _lock(user_id, now)
        plan = spending.change(_plan_of(held), wanted, now=now)
        held.daily, held.monthly = plan.now.daily, plan.now.monthly
        held.next_daily, held.next_monthly = (plan.later.daily, plan.later.monthly) if plan.later else (None, None)
        held.next_at = plan.at
        held.save(update_fields=["daily", "monthly", "next_daily", "next_monthly", "next_at"])
        _record(
            user_id,
            "limits_set",
            actor=actor,
            now=now,
            daily=daily,
            monthly=monthly,
            begins=(plan.at or now).isoformat(),
        )
    return limits_of(user_id, now)


def set_staff_limits(
    *, staff: User, user_id: int, daily: Decimal | None, monthly: Decimal | None, reason: str, now: datetime
) -> Limits:
    """Set the limits that staff hold a customer to, at once. Needs `wallet.can_limit`.

    Amounts as in `set_limits`. Raises PermissionDenied, OwnWallet, AmountNotPossible, ValueError without a reason.
    """
    actor, why = audit.need(staff, "wallet.can_limit"), audit.said(reason)
    audit.need_another(staff, user_id)
    wanted = _possible(daily, monthly)
    with transaction.atomic(durable=True):
        held = _lock(user_id, now)
        held.staff_daily, held.staff_monthly = wanted.daily, wanted.monthly
        held.save(update_fields=["staff_daily", "staff_monthly"])
        _record(user_id, "staff_limits_set", actor=actor, now=now, reason=why, daily=daily, monthly=monthly)
    return limits_of(user_id, now)


def freeze(*, user_id: int, reason: str, actor: str, now: datetime) -> bool:
    """Let nothing be spent or paid out any more, inside the caller's transaction; whether it was not frozen before.

    actor: "system" for a chargeback. Raises ValueError without a reason.
    """
    why = audit.said(reason)
    with transaction.atomic():
        held = _lock(user_id, now)
        if held.frozen_at is not None:
            return False
        held.frozen_at, held.frozen_reason = now, why
        held.save(update_fields=["frozen_at", "frozen_reason"])
        _record(user_id, "frozen", actor=actor, now=now, reason=why)
    return True


def freeze_by_staff(*, staff: User, user_id: int, reason: str, now: datetime) -> bool:
    """`freeze` on a staff member's word. Needs `wallet.can_freeze`. Raises PermissionDenied, ValueError."""
    actor = audit.need(staff, "wallet.can_freeze")
    with transaction.atomic(durable=True):
        return freeze(user_id=user_id, reason=reason, actor=actor, now=now)


def unfreeze(*, staff: User, user_id: int, reason: str, now: datetime) -> bool:
    """Let a customer spend again; whether the wallet was frozen. Needs `wallet.can_freeze`.

    Raises PermissionDenied, OwnWallet, ValueError without a reason.
    """
    actor, why = audit.need(staff, "wallet.can_freeze"), audit.said(reason)
    audit.need_another(staff, user_id)
    with transaction.atomic(durable=True):
        held = _lock(user_id, now)
        if held.frozen_at is None:
            return False
        since, frozen_for = held.frozen_at.isoformat(), held.frozen_reason
        held.frozen_at, held.frozen_reason = None, ""
        held.save(update_fields=["frozen_at", "frozen_reason"])
        _record(user_id, "unfrozen", actor=actor, now=now, reason=why, since=since, frozen_for=frozen_for)
    return True


def frozen_since(user_id: int) -> datetime | None:
    """When the wallet was frozen; None when it is not."""
    return Safeguard.objects.filter(pk=user_id).values_list("frozen_at", flat=True).first()


def is_frozen(user_id: int) -> bool:
    """Whether nothing can be spent or paid out."""
    return frozen_since(user_id) is not None


def _lock(user_id: int, now: datetime) -> Safeguard:
    """The customer's safeguard, made on first use, under the wallet's lock: a charge that waits sees what is set."""
    sql.rows("SELECT wallet_safeguard(%s, %s)", [user_id, now])
    return Safeguard.objects.select_for_update(no_key=True).get(pk=user_id)


def _plan_of(held: Safeguard) -> spending.Plan:
    later = spending.Limits(held.next_daily, held.next_monthly) if held.next_at else None
    return spending.Plan(spending.Limits(held.daily, held.monthly), later, held.next_at)


def _spent(user_id: int, now: datetime) -> tuple[Decimal, Decimal]:
    """What was spent today and this month."""
    today = now.astimezone(UTC).date()
    days = SpentDay.objects.filter(user_id=user_id, day__gte=_month_of(now), day__lte=today)
    sums = days.aggregate(today=Sum("amount", filter=Q(day=today)), month=Sum("amount"))
    return sums["today"] or Decimal(0), sums["month"] or Decimal(0)


def _month_of(now: datetime) -> date:
    return now.astimezone(UTC).date().replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _possible(*limits: Decimal | None) -> spending.Limits:
    for limit in limits:
        if limit is not None and not (limit.is_finite() and 0 <= limit < LARGEST and limit == limit.quantize(UNIT)):
            raise AmountNotPossible(f"{limit} is no limit")
    return spending.Limits(*limits)


def _record(user_id: int, kind: str, *, actor: str, now: datetime, reason: str = "", **facts: object) -> None:
    audit.record(
        subject_type=SUBJECT,
        subject_id=user_id,
        user_id=user_id,
        kind=kind,
        actor=actor,
        now=now,
        reason=reason,
        **facts,
    )
