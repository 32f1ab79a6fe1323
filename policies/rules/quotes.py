"""Whether an order is placed at what was shown before paying: at that, or not at all (R4, refund.1.3, terms.3.2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from policies.rules.eligibility import Refusal

NOT_SHOWN = Refusal(None, "price_not_shown")
UNREADABLE = Refusal(None, "quote_unreadable")
EXPIRED = Refusal(None, "quote_expired")
TERMS_CHANGED = Refusal(None, "terms_changed")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for what. request_hash: of service, link, quantity and fields, so that equal hashes are equal orders."""

    user_id: int
    service_id: int
    request_hash: str

    def is_of_the_same_price(self, other: "Claim") -> bool:
        """Whether both are one customer's, for one service: then one rate was shown for both."""
        return (self.user_id, self.service_id) == (other.user_id, other.service_id)


@dataclass(frozen=True, slots=True)
class Promise:
    """What was shown, to whom and for which order. rate: per 1000 units, or of one package; expires_at: exclusive."""

    claim: Claim
    rate: Decimal
    expires_at: datetime


def check_quote(promise: Promise, *, ordered: Claim, rate: Decimal, now: datetime) -> tuple[Refusal, ...]:
    """Why an order is not placed at what was shown (terms.3.2); () where that binds us.

    It binds for the same customer and the same order, until the instant at which it expires. rate: what the order would
    be charged by today; that it is another one is said before anything else.
    """
    if promise.claim == ordered and now < promise.expires_at:
        return ()
    if promise.claim.is_of_the_same_price(ordered) and promise.rate != rate:
        return (Refusal(None, "price_changed", {"shown": promise.rate, "price": rate}),)
    return (EXPIRED if promise.claim == ordered else NOT_SHOWN,)


def used(*, order_id: int) -> Refusal:
    """One quote serves one order, and this one is kept with another already."""
    return Refusal(None, "quote_used", {"order": str(order_id)})
