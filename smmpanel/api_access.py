"""A reseller's way in: an API key, given with a standing acceptance of the policies (decision 25)."""

from datetime import datetime

from django.db import transaction

from accounts import keys
from policies import operations as policies


def open_access(*, user_id: int, label: str, now: datetime) -> str:
    """Accept the policies in force and their later versions for this user, create a key and return its plain text.

    A program cannot tick a box before each order; the owner of its key does so once, here. The later versions are
    covered for orders by key alone, and until the last key is revoked; an order in the browser asks.
    Raises keys.TooManyKeys; the acceptance then stays, as it was given.
    """
    with transaction.atomic(durable=True):
        named = {version.pk: version.checksum for version in policies.required_versions(now=now)}
        policies.accept(user_id=user_id, checksums=named, context="api", now=now, standing=True)
    _, text = keys.create_key(user_id=user_id, label=label, now=now)
    return text
