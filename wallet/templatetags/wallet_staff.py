"""What the admin's own pages show of money: the wallet section's front, and a customer's page."""

from dataclasses import dataclass
from decimal import Decimal

from django import template

from wallet.models import LedgerCheck, Safeguard
from wallet.operations.accounts import Balances, balances_of, debt_of
from wallet.reading.waiting import Waiting, waiting

register = template.Library()


@dataclass(frozen=True, slots=True)
class Purse:
    """A customer's money as staff see it. owes: what they owe us."""

    balances: Balances
    owes: Decimal
    is_frozen: bool


@register.simple_tag
def last_ledger_check() -> LedgerCheck | None:
    """The newest result of verifying the books, None before the first."""
    return LedgerCheck.objects.defer("report").order_by("-id").first()


@register.simple_tag
def money_waiting() -> Waiting:
    """What staff have to look at."""
    return waiting()


@register.simple_tag
def purse_of(user_id: int) -> Purse:
    """What a customer has and owes, and whether it is frozen."""
    frozen = Safeguard.objects.filter(pk=user_id, frozen_at__isnull=False).exists()
    return Purse(balances_of(user_id), debt_of(user_id), frozen)
