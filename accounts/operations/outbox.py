"""Messages for people, as rows in the transaction of what they tell of; `accounts.sending` sends them."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Outgoing, User
from accounts.models.outgoing import LONGEST_SUBJECT

GIVE_UP_AFTER = timedelta(days=3)  # then a person has to look


class UnfitHeader(ValueError):
    """The subject or the address would be more than one header line, or the address is none."""


class UnfitAddress(UnfitHeader):
    """Nothing can be sent there."""


class NotParked(Exception):
    """Only what is parked is sent again by hand: the rest goes by itself, or has gone."""


def queue_mail(
    *, to: str, subject: str, body: str, key: str, now: datetime, user_id: int | None = None, html: str = ""
) -> None:
    """Queue a mail in the caller's transaction: it goes out when that has committed, and only then.

    to: one address, kept in lower case. subject: one line, cut after 255 characters. body: plain text, not empty.
    key: what it tells of, at most 200 characters; queued twice (within 30 days after it went) it is one mail.
    Raises UnfitHeader for an address or a subject that could smuggle in other headers (RFC 5322 section 2.2).
    """
    message = _mail(to=to, subject=subject, body=body, key=key, now=now, user_id=user_id, html=html)
    Outgoing.objects.bulk_create([message], ignore_conflicts=True)


def queue_to_many(*, to: Mapping[int, str], subject: str, body: str, key: str, now: datetime) -> int:
    """Queue the same mail to each of many users, as `queue_mail` does, in one statement. How many take mail at all.

    to: address by user id. key: of the cause; each mail's is "key:user id". An address that takes no mail stops none of
    the others. Raises UnfitHeader for the subject.
    """
    messages = []
    for user_id, address in to.items():
        with suppress(UnfitAddress):
            their_key = f"{key}:{user_id}"
            messages.append(
                _mail(to=address, subject=subject, body=body, key=their_key, now=now, user_id=user_id, html="")
            )
    Outgoing.objects.bulk_create(messages, ignore_conflicts=True)
    return len(messages)


def _mail(*, to: str, subject: str, body: str, key: str, now: datetime, user_id: int | None, html: str) -> Outgoing:
    return Outgoing(
        kind=Outgoing.Kind.MAIL.value, key=key, user_id=user_id, to=_address(to), subject=one_line(subject),
        body=storable(body), html=storable(html), created_at=now, due_at=now, give_up_at=now + GIVE_UP_AFTER,
    )  # fmt: skip


def send_again(*, staff: User, outgoing_id: int, now: datetime) -> None:
    """Let a parked message be tried anew, for three days from now.

    Raises PermissionDenied without accounts.can_resend_mail, NotParked, Outgoing.DoesNotExist.
    """
    if not staff.has_perm("accounts.can_resend_mail"):
        raise PermissionDenied("accounts.can_resend_mail")
    with transaction.atomic(durable=True):
        message = Outgoing.objects.select_for_update(no_key=True).get(pk=outgoing_id)
        if message.parked_at is None:
            raise NotParked
        message.parked_at, message.tries = None, 0
        message.due_at, message.give_up_at = now, now + GIVE_UP_AFTER
        message.again_at, message.again_by = now, f"staff:{staff.pk}"
        message.save(update_fields=["parked_at", "tries", "due_at", "give_up_at", "again_at", "again_by"])


def _address(to: str) -> str:
    try:
        validate_email(to)
    except ValidationError as error:
        raise UnfitAddress("This is no e-mail address.") from error
    return to.lower()


def one_line(subject: str) -> str:
    """A subject as it is stored, cut after 255 characters. Raises UnfitHeader."""
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", subject):
        raise UnfitHeader("A subject is one line.")
    return subject[:LONGEST_SUBJECT]


def storable(text: str) -> str:
    """Postgres stores every character but one."""
    return text.replace("\0", "")
