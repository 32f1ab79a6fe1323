"""What adding funds costs and brings: fee, total, bonus, and the limits of an amount (terms.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

CENT = Decimal("0.01")
WHOLE_BP = 10_000

# Why an amount cannot be asked for.
TOO_FINE = "more_than_two_decimals"
BELOW_MINIMUM = "below_minimum"
ABOVE_MAXIMUM = "above_maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What paying by one gateway costs. Account currency; fee_basis_points: hundredths of a percent of the amount."""

    minimum: Decimal
    maximum: Decimal
    fee_basis_points: int = 0
    fee_fixed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class BonusFrom:
    """From this amount a top-up brings a bonus, in hundredths of a percent of it."""

    amount: Decimal
    basis_points: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What the customer pays (total = amount + fee) and what the wallet gets (amount and bonus). 2 decimals."""

    amount: Decimal
    fee: Decimal
    bonus: Decimal

    @property
    def total(self) -> Decimal:
        return self.amount + self.fee


@dataclass(frozen=True, slots=True)
class NotQuoted:
    """An amount that cannot be asked for: why, and the limit it misses."""

    finding: str
    limit: Decimal


def quote(*, amount: Decimal, terms: Terms, bonus_rules: Sequence[BonusFrom]) -> Quote | NotQuoted:
    """Say what adding `amount` costs and brings (terms.4.2). The fee is rounded up to a cent, the bonus down.

    amount: finite, account currency. bonus_rules: in any order; of those reached, that from the highest amount counts.
    """
    if amount < terms.minimum:
        return NotQuoted(BELOW_MINIMUM, terms.minimum)
    if amount > terms.maximum:
        return NotQuoted(ABOVE_MAXIMUM, terms.maximum)
    if amount != amount.quantize(CENT, rounding=ROUND_FLOOR):
        return NotQuoted(TOO_FINE, CENT)
    fee = (_share(amount, terms.fee_basis_points) + terms.fee_fixed).quantize(CENT, rounding=ROUND_CEILING)
    reached = [rule for rule in bonus_rules if rule.amount <= amount]
    best = max(reached, key=lambda rule: rule.amount).basis_points if reached else 0
    return Quote(amount.quantize(CENT), fee, _share(amount, best).quantize(CENT, rounding=ROUND_FLOOR))


def _share(amount: Decimal, basis_points: int) -> Decimal:
    return amount * basis_points / WHOLE_BP
