"""What a transfer of each kind may be: which accounts it touches, in which direction, whose, and about what."""

from wallet.models import BONUS, CASH, DEBT, Transfer
from wallet.operations.accounts import ADJUSTMENTS, BONUSES, GOODWILL, ORDERS, PAYOUTS, TOP_UPS
from wallet.verification.base import Check

IN, OUT, EITHER = 1, -1, 0  # the sign of a leg
Kind = Transfer.Kind

# Kind → the places where it may have a leg, a customer's account or a shared one, and the leg's sign.
LEGS: dict[str, dict[str, int]] = {
    Kind.TOP_UP: {CASH: IN, TOP_UPS: OUT},
    Kind.BONUS: {BONUS: EITHER, BONUSES: EITHER},
    Kind.CHARGE: {CASH: OUT, BONUS: OUT, ORDERS: IN},
    Kind.REFUND: {CASH: IN, BONUS: IN, ORDERS: OUT},
    Kind.GOODWILL: {BONUS: IN, GOODWILL: OUT},
    Kind.ADJUSTMENT: {CASH: EITHER, ADJUSTMENTS: EITHER},
    Kind.PAYOUT: {CASH: OUT, PAYOUTS: IN},
    Kind.PAYOUT_RETURNED: {CASH: IN, PAYOUTS: OUT},
    Kind.TAKEN_BACK: {CASH: OUT, DEBT: OUT, TOP_UPS: IN, BONUS: OUT, BONUSES: IN},
    Kind.GIVEN_BACK: {CASH: IN, TOP_UPS: OUT, BONUS: IN, BONUSES: OUT},
    Kind.DEBT_PAID: {CASH: OUT, DEBT: IN},
}
# Kind → what it may be about; "" for kinds that stand for themselves and have a check of their own.
ABOUT: dict[str, tuple[str, ...]] = {
    Kind.TOP_UP: ("top_up",),
    Kind.BONUS: ("top_up", "payout"),
    Kind.CHARGE: ("order",),
    Kind.REFUND: ("order",),
    Kind.GOODWILL: ("",),
    Kind.ADJUSTMENT: ("adjustment",),
    Kind.PAYOUT: ("payout",),
    Kind.PAYOUT_RETURNED: ("payout",),
    Kind.TAKEN_BACK: ("top_up",),
    Kind.GIVEN_BACK: ("top_up",),
    Kind.DEBT_PAID: ("",),
}


def _row(*values: str | int) -> str:
    """As SQL writes a row of constants; they are written above and never input."""
    return f"({', '.join(repr(value) for value in values)})"


_LEGS = ", ".join(_row(str(kind), place, sign) for kind, legs in LEGS.items() for place, sign in legs.items())
_ABOUT = ", ".join(_row(str(kind), subject) for kind, subjects in ABOUT.items() for subject in subjects)

LEGS_FIT = Check(
    "Each leg stands where its transfer's kind may touch money, and in that direction",
    f"""
    SELECT t.id AS transfer, t.kind, t.key, coalesce(a.code, a.kind) AS account, a.user_id AS "user", e.amount
    FROM wallet_entry e JOIN wallet_transfer t ON t.id = e.transfer_id JOIN wallet_account a ON a.id = e.account_id
    LEFT JOIN (VALUES {_LEGS}) AS l (kind, place, sign)
      ON l.kind = t.kind AND l.place = coalesce(a.code, a.kind) AND l.sign IN (0, sign(e.amount))
    WHERE l.kind IS NULL ORDER BY e.id
    """,  # noqa: S608 - the constants above
)

SUBJECTS_FIT = Check(
    "Each transfer is about what its kind may be about",
    f"""
    SELECT t.id AS transfer, t.kind, t.key, t.subject_type, t.subject_id FROM wallet_transfer t
    WHERE (t.kind, t.subject_type) NOT IN (VALUES {_ABOUT}) ORDER BY t.id
    """,  # noqa: S608 - the constants above
)

ONE_CUSTOMER = Check(
    "Each transfer moves the money of one customer",
    """
    SELECT t.id AS transfer, t.kind, t.key, m.first_user, m.last_user
    FROM wallet_transfer t LEFT JOIN (
      SELECT e.transfer_id, min(a.user_id) AS first_user, max(a.user_id) AS last_user
      FROM wallet_entry e JOIN wallet_account a ON a.id = e.account_id GROUP BY e.transfer_id
    ) m ON m.transfer_id = t.id
    WHERE m.first_user IS NULL OR m.first_user <> m.last_user ORDER BY t.id
    """,
)

BONUS_STAYS_BONUS = Check(
    "What is taken or given back as bonus is no cash, and the other way round",
    """
    SELECT t.id AS transfer, t.key, sum(e.amount) AS between_bonus_and_cash
    FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id JOIN wallet_account a ON a.id = e.account_id
    WHERE t.kind IN ('taken_back', 'given_back') AND coalesce(a.code, a.kind) IN ('bonus', 'bonuses')
    GROUP BY t.id HAVING sum(e.amount) <> 0 ORDER BY t.id
    """,
)

DEBTS_ARE_PAID_BY_WHAT_CAME = Check(
    "Each debt was paid by cash that a transfer had just brought to who owed it",
    """
    SELECT d.id AS transfer, d.key, -paid.amount AS paid, c.amount AS brought
    FROM wallet_transfer d
    LEFT JOIN (
      SELECT e.transfer_id, e.amount, e.account_id FROM wallet_entry e
      JOIN wallet_account a ON a.id = e.account_id AND a.kind = 'cash'
    ) paid ON paid.transfer_id = d.id
    LEFT JOIN wallet_transfer t
      ON t.id = substring(d.key FROM '^debt:([0-9]{1,18})$')::bigint AND t.id < d.id AND t.kind <> 'debt_paid'
    LEFT JOIN wallet_entry c ON c.transfer_id = t.id AND c.account_id = paid.account_id AND c.amount > 0
    WHERE d.kind = 'debt_paid' AND (c.id IS NULL OR paid.amount IS NULL) ORDER BY d.id
    """,
)

GOODWILL_IS_RECORDED = Check(
    "Each goodwill is on record with who gave it to whom and how much",
    """
    SELECT coalesce(t.id, v.subject_id) AS transfer, t.actor, t.amount, v.actor AS recorded_actor,
           v.facts->>'amount' AS recorded_amount
    FROM (
      SELECT t.id, t.actor, max(a.user_id) AS user_id, -sum(e.amount) FILTER (WHERE a.code = 'goodwill') AS amount
      FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id JOIN wallet_account a ON a.id = e.account_id
      WHERE t.kind = 'goodwill' GROUP BY t.id
    ) t
    FULL JOIN (SELECT * FROM wallet_event WHERE subject_type = 'goodwill' AND kind = 'given') v ON v.subject_id = t.id
    WHERE t.id IS NULL OR v.id IS NULL OR v.actor <> t.actor OR v.actor NOT LIKE 'staff:%'
       OR v.user_id <> t.user_id OR (v.facts->>'amount')::numeric IS DISTINCT FROM t.amount
    ORDER BY 1
    """,
)

CHECKS = [LEGS_FIT, SUBJECTS_FIT, ONE_CUSTOMER, BONUS_STAYS_BONUS, DEBTS_ARE_PAID_BY_WHAT_CAME, GOODWILL_IS_RECORDED]
