"""Whether the ledger is one: entries, transfers, balances, debts, and what was counted against spending limits."""

from wallet.verification.base import Check

SUM_IS_ZERO = Check(
    "All entries together sum to zero",
    "SELECT sum(amount) AS total FROM wallet_entry HAVING sum(amount) <> 0",
)

TRANSFERS_CANCEL_OUT = Check(
    "Each transfer has at least two legs and they cancel out",
    """
    SELECT t.id AS transfer, t.key, coalesce(e.legs, 0) AS legs, coalesce(e.total, 0) AS total
    FROM wallet_transfer t LEFT JOIN (
      SELECT transfer_id, count(*) AS legs, sum(amount) AS total FROM wallet_entry GROUP BY transfer_id
    ) e ON e.transfer_id = t.id
    WHERE e.legs IS NULL OR e.legs < 2 OR e.total <> 0 ORDER BY t.id
    """,
)

WALLETS_EQUAL_THEIR_ENTRIES = Check(
    "Each wallet holds what its entries sum to, and no less than zero",
    """
    SELECT a.id AS account, a.user_id AS "user", a.kind, a.balance, coalesce(e.total, 0) AS entries
    FROM wallet_account a
    LEFT JOIN (SELECT account_id, sum(amount) AS total FROM wallet_entry GROUP BY account_id) e ON e.account_id = a.id
    WHERE a.kind IN ('cash', 'bonus') AND (a.balance <> coalesce(e.total, 0) OR a.balance < 0) ORDER BY a.id
    """,
)

RUNNING_BALANCES_FOLLOW = Check(
    "Each wallet entry's running balance follows from the one before",
    """
    SELECT id AS entry, account_id AS account, before, amount, balance_after FROM (
      SELECT e.*, coalesce(lag(e.balance_after) OVER (PARTITION BY e.account_id ORDER BY e.id), 0) AS before
      FROM wallet_entry e JOIN wallet_account a ON a.id = e.account_id AND a.kind IN ('cash', 'bonus')
    ) legs WHERE balance_after IS DISTINCT FROM before + amount ORDER BY id
    """,
)

ACCOUNTS_EXIST = Check(
    "Each entry stands on an account",
    """
    SELECT e.id AS entry, e.account_id AS account FROM wallet_entry e
    WHERE NOT EXISTS (SELECT FROM wallet_account a WHERE a.id = e.account_id) ORDER BY e.id
    """,
)

DEBTS_ARE_OWED = Check(
    "No debt is above zero, and who owes something has no cash",
    """
    SELECT d.id AS account, d.user_id AS "user", sum(e.amount) AS entries, c.balance AS cash
    FROM wallet_account d JOIN wallet_entry e ON e.account_id = d.id
    LEFT JOIN wallet_account c ON c.user_id = d.user_id AND c.kind = 'cash'
    WHERE d.kind = 'debt' GROUP BY d.id, c.balance
    HAVING sum(e.amount) > 0 OR (sum(e.amount) < 0 AND c.balance > 0) ORDER BY d.id
    """,
)

SPENT_DAYS_FOLLOW = Check(
    "What counts against spending limits follows from the ledger",
    """
    WITH kept AS MATERIALIZED (SELECT user_id, min(day) AS since FROM wallet_spentday GROUP BY user_id)
    SELECT user_id AS "user", day, s.amount AS counted, l.amount AS in_ledger
    FROM wallet_spentday s FULL JOIN (
      SELECT l.* FROM kept JOIN wallet_spent_by_ledger(
        (SELECT array_agg(user_id) FROM kept), (SELECT min(since) FROM kept)) l USING (user_id)
      WHERE l.day >= kept.since
    ) l USING (user_id, day)
    WHERE coalesce(s.amount, 0) <> coalesce(l.amount, 0) ORDER BY user_id, day
    """,
)

CHECKS = [
    SUM_IS_ZERO,
    TRANSFERS_CANCEL_OUT,
    WALLETS_EQUAL_THEIR_ENTRIES,
    RUNNING_BALANCES_FOLLOW,
    ACCOUNTS_EXIST,
    DEBTS_ARE_OWED,
    SPENT_DAYS_FOLLOW,
]
