"""One worker at a time for one kind of work at one provider, by the database's clock alone (decision 12)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from orders.models import ProviderLease
from plumbing import sql

TAKE = """
    INSERT INTO orders_providerlease AS lease (provider_id, work, token, until)
    VALUES (%(provider)s, %(work)s, %(token)s, now() + %(seconds)s * interval '1 second')
    ON CONFLICT (provider_id, work) DO UPDATE SET token = EXCLUDED.token, until = EXCLUDED.until
    WHERE lease.until IS NULL OR lease.until < now() OR lease.token = EXCLUDED.token
"""
GIVE_BACK = "UPDATE orders_providerlease SET token = NULL, until = NULL WHERE token = %s"
TAKEN = "SELECT provider_id FROM orders_providerlease WHERE work = %s AND until >= now()"


class Lease:
    """The right to do one kind of work at one provider, for `PROVIDER_LEASE_SECONDS` from the last `renew`."""

    def __init__(self, provider_id: int, work: ProviderLease.Work) -> None:
        seconds = settings.PROVIDER_LEASE_SECONDS
        self._row = {"provider": provider_id, "work": work.value, "token": uuid.uuid4(), "seconds": seconds}

    def renew(self) -> bool:
        """Take the lease, or its full time again. False when somebody else has it."""
        return sql.execute(TAKE, self._row) == 1

    def give_back(self) -> None:
        sql.execute(GIVE_BACK, [self._row["token"]])


@contextmanager
def held(*, provider_id: int, work: ProviderLease.Work) -> Iterator[Lease | None]:
    """The lease for as long as the block runs, or None when somebody else has it."""
    lease = Lease(provider_id, work)
    if not lease.renew():
        yield None
        return
    try:
        yield lease
    finally:
        lease.give_back()


def taken(work: ProviderLease.Work) -> set[int]:
    """The providers at whom somebody does this work now."""
    return {provider_id for (provider_id,) in sql.rows(TAKEN, [work.value])}
