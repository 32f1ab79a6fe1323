"""Template filters that write amounts, counts and spans of time for people: `{% load amounts %}`."""

from datetime import timedelta
from decimal import Decimal

from django import template
from django.conf import settings

register = template.Library()

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "JPY": "¥", "TRY": "₺", "BRL": "R$", "NGN": "₦"}
_SHOWN_PLACES = 2


@register.filter
def amount(value: Decimal | None) -> str:
    """Write an amount exactly: at least two decimals, more only where they are not zero ("$1,234.50", "$0.27819").

    None becomes "", so that a template can ask for what is not known yet.
    """
    if value is None:
        return ""
    sign = "−" if value < 0 else ""
    whole, _, parts = f"{abs(value):.5f}".partition(".")
    parts = parts.rstrip("0").ljust(_SHOWN_PLACES, "0")
    figures = f"{int(whole):,}.{parts}"
    symbol = _SYMBOLS.get(settings.CURRENCY)
    return f"{sign}{symbol}{figures}" if symbol else f"{sign}{figures} {settings.CURRENCY}"


@register.filter
def count(value: int | None) -> str:
    """Write a number of units with thousands separated; None becomes ""."""
    return "" if value is None else f"{value:,}"


@register.filter
def span(minutes: int | timedelta | None) -> str:
    """Write a span (minutes, or a timedelta) in its two largest units: "45 min", "3 h 20 min", "2 d 4 h"."""
    if minutes is None:
        return ""
    whole = int(minutes.total_seconds() // 60) if isinstance(minutes, timedelta) else minutes
    days, rest = divmod(max(whole, 0), 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (left, "min")]
    said = [f"{number} {unit}" for number, unit in parts if number][:2]
    return " ".join(said) or "under 1 min"
