"""What the admin's own pages show of money: the wallet section's front, and a customer's page."""

from dataclasses import dataclass
from decimal import Decimal

from django import template

from wallet.models import Adjustment, LedgerCheck, Payout, Safeguard, TopUp
from wallet.operations.accounts import Balances, balances_of, debt_of
from wallet.operations.payouts import BY_HAND

register = template.Library()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each wait for a person."""

    by_hand: int
    review: int
    payouts: int
    corrections: int


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
    """What staff have to look at, each counted through its index."""
    return Waiting(
        by_hand=TopUp.objects.filter(state=TopUp.State.PENDING, gateway=BY_HAND).count(),
        review=TopUp.objects.filter(state=TopUp.State.REVIEW).count(),
        payouts=Payout.objects.filter(state=Payout.State.ASKED).count(),
        corrections=Adjustment.objects.filter(state=Adjustment.State.WAITING).count(),
    )


@register.simple_tag
def purse_of(user_id: int) -> Purse:
    """What a customer has and owes, and whether it is frozen."""
    frozen = Safeguard.objects.filter(pk=user_id, frozen_at__isnull=False).exists()
    return Purse(balances_of(user_id), debt_of(user_id), frozen)
