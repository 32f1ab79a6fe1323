"""Whether an order is placed at what was shown before paying: it counts for a while (R4, refund.1.3, terms.3.2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policies.rules.eligibility import Refusal

UNREADABLE = Refusal(None, "quote_unreadable")
TERMS_CHANGED = Refusal(None, "terms_changed")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for what. request_hash: of service, link, quantity and fields, so that equal hashes are equal orders."""

    user_id: int
    service_id: int
    request_hash: str


def is_promise(*, quoted: Claim, ordered: Claim, expires_at: datetime, now: datetime) -> bool:
    """Whether a quote binds us: for the same customer and the same order, until the instant at which it expires."""
    return quoted == ordered and now < expires_at


def check_price(*, shown: Decimal, rate: Decimal) -> tuple[Refusal, ...]:
    """Without a promise, nobody pays another rate than the one they were shown (terms.3.2; reliability 3, row 32).

    rate: what the order would be charged by today.
    """
    return () if shown == rate else (Refusal(None, "price_changed", {"shown": shown, "price": rate}),)
