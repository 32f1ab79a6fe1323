"""Alarms to staff: raised once a cause, seen by staff, and cleared when the cause is over (decision 28)."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Alarm, User
from accounts.operations.outbox import one_line, queue_mail, storable
from plumbing import sql

PERMISSION = "accounts.can_acknowledge_alarm"

# One that is locked is being counted, acknowledged or cleared by somebody else: an operation that holds orders or
# wallets never waits for that. The insert waits, if at all, for the end of a transaction that opens or clears it.
RAISE = """
    WITH again AS (
        UPDATE accounts_alarm
        SET subject = %(subject)s, body = %(body)s, times = times + 1, last_seen_at = greatest(last_seen_at, %(now)s)
        WHERE id IN (
            SELECT id FROM accounts_alarm WHERE key = %(key)s AND cleared_at IS NULL FOR NO KEY UPDATE SKIP LOCKED)
    )
    INSERT INTO accounts_alarm
        (key, subject, body, lasts, raised_at, last_seen_at, times, acknowledged_by, cleared_by)
    VALUES (%(key)s, %(subject)s, %(body)s, %(lasts)s, %(now)s, %(now)s, 1, '', '')
    ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING
    RETURNING id
"""
CLEAR = """
    UPDATE accounts_alarm SET cleared_at = %(now)s, cleared_by = %(by)s
    WHERE cleared_at IS NULL AND (key = %(key)s OR starts_with(key, %(below)s))
"""


def queue_alarm(*, subject: str, body: str, key: str, now: datetime, lasts: bool = False) -> bool:
    """Have staff told of a cause, in the caller's transaction; True when this opens it, False when it is open already.

    It stands on the admin's front page and is mailed to `ALARM_EMAIL`, where there is one: once, until it is over. Seen
    again, it has the newer words. key: of the cause, parts joined by ":", at most 170 characters. lasts: it is a state,
    and whoever sees its end calls `clear_alarm`. Raises UnfitHeader for a subject of more than one line.
    """
    said = {"subject": one_line(subject), "body": storable(body)}
    opened = sql.rows(RAISE, {**said, "key": key, "lasts": lasts, "now": now})
    if opened and settings.ALARM_EMAIL:
        [(alarm_id,)] = opened
        queue_mail(to=settings.ALARM_EMAIL, subject=subject, body=body, key=f"alarm:{key}:{alarm_id}", now=now)
    return bool(opened)


def clear_alarm(*, key: str, now: datetime, by: str = "system") -> int:
    """Note in the caller's transaction that a cause is over, with all below it. Returns how many alarms that ended.

    key: as it was raised; "top_up:7:review" ends "top_up:7:review:12" too. Raised again, it is told again.
    """
    return sql.execute(CLEAR, {"key": key, "below": f"{key}:", "now": now, "by": by})


def open_alarms_below(key: str) -> set[str]:
    """The keys of open alarms that lie below one: "overdue" has "overdue:mail"."""
    return set(Alarm.objects.filter(cleared_at=None, key__startswith=f"{key}:").values_list("key", flat=True))


def acknowledge_alarm(*, staff: User, alarm_id: int, now: datetime) -> bool:
    """Note that a person has seen an alarm, which ends it unless its cause lasts. False when somebody was faster.

    Raises PermissionDenied without accounts.can_acknowledge_alarm, Alarm.DoesNotExist.
    """
    if not staff.has_perm(PERMISSION):
        raise PermissionDenied(PERMISSION)
    with transaction.atomic(durable=True):
        alarm = Alarm.objects.select_for_update(no_key=True).get(pk=alarm_id)
        if not alarm.is_open or alarm.acknowledged_at:
            return False
        by = f"staff:{staff.pk}"
        alarm.acknowledged_at, alarm.acknowledged_by = now, by
        if not alarm.lasts:
            alarm.cleared_at, alarm.cleared_by = now, by
        alarm.save(update_fields=["acknowledged_at", "acknowledged_by", "cleared_at", "cleared_by"])
    return True
