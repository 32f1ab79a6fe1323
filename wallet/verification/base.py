"""What a check of the books is, and the one about other apps' rows. Checks only read."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

SHOWN = 100  # rows named for a check that fails; more would hide the cause in its effects


@dataclass(frozen=True, slots=True)
class Check:
    """title: what must hold. sql: one statement, so that it sees one moment; it returns the rows that differ."""

    title: str
    sql: str

    def differing(self) -> list[dict[str, Any]]:
        """The first rows that break the check, column name → value; none when it holds."""
        with connection.cursor() as cursor:
            cursor.execute(f"{self.sql} LIMIT {SHOWN}")
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def subjects_check(*, title: str, subject_type: str, table: str, charged: str, refunded: str) -> Check:
    """A check that another app's rows say what the ledger moved for them.

    table has an `id`; charged and refunded are its columns for both sums, account currency. Names are the caller's own
    constants, never input. A transfer for a row that does not exist, or of another's money than its user_id's, differs.
    """
    return Check(
        title,
        f"""
        SELECT coalesce(s.id, m.subject_id) AS {subject_type}, s.{charged} AS charged, m.charged AS charged_in_ledger,
               s.{refunded} AS refunded, m.refunded AS refunded_in_ledger
        FROM {table} s FULL JOIN (
          SELECT t.subject_id, min(a.user_id) AS first_user, max(a.user_id) AS last_user,
                 -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'charge'), 0) AS charged,
                 coalesce(sum(e.amount) FILTER (WHERE t.kind = 'refund'), 0) AS refunded
          FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id
          JOIN wallet_account a ON a.id = e.account_id AND a.kind IN ('cash', 'bonus')
          WHERE t.subject_type = '{subject_type}' GROUP BY t.subject_id
        ) m ON m.subject_id = s.id
        WHERE s.id IS NULL OR s.{charged} <> coalesce(m.charged, 0) OR s.{refunded} <> coalesce(m.refunded, 0)
           OR m.first_user <> s.user_id OR m.last_user <> s.user_id
        ORDER BY 1
        """,  # noqa: S608 - identifiers written in code
    )
