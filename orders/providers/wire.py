"""Reading a provider's JSON without trusting it: each function gives a proper value or None, and never raises."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

LARGEST_ID = 2**63 - 1
LARGEST_COUNT = 2**31 - 1
LARGEST_AMOUNT = Decimal(10) ** 12
EXCERPT = 500
LONGEST_WAIT_S = 3600
_DIGITS = re.compile(r"[0-9]{1,19}\Z")
_FIFTH = Decimal("0.00001")


def parsed(body: bytes) -> object | None:
    """The JSON value of a body, None when it is no JSON."""
    try:
        return json.loads(body)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def object_of(body: bytes) -> dict[str, object] | None:
    """The JSON object of a body, None for anything else."""
    value = parsed(body)
    return value if isinstance(value, dict) else None


def order_id(raw: object) -> int | None:
    """An id as a JSON integer or plain digits, from 1 to 2^63-1 (decision 10)."""
    number = whole(raw)
    return number if number is not None and 1 <= number <= LARGEST_ID else None


def whole(raw: object) -> int | None:
    """A whole number that is not negative, as a JSON integer or plain ASCII digits."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw if raw >= 0 else None
    return int(raw) if isinstance(raw, str) and _DIGITS.match(raw.strip()) else None


def count(raw: object) -> int | None:
    """A whole number that the database's integer holds."""
    number = whole(raw)
    return number if number is not None and number <= LARGEST_COUNT else None


def amount(raw: object) -> Decimal | None:
    """A finite amount of money, as text or number, at five decimals."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    try:
        value = Decimal(str(raw).strip())
        return value.quantize(_FIFTH) if abs(value) < LARGEST_AMOUNT else None
    except InvalidOperation:
        return None


def text(raw: object, *, most: int) -> str:
    """A text without control characters, cut; "" for anything that is no text."""
    if not isinstance(raw, str):
        return ""
    return "".join(sign for sign in raw if sign.isprintable() or sign in "\n\t").strip()[:most]


def flag(raw: object) -> bool:
    """A yes in one of the wire's spellings."""
    return raw is True or str(raw).strip().lower() in ("1", "true", "yes")


def excerpt(body: bytes) -> str:
    """The start of an answer as text that the database takes, for people to read; never rendered unescaped."""
    return body[:EXCERPT].decode("utf-8", "replace").replace("\x00", "�")


def error_of(said: dict[str, object]) -> str | None:
    """The text of an error answer, None when the answer is none. An `error` that is empty or null is none."""
    raw = said.get("error")
    return text(raw, most=EXCERPT) or None if isinstance(raw, str) else None


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Whole seconds (RFC 9110 section 10.2.3), at most an hour; a date is not taken, as the clocks need not agree."""
    seconds = whole(headers.get("retry-after", ""))
    return None if seconds is None else min(seconds, LONGEST_WAIT_S)
