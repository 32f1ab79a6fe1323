"""Payments coming in: asked for by customers, told of by gateways, decided by staff. Each function is one transaction.

Locks: the top-up, then its payouts, then the wallet. Nothing here speaks to a gateway: `wallet.collecting` does.
"""

from wallet.operations.payments.asking import (
    MOST_OPEN,
    TopUpRefused,
    check_again,
    find_payment,
    give_up_starting,
    methods_offered,
    quote_top_up,
    register_payment,
    start_top_up,
    top_ups_of,
)
from wallet.operations.payments.deciding import (
    BankReferenceUsed,
    CreditNotPossible,
    NotWaiting,
    OwnPayment,
    SecondPersonNeeded,
    SecondReasonNeeded,
    confirm_manual,
    reject,
    resolve_review,
)
from wallet.operations.payments.noticing import (
    mark_handled,
    note_odd_answer,
    note_refusal,
    receive_notice,
    report_second_payment,
    top_up_of_truth,
)
from wallet.operations.payments.settling import OVERTAKEN, expire, settle
from wallet.operations.payments.standing import to_give_back
from wallet.operations.payments.telling import page_of

__all__ = [
    "MOST_OPEN",
    "OVERTAKEN",
    "BankReferenceUsed",
    "CreditNotPossible",
    "NotWaiting",
    "OwnPayment",
    "SecondPersonNeeded",
    "SecondReasonNeeded",
    "TopUpRefused",
    "check_again",
    "confirm_manual",
    "expire",
    "find_payment",
    "give_up_starting",
    "mark_handled",
    "methods_offered",
    "note_odd_answer",
    "note_refusal",
    "page_of",
    "quote_top_up",
    "receive_notice",
    "register_payment",
    "reject",
    "report_second_payment",
    "resolve_review",
    "settle",
    "start_top_up",
    "to_give_back",
    "top_up_of_truth",
    "top_ups_of",
]
