"""What holds a wallet back, as every page about money says on top."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wallet import operations


@dataclass(frozen=True, slots=True)
class Holds:
    """frozen_since: nothing may be spent or paid out since then. owed: what comes in pays this first."""

    frozen_since: datetime | None
    owed: Decimal


def holds_of(user_id: int) -> Holds:
    """What to say about a customer's wallet; nothing about most."""
    return Holds(frozen_since=operations.frozen_since(user_id), owed=operations.debt_of(user_id))
