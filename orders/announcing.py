"""A pass at telling customers of a change: who has orders or money with us, the policies do not know (decision 3)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from orders.reading.customers import with_orders
from policies.operations import announcing
from policies.reading.announcements import mail_about
from wallet.reading.customers import with_money

LATELY = timedelta(days=365)


def work_on(*, version_id: int, now: datetime) -> None:
    """Go on telling of a version; harmless while somebody else is at it."""

    def concerned(user_ids: Iterable[int]) -> frozenset[int]:
        asked, since = list(user_ids), now - LATELY
        return with_orders(asked, since=since) | with_money(asked, since=since)

    announcing.work_on(version_id=version_id, say=mail_about, concerned=concerned, now=now)
