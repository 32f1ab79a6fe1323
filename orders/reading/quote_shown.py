"""What a kept quote had shown, as frozen values for the page of the evidence; the file has all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as it was shown, under its clause. amount: what would come back, account currency; None of none."""

    clause: str
    sentence: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Version:
    """A policy version that the quote named, by slug and number."""

    policy: str
    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class QuoteShown:
    """Price and plan in numbers, the rest in sentences. half, most: when so many of such orders end, None unknown."""

    name: str
    units: int
    rate: Decimal
    price: Decimal
    parts: int
    largest: int
    last_after: timedelta
    pace_per_hour: int | None
    tolerance: int
    half: timedelta | None
    most: timedelta | None
    expectations: Sequence[Said]
    conditions: Sequence[Said]
    versions: Sequence[Version]


def quote_shown(content: Mapping[str, Any]) -> QuoteShown | None:
    """Read what an order keeps of its quote; None for a shape that is not known here."""
    try:
        return _read(content)
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None


def _read(content: Mapping[str, Any]) -> QuoteShown:
    plan, forecast = content["plan"], content["forecast"]
    return QuoteShown(
        name=content["name"],
        units=content["units"],
        rate=Decimal(content["rate"]),
        price=Decimal(content["price"]),
        parts=plan["runs"],
        largest=plan["largest"],
        last_after=timedelta(seconds=plan["last_after_s"]),
        pace_per_hour=content["pace_per_hour"],
        tolerance=content["tolerance"],
        half=timedelta(seconds=forecast["p50_s"]) if forecast else None,
        most=timedelta(seconds=forecast["p90_s"]) if forecast else None,
        expectations=[Said(each["clause"], each["said"], None) for each in content["expectations"]],
        conditions=[Said(each["clause"], each["said"], Decimal(each["amount"])) for each in content["conditions"]],
        versions=[Version(each["policy"], each["number"], each["sha256"]) for each in content["versions"]],
    )
