"""The hands of the tick "mail": claim, send over one connection, write down; no transaction is open during a call."""

import hashlib
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q, QuerySet

from accounts.models import Alarm, Outgoing
from accounts.models.outgoing import LONGEST_ERROR
from plumbing import sql
from plumbing.elapsed import Elapsed
from plumbing.post import Post, Unreachable, in_words, is_final

log = logging.getLogger(__name__)

WAVE = 50  # claimed at once
PASS_SECONDS = 20.0  # then what is claimed and not yet tried is given back, and the next tick goes on
LEASE_SECONDS = 180  # longer than a pass and the slowest answer after it: what the dead had claimed is due again then
MOST_PASSES = 2  # at once: a server that hangs must not take every thread of the workers
SENT_KEPT = timedelta(days=30)
PARKED_KEPT = timedelta(days=90)
ENDED_ALARM_KEPT = timedelta(days=365)
PRUNE_AT_ONCE = 1000

DUE = """
    SELECT kind
    FROM accounts_outgoing
    WHERE sent_at IS NULL AND parked_at IS NULL AND due_at <= %(now)s
    GROUP BY kind
    HAVING bool_or(token IS NULL OR lease_until < now())
        AND count(DISTINCT token) FILTER (WHERE lease_until >= now()) < %(most)s
"""
OLDEST = """
    SELECT due_at FROM accounts_outgoing
    WHERE kind = 'mail' AND sent_at IS NULL AND parked_at IS NULL AND due_at <= %s ORDER BY due_at LIMIT 1
"""
CLAIM = """
    WITH due AS (
        SELECT id
        FROM accounts_outgoing
        WHERE kind = %(kind)s AND sent_at IS NULL AND parked_at IS NULL AND due_at <= %(now)s
            AND (token IS NULL OR lease_until < now())
        ORDER BY due_at, id
        LIMIT %(wave)s
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE accounts_outgoing AS claimed
    SET token = %(token)s, lease_until = now() + %(seconds)s * interval '1 second', tries = tries + 1
    FROM due
    WHERE claimed.id = due.id
    RETURNING claimed.id, claimed.key, claimed."to", claimed.subject, claimed.body, claimed.html, claimed.created_at,
        claimed.tries
"""
SENT = """
    UPDATE accounts_outgoing
    SET sent_at = %(now)s, body = '', html = '', last_error = '', token = NULL, lease_until = NULL
    WHERE id = %(id)s AND token = %(token)s
"""
FAILED = """
    UPDATE accounts_outgoing
    SET due_at = %(now)s + LEAST(interval '1 hour', interval '1 minute' * 2 ^ LEAST(tries - 1, 10)),
        parked_at = CASE WHEN %(final)s OR give_up_at <= %(now)s THEN %(now)s END,
        last_error = %(error)s, token = NULL, lease_until = NULL
    WHERE id = ANY(%(ids)s::bigint[]) AND token = %(token)s
"""
GIVE_BACK = "UPDATE accounts_outgoing SET token = NULL, lease_until = NULL, tries = tries - 1 WHERE token = %s"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send, for as long as the lease lasts."""

    id: int
    key: str
    to: str
    subject: str
    body: str
    html: str
    created_at: datetime
    tries: int


def kinds_due(*, now: datetime) -> list[str]:
    """Kinds with messages that nobody is sending, where fewer than two passes are under way."""
    return [kind for (kind,) in sql.rows(DUE, {"now": now, "most": MOST_PASSES})]


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the longest waiting mail has been due."""
    return next((due_at for (due_at,) in sql.rows(OLDEST, [now])), None)


def send_due(*, kind: str, now: datetime) -> int:
    """Send what is due, wave after wave over one connection. Returns how many went.

    Safe to run anywhere, twice at once, or to die anywhere: a message whose sender died between the server's yes and
    the note of it goes a second time, with the same Message-ID.
    """
    sending = Pass(now=now)
    try:
        while sending.is_to_go_on and (wave := claim_wave(kind=kind, token=sending.token, now=sending.elapsed.now())):
            sending.send(wave)
    finally:
        sending.end()
    return sending.sent


