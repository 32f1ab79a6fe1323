"""When a provider's list is read: asked for by staff, claimed by one reader, due again after its interval."""

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied

from accounts.models import User
from orders.models import Provider
from orders.models.provider import LONGEST_READING
from orders.operations.catalogue.deciding import PERMISSION


class NotListed(Exception):
    """It is switched off: its list is not read."""


def ask(*, provider_id: int, staff: User, now: datetime) -> None:
    """Let a provider's list be read within seconds. Raises PermissionDenied, NotListed."""
    if not staff.has_perm(PERMISSION):
        raise PermissionDenied(PERMISSION)
    if not Provider.objects.listing().filter(pk=provider_id).update(sync_due_at=now):
        raise NotListed


def claim(*, provider_id: int, now: datetime) -> bool:
    """Take the right to read a list that is due. False when somebody else has it, or it is not due."""
    due = Provider.objects.list_due(now).filter(pk=provider_id)
    return bool(due.update(sync_due_at=now + LONGEST_READING, sync_since=now))


def release(*, provider_id: int, now: datetime) -> None:
    """Say when the list is due next: after the provider's interval, or never by itself."""
    minutes = Provider.objects.values_list("sync_minutes", flat=True).get(pk=provider_id)
    due = now + timedelta(minutes=minutes) if minutes else None
    Provider.objects.filter(pk=provider_id).update(sync_due_at=due, sync_since=None)
