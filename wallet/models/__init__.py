"""The wallet's tables. Nobody outside `wallet` imports them; money moves through `wallet.operations` alone."""

from wallet.models.audit import Event, LedgerCheck
from wallet.models.corrections import Adjustment, MoneyRules, Payout
from wallet.models.ledger import (
    ACCOUNT_KINDS,
    BONUS,
    CASH,
    DEBT,
    SYSTEM,
    WALLET_KINDS,
    Account,
    Entry,
    Transfer,
)
from wallet.models.payments import BonusRule, GatewayEvent, PaymentMethod, TopUp
from wallet.models.safeguards import Safeguard, SpentDay

__all__ = [
    "ACCOUNT_KINDS",
    "BONUS",
    "CASH",
    "DEBT",
    "SYSTEM",
    "WALLET_KINDS",
    "Account",
    "Adjustment",
    "BonusRule",
    "Entry",
    "Event",
    "GatewayEvent",
    "LedgerCheck",
    "MoneyRules",
    "PaymentMethod",
    "Payout",
    "Safeguard",
    "SpentDay",
    "TopUp",
    "Transfer",
]
