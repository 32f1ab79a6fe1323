"""The one door to money: everything another app may call (decision 18)."""

from wallet.operations.accounts import (
    balance_of,
    balances_of,
    debt_of,
    seed,
    transfers_on,
)
from wallet.operations.moving import charge, grant_bonus, move, refund, take_back, top_up
from wallet.operations.refusals import (
    AmountNotPossible,
    InsufficientFunds,
    KeyUsedOtherwise,
    RefundExceedsCharge,
    Refusal,
    SpendingLimitReached,
    WalletFrozen,
    WalletOwes,
    refusal_of,
)
from wallet.operations.safeguards import (
    Limits,
    freeze,
    freeze_by_staff,
    frozen_since,
    is_frozen,
    limits_of,
    set_limits,
    set_staff_limits,
    unfreeze,
)
from wallet.operations.terms import introduce_method

__all__ = [
    "AmountNotPossible",
    "InsufficientFunds",
    "KeyUsedOtherwise",
    "Limits",
    "RefundExceedsCharge",
    "Refusal",
    "SpendingLimitReached",
    "WalletFrozen",
    "WalletOwes",
    "balance_of",
    "balances_of",
    "charge",
    "debt_of",
    "freeze",
    "freeze_by_staff",
    "frozen_since",
    "grant_bonus",
    "introduce_method",
    "is_frozen",
    "limits_of",
    "move",
    "refund",
    "refusal_of",
    "seed",
    "set_limits",
    "set_staff_limits",
    "take_back",
    "top_up",
    "transfers_on",
    "unfreeze",
]
