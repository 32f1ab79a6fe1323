"""Who may act about money, and the record of who did: what each operation of staff begins and ends with."""

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied

from accounts.models import User
from wallet.models import Event


class OwnWallet(Exception):
    """Nobody does this about their own money: another person does."""


def need(staff: User, permission: str) -> str:
    """Who acts, as events and transfers name them. Raises PermissionDenied without `permission` (decision 27)."""
    if not staff.has_perm(permission):
        raise PermissionDenied(permission)
    return f"staff:{staff.pk}"


def need_another(staff: User, user_id: int) -> None:
    """Raise OwnWallet where the money is that of who acts."""
    if staff.pk == user_id:
        raise OwnWallet


def said(reason: str) -> str:
    """A reason or a reference without the spaces around it. Raises ValueError when nothing is left."""
    if not (text := reason.strip()):
        raise ValueError("an act about money says why")
    return text


def record(
    *,
    subject_type: str,
    subject_id: int,
    kind: str,
    actor: str,
    now: datetime,
    user_id: int | None = None,
    reason: str = "",
    **facts: object,
) -> Event:
    """Add one row to the record, in the caller's transaction. facts: amounts are written as texts, None is left out."""
    written = {
        name: str(fact) if isinstance(fact, Decimal) else fact for name, fact in facts.items() if fact is not None
    }
    return Event.objects.create(
        subject_type=subject_type,
        subject_id=subject_id,
        user_id=user_id,
        kind=kind,
        actor=actor,
        reason=reason,
        facts=written,
        at=now,
    )
