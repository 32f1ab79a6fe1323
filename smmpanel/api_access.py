"""A reseller's way in: an API key, given with a standing acceptance of the policies (decision 25)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts import keys
from policies import operations as policies


def required_now(*, now: datetime) -> Mapping[int, str]:
    """What a key's owner accepts with it: the checksum of each version in force that an order needs, by its id."""
    return {version.pk: version.checksum for version in policies.required_versions(now=now)}


def open_access(*, user_id: int, label: str, shown: Mapping[int, str], now: datetime) -> str:
    """Accept the policies in force and their later versions for this user, create a key and return its plain text.

    shown: what the owner was shown, as `required_now` names it; it has to be all that is in force now.
    A program cannot tick a box before each order; the owner of its key does so once, here. The later versions are
    covered for orders by key alone, and until the last key is revoked; an order in the browser asks.
    Raises policies.PolicyChanged where something else is in force, having recorded nothing; keys.TooManyKeys, where the
    acceptance stays, as it was given.
    """
    with transaction.atomic(durable=True):
        if shown != required_now(now=now):
            raise policies.PolicyChanged("not what is in force")
        policies.accept(user_id=user_id, checksums=shown, context="api", now=now, standing=True)
    _, text = keys.create_key(user_id=user_id, label=label, now=now)
    return text
