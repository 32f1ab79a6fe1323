"""API keys: made, recognised and revoked here; the key itself is stored nowhere (ASVS 6.5.2)."""

import hashlib
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.models import ApiKey, User

ALPHABET = string.ascii_letters + string.digits
PREFIX_LENGTH = 8
SECRET_LENGTH = 43  # 43 characters of 62 hold 256 bits
MOST_LIVE_KEYS = 10
SEEN_EVERY = timedelta(minutes=1)


class TooManyKeys(Exception):
    """The user has as many live keys as one may have."""


def create_key(*, user_id: int, label: str, now: datetime) -> tuple[ApiKey, str]:
    """Create a key and return it with its plain text, which can never be read again.

    label: what the owner calls it, at most 60 characters, may be empty
    Raises TooManyKeys when MOST_LIVE_KEYS are live.
    """
    prefix, secret = _random(PREFIX_LENGTH), _random(SECRET_LENGTH)
    text = f"pk_{prefix}_{secret}"
    with transaction.atomic(durable=True):
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        if ApiKey.objects.filter(user_id=user_id, revoked_at=None).count() >= MOST_LIVE_KEYS:
            raise TooManyKeys
        key = ApiKey.objects.create(
            user_id=user_id, prefix=f"pk_{prefix}", digest=digest(text), label=label, created_at=now
        )
    return key, text


def authenticate(key: str, now: datetime) -> User | None:
    """Return the user whose live key this is, else None; one query, and one more at most once a minute.

    A revoked key or an inactive user gives None. A suspended user is returned: the caller decides.
    """
    found = (
        ApiKey.objects.select_related("user").filter(digest=digest(key), revoked_at=None, user__is_active=True).first()
    )
    if found is None:
        return None
    stale = now - SEEN_EVERY
    if found.seen_at is None or found.seen_at <= stale:
        # Asked again in SQL: of many calls at once, one writes.
        ApiKey.objects.filter(Q(seen_at=None) | Q(seen_at__lte=stale), pk=found.pk).update(seen_at=now)
    return found.user


def revoke(*, user_id: int, key_id: int, now: datetime) -> bool:
    """Revoke a key of this user for good; False when there is no such live key."""
    live = ApiKey.objects.filter(pk=key_id, user_id=user_id, revoked_at=None)
    return live.update(revoked_at=now) == 1


def digest(key: str) -> str:
    """SHA-256, hex. No salt: a key holds 256 random bits, so there is no table to build."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
