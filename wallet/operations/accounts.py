"""A customer's accounts and what they hold, and the shared accounts on the other side."""

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from django.db.models import DecimalField, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from plumbing import sql
from wallet.models import (
    BONUS,
    CASH,
    SYSTEM,
    WALLET_KINDS,
    Account,
    MoneyRules,
    PaymentMethod,
    Transfer,
)

ORDERS = "orders"  # its sum is what customers paid for orders and did not get back
TOP_UPS = "top_ups"  # minus everything ever paid in and not taken back
BONUSES = "bonuses"  # minus what top-ups brought on top
GOODWILL = "goodwill"  # minus what was given outside the policies
ADJUSTMENTS = "adjustments"  # minus what staff corrected
PAYOUTS = "payouts"  # everything that left for its owner, or is on its way
SYSTEM_CODES = (ORDERS, TOP_UPS, BONUSES, GOODWILL, ADJUSTMENTS, PAYOUTS)

METHODS = {  # gateway → title; the owner edits the terms
    "sandbox": "Test payment",
    "stripe": "Card",
    "btcpay": "Bitcoin",
    "manual": "Bank transfer",
}


@dataclass(frozen=True, slots=True)
class Balances:
    """What a customer can spend, by where it came from."""

    cash: Decimal
    bonus: Decimal

    @property
    def total(self) -> Decimal:
        """What an order may cost at most."""
        return self.cash + self.bonus


def seed() -> None:
    """Make the shared accounts, the ways to pay and the rules about money. Again changes nothing (decision 3)."""
    Account.objects.bulk_create([Account(kind=SYSTEM, code=code) for code in SYSTEM_CODES], ignore_conflicts=True)
    methods = [
        PaymentMethod(gateway=gateway, title=title, position=position)
        for position, (gateway, title) in enumerate(METHODS.items(), start=1)
    ]
    PaymentMethod.objects.bulk_create(methods, ignore_conflicts=True)
    MoneyRules.objects.bulk_create([MoneyRules(pk=1)], ignore_conflicts=True)


def balance_of(user_id: int) -> Decimal:
    """Cash and bonus together, account currency, scale 5; 0 for a user whose wallet was never used."""
    total = Coalesce(Sum("balance"), Value(Decimal(0), DecimalField()))
    return cast(
        "Decimal", Account.objects.filter(user_id=user_id, kind__in=WALLET_KINDS).aggregate(total=total)["total"]
    )


def balances_of(user_id: int) -> Balances:
    """Cash and bonus apart, account currency, scale 5; zeros for a user whose wallet was never used."""
    held = Account.objects.filter(user_id=user_id, kind__in=WALLET_KINDS).values_list("kind", "balance")
    balances = {kind: balance or Decimal(0) for kind, balance in held}
    return Balances(cash=balances.get(CASH, Decimal(0)), bonus=balances.get(BONUS, Decimal(0)))


def debt_of(user_id: int) -> Decimal:
    """What the customer owes, account currency, scale 5; 0 for most. Whatever reaches their cash pays it first."""
    ((owed,),) = sql.rows("SELECT wallet_debt(%s)", [user_id])
    return cast("Decimal", owed)


def transfers_on(*, subject_type: str, subject_id: int) -> "QuerySet[Transfer]":
    """Every transfer about one subject, the oldest first, each with its entries and their accounts."""
    found = Transfer.objects.filter(subject_type=subject_type, subject_id=subject_id)
    return found.prefetch_related("entries__account").order_by("id")
