"""What is done to users: how they are addressed, and whether they may order."""

from datetime import datetime

from django.db import transaction

from accounts.models import User, UserEvent


class IsStaff(Exception):
    """Staff are not suspended: an owner takes their rights away."""


def change_settings(*, user_id: int, name: str, time_zone: str, language: str) -> None:
    """Store how a user is addressed and in which zone and language things are shown.

    time_zone: a name of the tz database, checked by the form
    """
    User.objects.filter(pk=user_id).update(name=name, time_zone=time_zone, language=language)


def suspend(*, user_id: int, reason: str, actor: str, now: datetime) -> bool:
    """Stop a customer from ordering and from using the API; False when they are suspended already.

    They can still log in and read: their orders, their balance, why they are suspended.
    reason: shown to the customer, at most 200 characters
    Raises IsStaff for staff.
    """
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        if user.is_staff:
            raise IsStaff
        if user.is_suspended:
            return False
        user.suspended_at, user.suspended_reason = now, reason
        user.save(update_fields=["suspended_at", "suspended_reason"])
        user.events.create(kind=UserEvent.Kind.SUSPENDED, actor=actor, reason=reason, at=now)
    return True


def unsuspend(*, user_id: int, actor: str, now: datetime) -> bool:
    """Let a suspended customer order again; False when they are not suspended."""
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        if not user.is_suspended:
            return False
        user.suspended_at, user.suspended_reason = None, ""
        user.save(update_fields=["suspended_at", "suspended_reason"])
        user.events.create(kind=UserEvent.Kind.REINSTATED, actor=actor, at=now)
    return True
