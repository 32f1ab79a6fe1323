"""What a new order brings along of what was shown before it: whether that binds us, and what the order keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import DatabaseError

from orders.models import Order, Quote
from orders.operations import quotes
from orders.operations.quoting import Held, Request, Terms
from orders.operations.quoting import Quote as Quoted
from plumbing import canonical
from policies.rules import quotes as rule
from policies.rules.eligibility import Refusal
from policies.rules.quotes import Claim

ONE_ORDER = "one_order_a_quote"


@dataclass(frozen=True, slots=True)
class Presented:
    """What an order is to be placed at. shown: None where nothing was, or where it cannot be read.

    refusals: why it is not placed at it; () also for a program that goes by the price list (terms.3.2).
    """

    shown: quotes.Shown | None
    refusals: tuple[Refusal, ...]

    @property
    def held(self) -> Held | None:
        """The rate and forecast that were promised; None where today's hold."""
        return self.shown.held if self.shown and not self.refusals else None


def present(token: str | None, *, channel: Order.Channel, ordered: Claim, rate: Decimal, now: datetime) -> Presented:
    """Judge the token that came with an order. rate: what the order would be charged by without it."""
    if token is None and channel is not Order.Channel.WEB:
        return Presented(None, ())
    if not token:
        return Presented(None, (rule.NOT_SHOWN,))
    shown = quotes.read(token)
    if shown is None:
        return Presented(None, (rule.UNREADABLE,))
    promise = rule.Promise(shown.claim, shown.rate, shown.expires_at)
    return Presented(shown, rule.check_quote(promise, ordered=ordered, rate=rate, now=now))


def row(shown: quotes.Shown, quoted: Quoted, terms: Terms, request: Request) -> Mapping[str, Any] | None:
    """The columns of the quote that the order keeps; None where it showed other terms than the order would get."""
    content = quotes.content_of(quoted, terms, request)
    return shown.row(content) if canonical.digest(content) == shown.sha256 else None


def refusal_of(error: DatabaseError, shown: quotes.Shown | None) -> Refusal | None:
    """The refusal where the database says that the quote is kept with another order; None for every other error."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if shown is None or getattr(diagnosis, "constraint_name", None) != ONE_ORDER:
        return None
    return rule.used(order_id=Quote.objects.get(quote_id=shown.id, repeats=False).order_id)
