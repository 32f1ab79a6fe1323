"""Why money did not move. Each refusal left every account as it was."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError


class Refusal(Exception):
    """What the wallet's SQL functions refuse; each kind has an SQLSTATE of its own."""


class InsufficientFunds(Refusal):
    """Cash and bonus together do not cover the amount. balance, needed: account currency, scale 5."""

    def __init__(self, *, balance: Decimal, needed: Decimal) -> None:
        super().__init__(f"the balance {balance} does not cover {needed}")
        self.balance = balance
        self.needed = needed


class RefundExceedsCharge(Refusal):
    """More would go back than was charged for the subject and has not gone back yet (`left`)."""

    def __init__(self, *, amount: Decimal, left: Decimal) -> None:
        super().__init__(f"a refund of {amount} exceeds the {left} that is left of the charge")
        self.amount = amount
        self.left = left


class WalletFrozen(Refusal):
    """Nothing may be spent or paid out until staff unfreeze the wallet. What comes in still arrives."""

    def __init__(self, *, since: datetime) -> None:
        super().__init__(f"the wallet is frozen since {since}")
        self.since = since


class WalletOwes(Refusal):
    """Nothing is paid out to a customer who owes us. owed: account currency, scale 5."""

    def __init__(self, owed: Decimal) -> None:
        super().__init__(f"the customer owes {owed}")
        self.owed = owed


class SpendingLimitReached(Refusal):
    """`needed` on top of `spent` exceeds the limit of a period: "day" or "month", in UTC. Account currency, scale 5."""

    def __init__(self, *, period: str, limit: Decimal, spent: Decimal, needed: Decimal) -> None:
        super().__init__(f"the limit of {limit} a {period} does not allow {needed} after {spent}")
        self.period = period
        self.limit = limit
        self.spent = spent
        self.needed = needed

    @property
    def left(self) -> Decimal:
        """What may still be spent in the period; never below zero."""
        return max(self.limit - self.spent, Decimal(0))


class AmountNotPossible(ValueError):
    """An amount that is not positive, or has more than 5 decimals."""


class KeyUsedOtherwise(ValueError):
    """The key belongs to a transfer of another kind or for another subject: a bug in the caller."""


def _insufficient_funds(said: Mapping[str, Any]) -> Refusal:
    return InsufficientFunds(balance=Decimal(said["balance"]), needed=Decimal(said["needed"]))


def _refund_exceeds_charge(said: Mapping[str, Any]) -> Refusal:
    return RefundExceedsCharge(amount=Decimal(said["amount"]), left=Decimal(said["left"]))


def _wallet_frozen(said: Mapping[str, Any]) -> Refusal:
    return WalletFrozen(since=datetime.fromisoformat(said["since"]))


def _limit_reached(said: Mapping[str, Any]) -> Refusal:
    amounts = {name: Decimal(said[name]) for name in ("limit", "spent", "needed")}
    return SpendingLimitReached(period=said["period"], **amounts)


_BY_SQLSTATE: dict[str | None, Callable[[Mapping[str, Any]], Refusal]] = {
    "SMM01": _insufficient_funds,
    "SMM02": _refund_exceeds_charge,
    "SMM03": _wallet_frozen,
    "SMM04": _limit_reached,
}


def refusal_of(error: DatabaseError) -> Refusal | None:
    """The refusal that one of the wallet's SQL functions raised, or None when the error is another one."""
    cause = error.__cause__
    understood = _BY_SQLSTATE.get(getattr(cause, "pgcode", None))
    return understood(json.loads(cause.diag.message_detail)) if understood else None  # type: ignore[union-attr]
