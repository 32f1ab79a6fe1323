"""Which users have, or lately had, money with us. Reads only."""

from collections.abc import Iterable
from datetime import datetime

from plumbing import sql

# The newest entry of an account is the first one that its index finds.
WITH_MONEY = """
    SELECT DISTINCT account.user_id FROM wallet_account AS account
    LEFT JOIN LATERAL (
        SELECT transfer.at
        FROM wallet_entry AS entry JOIN wallet_transfer AS transfer ON transfer.id = entry.transfer_id
        WHERE entry.account_id = account.id ORDER BY entry.id DESC LIMIT 1) AS newest ON true
    WHERE account.user_id = ANY (%s) AND (account.balance > 0 OR newest.at >= %s)
"""


def with_money(user_ids: Iterable[int], *, since: datetime) -> frozenset[int]:
    """Of these, who has a balance, or money that moved since an instant. One query."""
    return frozenset(user_id for (user_id,) in sql.rows(WITH_MONEY, [sql.numbers(user_ids), since]))
