"""What we know of a provider's readiness: its balance, when to try it again, and whether a person must open it."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Case, F, When

from orders.models import Provider

LONGEST_BACKOFF_SECONDS = 60
LONGEST_GAP = timedelta(hours=1)  # between two passes that count as one watch


def learn_balance(*, provider_id: int, amount: Decimal, currency: str, request_ids: bool, now: datetime) -> None:
    """Keep what a provider said of our money there, and whether it heals unknowns by request id (decision 13)."""
    Provider.objects.filter(pk=provider_id).update(
        balance=amount, balance_at=now, currency=currency, request_ids=request_ids
    )


def back_off(*, provider_id: int, now: datetime, wait_seconds: int | None = None) -> None:
    """Send nothing for a while: as long as the provider asked, else 1, 2, 4 … 60 seconds by failures in a row.

    The next wave begins with a balance call, so a provider in trouble is probed by that and never by an order.
    """
    Provider.objects.filter(pk=provider_id).update(failures=F("failures") + 1)
    provider = Provider.objects.get(pk=provider_id)
    seconds = wait_seconds or min(2 ** min(provider.failures - 1, 6), LONGEST_BACKOFF_SECONDS)
    Provider.objects.filter(pk=provider_id).update(backoff_until=now + timedelta(seconds=seconds))


def recover(*, provider_id: int) -> None:
    """It took something: forget its failures."""
    Provider.objects.filter(pk=provider_id, failures__gt=0).update(failures=0, backoff_until=None)


def pause(*, provider_id: int, reason: str, now: datetime) -> None:
    """Send nothing more until a person opens it again: our money there, our key or our account is at fault (R32)."""
    Provider.objects.filter(pk=provider_id, paused_at__isnull=True).update(paused_at=now, paused_reason=reason[:200])


def reopen(*, provider_id: int) -> None:
    """A person says that the cause of a pause is gone: orders that waited go out, the oldest first."""
    Provider.objects.filter(pk=provider_id).update(paused_at=None, paused_reason="", backoff_until=None, failures=0)


def watch(*, now: datetime) -> None:
    """Note that a pass looks at all providers now. After a gap the watch begins anew: our absence proves nothing."""
    unbroken = When(watched_at__gte=now - LONGEST_GAP, then=F("watched_since"))
    Provider.objects.update(watched_since=Case(unbroken, default=now), watched_at=now)
