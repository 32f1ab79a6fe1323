"""The wire format of API v2: how parameters are read and values are spelled (api-v2 b.1, b.8, b.10)."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.core.exceptions import BadRequest, SuspiciousMultipartForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError

from orders.operations.quoting import whole_units
from policies.models import PolicyVersion
from policies.rules.eligibility import Refusal

MOST_IDS = 100
LONGEST_REQUEST_KEY = 128
_ABSENT = frozenset({"", "undefined", "null", "None", "NaN"})
_ID = re.compile(r"[0-9]{1,18}")
_DIGITS = re.compile(r"[0-9]+")
_NEVER_STORED = re.compile("[\0\ud800-\udfff]")

Params = Mapping[str, str]


class ApiError(Exception):
    """An error as API v2 tells it. code, clause: for headers, since the body has room for the text alone."""

    def __init__(self, text: str, *, code: str = "incorrect_request", clause: str = "", status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.clause = clause
        self.status = status


def params_of(request: HttpRequest) -> Params:
    """The call's parameters: form, multipart or JSON. What clients send for "nothing" is left out (b.10.3).

    Raises ApiError for what cannot be read, and for text that no database keeps: NUL and lone surrogates.
    """
    if request.content_type == "application/json":
        given = _json_object(request.body)
    else:
        given = {name: str(value) for name, value in _form(request).items()}
    if any(map(_NEVER_STORED.search, given.values())):
        raise ApiError("Incorrect request")
    return {name: value for name, value in given.items() if is_present(value)}


def is_present(text: str) -> bool:
    """Whether a client means something by it: some send '' or 'undefined' for nothing (b.10.3)."""
    return text.strip() not in _ABSENT


def _form(request: HttpRequest) -> QueryDict:
    """The form's fields. A charset may be unknown, no encoding of text (base64), or one that cannot read the bytes."""
    try:
        return request.POST if request.method == "POST" else request.GET
    except (MultiPartParserError, SuspiciousMultipartForm, BadRequest, LookupError, UnicodeError) as error:
        raise ApiError("Incorrect request") from error


def _json_object(body: bytes) -> dict[str, str]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError("Incorrect request") from error
    if not isinstance(content, dict):
        raise ApiError("Incorrect request")
    return {name: _text(value) for name, value in content.items()}


def _text(value: object) -> str:
    """A value of JSON as a form would have sent it; a list is joined with commas."""
    return ",".join(map(_scalar, value)) if isinstance(value, list) else _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, dict | list):
        raise ApiError("Incorrect request")
    return "" if value is None else str(value)


def whole(text: str | None) -> int | None:
    """An id as clients write it, or None."""
    text = (text or "").strip()
    return int(text) if _ID.fullmatch(text) else None


def quantity(text: str | None) -> int | None:
    """A whole number of units as clients write it, or None. What is above every maximum comes back as one more."""
    digits = (text or "").strip()
    return whole_units(digits) if _DIGITS.fullmatch(digits) else None


def ids(text: str) -> list[str]:
    """Comma-separated ids as sent, each once, in the caller's order. Raises ApiError above 100 (b.8)."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(found) > MOST_IDS:
        raise ApiError(f"Too many orders. At most {MOST_IDS} in one request.", code="too_many_orders")
    return found


def lines(text: str) -> str:
    """Text of one item a line; the two characters `\\n` some clients send count as a line's end (b.3)."""
    return text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\r\n", "\n")


def money(amount: Decimal) -> str:
    """Plain decimal, two to five places, no exponent, never rounded (b.10.8)."""
    text = f"{amount:.5f}"
    return text.rstrip("0") if not text.endswith("000") else text[:-3]


def governed(response: HttpResponse, versions: Iterable[PolicyVersion]) -> HttpResponse:
    """The answer, with the number of each policy that governs the order in a header of its own (R7)."""
    for version in versions:
        response[f"X-SMM-{version.policy.slug.title()}-Policy"] = str(version.number)
    return response


_REFUSALS = {
    "account_suspended": "Your account has been suspended.",
    "selling_stopped": "Ordering is paused at the moment. Please try again later.",
    "service_not_for_sale": "Incorrect service ID",
    "type_not_offered": "Incorrect service ID",
    "quantity_missing": "Quantity less than minimal {minimum}",
    "quantity_below_minimum": "Quantity less than minimal {minimum}",
    "quantity_above_maximum": "Quantity more than maximum {maximum}",
    "drip_feed_not_offered": "Drip-feed is not available for this service",
    "runs_out_of_range": "Runs must be from {minimum} to {maximum}",
    "interval_out_of_range": "Interval must be from {minimum} to {maximum} minutes",
    "drip_feed_too_long": "Drip-feed must end within {days} days",
    "interval_too_short": "Interval must be from {minimum} to {maximum} minutes",
    "part_below_minimum": "Quantity less than minimal {minimum}",
    "part_above_pace": "Quantity more than maximum {maximum} for one run",
    "link_missing": "Bad link",
    "link_too_long": "Bad link",
    "link_has_forbidden_characters": "Bad link",
    "link_not_an_address": "Bad link",
    "link_of_another_platform": "Bad link",
    "link_of_another_kind": "Bad link",
    "policies_not_accepted": "Please accept the current policies on the API page of your account.",
    "not_enough_funds": "Not enough funds on balance",
    "wallet_frozen": "Wallet is frozen",
    "spending_limit_of_the_day": "Spending limit reached",
    "spending_limit_of_the_month": "Spending limit reached",
    "quote_unreadable": "Incorrect quote",
    "price_not_shown": "Quote is for another order. Please ask for a new quote.",
    "quote_expired": "Quote has expired. Please ask for a new quote.",
    "quote_used": "Quote already used for order {order}. Please ask for a new quote.",
    "price_changed": "Price has changed. Please ask for a new quote.",
    "terms_changed": "Terms have changed. Please ask for a new quote.",
}
_OVERTAKEN = frozenset({"price_changed", "terms_changed", "price_not_shown", "quote_expired", "quote_used"})


def refusal(first: Refusal) -> ApiError:
    """A rule's refusal in the human dialect of API v2 (b.8)."""
    text = _REFUSALS[first.code].format(**first.facts)
    status = 409 if first.code in _OVERTAKEN else 400
    return ApiError(text, code=first.code, clause=first.clause.id if first.clause else "", status=status)
