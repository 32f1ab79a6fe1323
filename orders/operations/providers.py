"""What we know of a provider's readiness: its balance, its breaker, when to call it, whether a person must open it."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, F, Sum, When

from accounts.operations import clear_alarm, queue_alarm
from orders.models import Provider, Run, Wave
from policies.rules.vocabulary import RunState

LONGEST_BACKOFF_SECONDS = 60
OPENS_AFTER = 5  # calls in a row that came to nothing
COOL_DOWN_SECONDS = 60  # doubled with each probe that fails
LONGEST_COOL_DOWN_SECONDS = 600
MINUTE = timedelta(minutes=1)
LONGEST_GAP = timedelta(hours=1)  # between two passes that count as one watch

PAUSED = """{provider} takes no more orders from us: {why}.

Nothing more is sent there. Orders go another way where their service has one; the others wait and say so. Mend the
cause, then open the provider again in the admin.
"""
WHY_PAUSED = {
    "funds": "our money there is used up",
    "key": "it refuses our key",
    "account": "our account there is closed or suspended",
}
SILENT = """{provider} gave no usable answer {times} times in a row.

Nothing more is sent there until it tells our balance again; it is asked by itself. Orders go another way where their
service has one; the others wait and say so.
"""


def learn_balance(*, provider_id: int, amount: Decimal, currency: str, request_ids: bool, now: datetime) -> None:
    """Keep what a provider said of our money there, and whether it heals unknowns by request id (decision 13)."""
    Provider.objects.filter(pk=provider_id).update(
        balance=amount, balance_at=now, currency=currency, request_ids=request_ids
    )


def back_off(*, provider_id: int, now: datetime, wait_seconds: int | None = None) -> None:
    """Call it no more for a while: as long as it asked, else 1, 2, 4 … 60 seconds by failures in a row.

    An open breaker has a cool-down of its own, which only the provider's own wish replaces.
    """
    provider = Provider.objects.get(pk=provider_id)
    if wait_seconds or provider.opened_at is None:
        seconds = wait_seconds or min(2 ** min(max(provider.failures - 1, 0), 6), LONGEST_BACKOFF_SECONDS)
        Provider.objects.filter(pk=provider_id).update(backoff_until=now + timedelta(seconds=seconds))


@transaction.atomic
def fail(*, provider_id: int, times: int, now: datetime) -> None:
    """Count calls in a row that came to nothing. The fifth opens the breaker, and staff are told until it is over.

    What is counted after that are probes, each of which keeps it open twice as long as the one before.
    """
    provider = Provider.objects.select_for_update(no_key=True).get(pk=provider_id)
    before, after = provider.failures, provider.failures + (times if provider.failures < OPENS_AFTER else 1)
    provider.failures = min(after, OPENS_AFTER) if before < OPENS_AFTER else after
    if provider.failures >= OPENS_AFTER:
        provider.opened_at = provider.opened_at or now
        provider.backoff_until = now + timedelta(seconds=_cool_down(provider.failures))
    provider.save(update_fields=["failures", "opened_at", "backoff_until"])
    if before < OPENS_AFTER <= provider.failures:
        queue_alarm(
            subject=f"{provider.name} does not answer",
            body=SILENT.format(provider=provider.name, times=provider.failures),
            key=f"provider:{provider_id}:silent",
            now=now,
            lasts=True,
        )


def close_breaker(*, provider_id: int) -> None:
    """A probe was answered. Its failures are forgotten only when it takes something: until then one more opens it."""
    Provider.objects.filter(pk=provider_id, opened_at__isnull=False).update(opened_at=None, backoff_until=None)


@transaction.atomic
def recover(*, provider_id: int, now: datetime) -> None:
    """It took something: forget its failures, and end what staff were told about them."""
    failed = Provider.objects.filter(pk=provider_id, failures__gt=0)
    if failed.update(failures=0, opened_at=None, backoff_until=None):
        clear_alarm(key=f"provider:{provider_id}:silent", now=now)


@transaction.atomic
def shut(*, provider_id: int, problem: str, now: datetime) -> None:
    """Its answer says that a person has to mend something there: pause it, and tell staff until one has (R32).

    problem: funds, key or account.
    """
    if pause(provider_id=provider_id, reason=problem, now=now):
        name = Provider.objects.values_list("name", flat=True).get(pk=provider_id)
        queue_alarm(
            subject=f"{name} is paused: {WHY_PAUSED[problem]}",
            body=PAUSED.format(provider=name, why=WHY_PAUSED[problem]),
            key=f"provider:{provider_id}:paused",
            now=now,
            lasts=True,
        )


def pause(*, provider_id: int, reason: str, now: datetime) -> bool:
    """Send nothing more until a person opens it again. False when it was paused already: the first reason stays."""
    paused = Provider.objects.filter(pk=provider_id, paused_at__isnull=True).update(
        paused_at=now, paused_reason=reason[:200]
    )
    return bool(paused)


@transaction.atomic
def reopen(*, provider_id: int, by: str, now: datetime) -> None:
    """A person says that the cause of a pause is gone: orders that waited go out, the oldest first. by: an actor."""
    Provider.objects.filter(pk=provider_id).update(
        paused_at=None, paused_reason="", backoff_until=None, failures=0, opened_at=None
    )
    for problem in ("paused", "silent"):
        clear_alarm(key=f"provider:{provider_id}:{problem}", now=now, by=by)


def most_now(provider: Provider, *, now: datetime) -> int:
    """How many runs a wave may take: the calls at once, what the minute leaves, and one while it is on trial."""
    most: int = 1 if provider.failures >= OPENS_AFTER else provider.concurrency
    if provider.sends_per_minute is None:
        return most
    lately = Wave.objects.filter(provider=provider, started_at__gt=now - MINUTE).aggregate(sent=Sum("sent"))
    left: int = provider.sends_per_minute - (lately["sent"] or 0)
    return max(min(most, left), 0)


def upstream_at(provider_id: int) -> int:
    """How many runs a provider has, or may have, now."""
    there = [RunState.SUBMITTING.value, RunState.UNKNOWN.value, RunState.LIVE.value]
    return Run.objects.filter(provider_id=provider_id, state__in=there).count()


def watch(*, now: datetime) -> None:
    """Note that a pass looks at all providers now. After a gap the watch begins anew: our absence proves nothing."""
    unbroken = When(watched_at__gte=now - LONGEST_GAP, then=F("watched_since"))
    Provider.objects.update(watched_since=Case(unbroken, default=now), watched_at=now)


def _cool_down(failures: int) -> int:
    return min(COOL_DOWN_SECONDS << min(failures - OPENS_AFTER, 6), LONGEST_COOL_DOWN_SECONDS)
