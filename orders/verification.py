"""What must hold between orders and the ledger; `manage.py verify_ledger` runs it."""

from wallet.verification import subjects_check

CHECKS = [
    subjects_check(
        title="Each order's charge and refunded are what its transfers moved",
        subject_type="order",
        table="orders_order",
        charged="charge",
        refunded="refunded",
    )
]
