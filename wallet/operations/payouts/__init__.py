"""Money on its way from a wallet to its owner: asked for, paid, refused, recorded, sent back the way it came.

The amount leaves the wallet when a payout begins, so that it cannot be spent twice, and comes back when it ends unpaid.
Locks: the top-up, then the payout, then the wallet.
"""

from wallet.operations.payouts.by_gateway import (
    BY_HAND,
    CannotSendBack,
    ExceedsTopUp,
    alarm_stuck,
    fail_payout,
    finish_payout,
    left_to_send_back,
    retry_payout,
    say_not_sent,
    say_sent,
    send_back,
)
from wallet.operations.payouts.by_hand import (
    ask_payout,
    destination_of,
    pay_out,
    payouts_of,
    record_payout,
    refuse_payout,
    withdraw_payout,
)
from wallet.operations.payouts.holding import (
    CENT,
    MOST_WAITING,
    PERMISSION,
    OwnPayout,
    PayoutEnded,
    TooManyWaiting,
    check_cents,
    payable_of,
)

__all__ = [
    "BY_HAND",
    "CENT",
    "MOST_WAITING",
    "PERMISSION",
    "CannotSendBack",
    "ExceedsTopUp",
    "OwnPayout",
    "PayoutEnded",
    "TooManyWaiting",
    "alarm_stuck",
    "ask_payout",
    "check_cents",
    "destination_of",
    "fail_payout",
    "finish_payout",
    "left_to_send_back",
    "pay_out",
    "payable_of",
    "payouts_of",
    "record_payout",
    "refuse_payout",
    "retry_payout",
    "say_not_sent",
    "say_sent",
    "send_back",
    "withdraw_payout",
]
