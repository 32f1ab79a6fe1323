"""JSON in one spelling, so that equal facts have equal text and one digest."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal


def plain(value: object) -> object:
    """The value in JSON's own types: decimals as strings without an exponent, instants as UTC, keys as text.

    Raises TypeError for a float (its digits are a guess) and for anything else without one spelling, ValueError for a
    naive datetime.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value} names no time zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def text(value: object) -> str:
    """Canonical JSON: sorted keys, no blanks, characters as themselves."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON in UTF-8, hex."""
    return hashlib.sha256(text(value).encode()).hexdigest()
