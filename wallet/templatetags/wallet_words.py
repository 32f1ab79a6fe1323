"""Template filters that write the wallet's codes for people: `{% load wallet_words %}`."""

from decimal import Decimal

from django import template

from plumbing.templatetags.amounts import amount
from wallet.models import BonusRule, PaymentMethod, TopUp, Transfer

register = template.Library()

# Why staff look at a payment, as its owner reads it; several findings are the same to them.
_FINDINGS = {
    "other_reference": "It was paid for another reference than this one.",
    "other_currency": "It came in another currency than asked for.",
    "short": "Less arrived than was asked for.",
    "over": "More arrived than was asked for.",
    "foreign_went_back": "Some of it went back, in another currency than asked for.",
    "more_arrived": "More arrived after it had been credited.",
    "paid_after_rejection": "It arrived after it had been rejected.",
    "shrunk": "The payment company no longer says that all of it arrived.",
    "returned": "What had been taken back came again.",
    "back_after_reversal": "What had been taken back came again.",
}
_TONES = {"paid": "good", "created": "info", "pending": "info", "review": "warn", "expired": "idle"}


@register.filter
def kind_label(kind: str) -> str:
    """A kind of transfer as the statement calls it."""
    return str(Transfer.Kind(kind).label)


@register.filter
def percent(basis_points: int) -> str:
    """Hundredths of a percent as people write them: "2.9 %"."""
    return f"{basis_points / 100:g} %"


@register.filter
def fee_terms(method: PaymentMethod) -> str:
    """What paying by a method costs on top: "no fee", "fee 2.9 % + $0.30"."""
    parts = [percent(method.fee_basis_points)] if method.fee_basis_points else []
    if method.fee_fixed:
        parts.append(amount(method.fee_fixed))
    return f"fee {' + '.join(parts)}" if parts else "no fee"


@register.filter
def bonus_terms(rule: BonusRule) -> str:
    """A bonus rule in a few words."""
    return f"from {amount(rule.from_amount)}: {percent(rule.basis_points)} bonus"


@register.filter
def finding_words(finding: str) -> str:
    """Why staff look at a payment, as far as it concerns its owner; "" for what is between the gateway and us."""
    return _FINDINGS.get(finding, "")


@register.filter
def figures(value: Decimal) -> str:
    """An amount without its currency, for one that may not be the site's: "51.75"."""
    whole, _, parts = f"{value:.5f}".partition(".")
    return f"{int(whole):,}.{parts.rstrip('0').ljust(2, '0')}"


@register.filter
def tone(top_up: TopUp) -> str:
    """The badge of a top-up's state."""
    return _TONES.get(top_up.state, "bad")