def claim_wave(*, kind: str, token: uuid.UUID, now: datetime) -> list[Claimed]:
    """Take the longest due messages, committed before anything is sent; the oldest first."""
    asked = {"kind": kind, "token": token, "now": now, "wave": WAVE, "seconds": LEASE_SECONDS}
    return sorted((Claimed(*row) for row in sql.rows(CLAIM, asked)), key=lambda claimed: claimed.id)


class Pass:
    """One sender's pass: its token, its connection, and how long it has been going on."""

    def __init__(self, *, now: datetime) -> None:
        self.token = uuid.uuid4()
        self.elapsed = Elapsed(since=now)
        self.sent = 0
        self._post = Post()
        self._reachable = True

    @property
    def is_to_go_on(self) -> bool:
        """Whether there is time left, and somebody to speak to."""
        return self._reachable and self.elapsed.seconds < PASS_SECONDS

    def send(self, wave: Sequence[Claimed]) -> None:
        """Try each message once; a failure puts off its own message, a dead server the whole rest."""
        for number, message in enumerate(wave):
            if not self.is_to_go_on:
                return
            try:
                self._post.send(as_mail(message))
            except Unreachable as error:
                self._reachable = False
                self._put_off(wave[number:], error.__cause__ or error, final=False)
            except Exception as error:  # noqa: BLE001  whatever one message meets, the others go
                self._put_off([message], error, final=is_final(error))
            else:
                self.sent += sql.execute(SENT, {"id": message.id, "token": self.token, "now": self.elapsed.now()})

    def end(self) -> None:
        """Give back what was claimed and not tried, and hang up."""
        self._post.close()
        sql.execute(GIVE_BACK, [self.token])

    def _put_off(self, messages: Sequence[Claimed], error: BaseException, *, final: bool) -> None:
        said = in_words(error)
        ids = sql.numbers(message.id for message in messages)
        log.warning("%d outgoing messages not sent, the first %d: %s", len(messages), messages[0].id, said)
        noted = {"now": self.elapsed.now(), "final": final, "error": said[:LONGEST_ERROR]}
        sql.execute(FAILED, {**noted, "ids": ids, "token": self.token})


def as_mail(message: Claimed) -> EmailMultiAlternatives:
    """The mail as it goes out: the same each time, so that a repeat is known by its Message-ID."""
    headers = {
        "Message-ID": message_id(message),
        "Date": format_datetime(message.created_at),
        "Auto-Submitted": "auto-generated",  # RFC 3834: whoever is on holiday need not tell us
    }
    built = EmailMultiAlternatives(message.subject, message.body, to=[message.to], headers=headers)
    if message.html:
        built.attach_alternative(message.html, "text/html")
    return built


def message_id(message: Claimed) -> str:
    """Made of the row alone; its key keeps apart what another database counted under the same id."""
    digest = hashlib.sha256(message.key.encode()).hexdigest()[:24]
    return f"<{message.id}.{digest}@{urlsplit(settings.SITE_URL).hostname}>"


def prune(*, now: datetime) -> int:
    """Delete a batch of what went 30 days ago, or was parked 90 days ago, and of alarms that ended a year ago.

    Returns how many.
    """
    old = Q(sent_at__lt=now - SENT_KEPT) | Q(parked_at__lt=now - PARKED_KEPT)
    return _delete(Outgoing.objects.filter(old)) + _delete(Alarm.objects.filter(cleared_at__lt=now - ENDED_ALARM_KEPT))


def _delete(rows: QuerySet[Any]) -> int:
    batch = rows.values_list("pk", flat=True)[:PRUNE_AT_ONCE]
    deleted: int = rows.model._default_manager.filter(pk__in=list(batch)).delete()[0]
    return deleted
