"""What must hold between orders, their decisions and the ledger; `manage.py verify_ledger` runs it."""

from wallet.verification import Check, subjects_check

DECIDED = Check(
    "Each order's refunded is what the decisions about it paid back",
    """
    SELECT coalesce(o.id, d.subject_id) AS "order", o.refunded, d.amount AS decided
    FROM orders_order AS o FULL JOIN (
        SELECT subject_id, coalesce(sum(amount), 0) AS amount FROM policies_decision
        WHERE subject_type = 'order' GROUP BY subject_id
    ) AS d ON d.subject_id = o.id
    WHERE o.id IS NULL OR o.refunded <> coalesce(d.amount, 0)
    ORDER BY 1
    """,
)

CHECKS = [
    subjects_check(
        title="Each order's charge and refunded are what its transfers moved",
        subject_type="order",
        table="orders_order",
        charged="charge",
        refunded="refunded",
    ),
    DECIDED,
]
