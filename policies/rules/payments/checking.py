"""When a gateway is asked again by ourselves what became of a payment (terms.4.3)."""

from datetime import datetime, timedelta

FIRST_CHECKS = tuple(timedelta(minutes=minutes) for minutes in (1, 6, 21, 81))  # 1, 5, 15, 60 minutes apart
CHECK_EVERY = timedelta(hours=6)
CHECK_AFTER_EXPIRY = timedelta(days=3)
RETRIES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 300, 900, 3600))


def next_check(*, created_at: datetime, expires_at: datetime | None, now: datetime) -> datetime | None:
    """When to ask by ourselves what became of a payment: the first such instant after `now`, or None for never again.

    1, 5, 15, 60 minutes apart, then every 6 hours until 3 days after it expired: a lost webhook costs time, no money.
    expires_at: None counts as the moment it was made.
    """
    end = (expires_at or created_at) + CHECK_AFTER_EXPIRY
    for after in FIRST_CHECKS:
        if created_at + after > now:
            return created_at + after if created_at + after <= end else None
    last = created_at + FIRST_CHECKS[-1]
    due = last + CHECK_EVERY * ((now - last) // CHECK_EVERY + 1)
    return due if due <= end else None


def retry_after(*, tries: int) -> timedelta:
    """How long to wait after the `tries`-th call in a row that a gateway did not answer: from 10 seconds to an hour."""
    return RETRIES[min(max(tries, 1), len(RETRIES)) - 1]
