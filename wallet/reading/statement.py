"""A customer's statement: what came and went, the balance after each line, filters that cost the same at any depth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from plumbing import sql

FIRST_LOOK = 500  # entries read for a page under a filter; mostly that is enough
LOOK_THROUGH = 5_000  # read at most; where few of them pass the filter, the page ends there and says so
BATCH = 2_000  # lines that an export holds in memory
# `at` is read before the wallet is locked and ids are drawn after, so both orders may differ by as long as one waited.
MARGIN = timedelta(minutes=10)

# Written so that any statistics lead to the same plan: a limit that the planner cannot see makes it read an account in
# order instead of sorting all of it, and each transfer is one look-up. An account's entries are named by pairs
# (account, id), as their index holds them: asked for as "this account, by id", the planner may walk the whole ledger
# backwards by its primary key, and for an account with few entries that never ends. The balance after a line is that of
# the newest entry less what came after the line: no look-up for each line, which a wrong plan would make slow.
PAGE = """
WITH account AS MATERIALIZED (
  SELECT id, kind,
         CASE WHEN %(since)s::timestamptz IS NULL THEN 0
              ELSE wallet_entry_at(id, %(since)s::timestamptz - %(margin)s) END AS low,
         least(%(before)s::bigint, CASE WHEN %(until)s::timestamptz IS NULL THEN 9223372036854775807
                                        ELSE wallet_entry_at(id, %(until)s::timestamptz + %(margin)s) END) AS high
  FROM wallet_account WHERE user_id = %(user_id)s AND kind IN ('cash', 'bonus', 'debt')
), looked AS MATERIALIZED (
  SELECT e.id, e.transfer_id, e.amount, a.kind AS account
  FROM account a CROSS JOIN LATERAL (
    SELECT id, transfer_id, amount FROM wallet_entry
    WHERE (account_id, id) >= (a.id, a.low) AND (account_id, id) < (a.id, a.high)
    ORDER BY account_id DESC, id DESC LIMIT (SELECT %(look)s)
  ) e
  ORDER BY e.id DESC LIMIT (SELECT %(look)s)
), top AS MATERIALIZED (
  SELECT coalesce(sum(newest.balance_after), 0) AS balance
  FROM account a CROSS JOIN LATERAL (
    SELECT balance_after FROM wallet_entry WHERE (account_id, id) >= (a.id, 0) AND (account_id, id) < (a.id, a.high)
    ORDER BY account_id DESC, id DESC LIMIT 1) newest
  WHERE a.kind <> 'debt'
), counted AS (
  SELECT l.*, coalesce(sum(CASE WHEN account <> 'debt' THEN amount END)
                       OVER (ORDER BY id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer
  FROM looked l
), found AS (
  SELECT l.*, t.at, t.kind, t.subject_type, t.subject_id, t.reason
  FROM counted l CROSS JOIN LATERAL (SELECT * FROM wallet_transfer WHERE id = l.transfer_id LIMIT 1) t
  WHERE (%(kind)s = '' OR t.kind = %(kind)s)
    AND (%(since)s::timestamptz IS NULL OR t.at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR t.at < %(until)s)
  ORDER BY l.id DESC LIMIT %(size)s
)
SELECT seen.entries, seen.lowest, f.id, f.at, f.kind, f.subject_type, f.subject_id, top_up.reference, f.reason,
       f.amount, f.account, top.balance - f.newer, f.transfer_id
FROM (SELECT count(*) AS entries, min(id) AS lowest FROM looked) seen CROSS JOIN top
LEFT JOIN found f ON true
LEFT JOIN wallet_topup top_up ON f.subject_type = 'top_up' AND top_up.id = f.subject_id
ORDER BY f.id DESC
"""


class Line(NamedTuple):
    """One leg of a transfer on the customer's side. balance: cash and bonus together right after it.

    account: "cash", "bonus", or "debt" for what is owed. reference: of the top-up it is about.
    """

    entry_id: int
    at: datetime
    kind: str
    subject_type: str
    subject_id: int | None
    reference: str | None
    reason: str
    amount: Decimal
    account: str
    balance: Decimal
    transfer_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines: of one kind of transfer ('' for all), from `since` on and before `until`."""

    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def filters(self) -> bool:
        """Whether anything is left out."""
        return self != Wanted()


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, the newest first. older_than: pass it as `before` to go on; None at the end.

    gave_up: there are fewer lines than asked for because LOOK_THROUGH entries were read, and more may follow.
    """

    lines: Sequence[Line]
    older_than: int | None
    gave_up: bool


EVERYTHING = Wanted()


def page(*, user_id: int, size: int, before: int | None = None, wanted: Wanted = EVERYTHING) -> Page:
    """The `size` newest lines older than entry id `before`.

    Each account is read downwards through its own (account, id) index between bounds that are looked up, so that
    a page costs the same at any depth (P9): one query, and a second one where few entries pass the filter.
    """
    if not wanted.filters:
        return _page(user_id=user_id, size=size, before=before, wanted=wanted, look=size + 1)
    first = _page(user_id=user_id, size=size, before=before, wanted=wanted, look=FIRST_LOOK)
    if not first.gave_up:
        return first
    return _page(user_id=user_id, size=size, before=before, wanted=wanted, look=LOOK_THROUGH)


def lines(*, user_id: int, wanted: Wanted = EVERYTHING) -> Iterator[Line]:
    """Every line, newest first, in constant memory: batches of short queries, and no transaction held open between.

    A ledger only grows at its new end, so that what is read downwards from a place never changes meanwhile.
    """
    before: int | None = None
    while True:
        batch = page(user_id=user_id, size=BATCH, before=before, wanted=wanted)
        yield from batch.lines
        if (before := batch.older_than) is None:
            return


def _page(*, user_id: int, size: int, before: int | None, wanted: Wanted, look: int) -> Page:
    values = {
        "user_id": user_id,
        "kind": wanted.kind,
        "since": wanted.since,
        "until": wanted.until,
        "before": before,
        "look": look,
        "size": size + 1,
        "margin": MARGIN,
    }
    found = sql.rows(PAGE, values)
    entries, lowest = found[0][:2]
    passed = [Line(*row[2:]) for row in found if row[2] is not None]
    if len(passed) > size:
        return Page(passed[:size], passed[size - 1].entry_id, gave_up=False)
    gave_up = entries == look
    return Page(passed, lowest if gave_up else None, gave_up)
