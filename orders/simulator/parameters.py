"""Reading what a client sent, as loosely as providers do."""

import json
from collections.abc import Mapping
from hashlib import sha256

from orders.simulator.provider import Refused

ABSENT = {"", "undefined", "null", "None", "NaN"}
MOST_IDS = 100
NOT_CONTENT = {"key", "action", "request_id", "client_order_id"}

Params = Mapping[str, str]


def listed_ids(params: Params, *names: str) -> list[str]:
    """Ids as sent under the first of these names that is there: each once, in the caller's order."""
    said = next((params[name] for name in names if params.get(name)), "")
    ids = list(dict.fromkeys(part.strip() for part in said.split(",") if part.strip()))
    if len(ids) > MOST_IDS:
        raise Refused(f"Too many orders, at most {MOST_IDS}")
    return ids


def single(params: Params, one: str, many: str) -> str | None:
    """The id where the single shape is asked for: the name in the singular, and no comma."""
    said = params.get(one, "")
    return None if many in params or "," in said else said


def number(text: str | None, otherwise: Refused) -> int:
    if text is None or not text.strip().isdecimal() or len(text) > 18:
        raise otherwise
    return int(text)


def echo(order_id: str) -> int | str:
    return int(order_id) if order_id.isdecimal() else order_id


def asked_request_id(params: Params) -> str:
    """The client's request id (decision 13), at most 128 characters; empty where none was sent."""
    asked = params.get("request_id") or params.get("client_order_id") or ""
    if len(asked) > 128:
        raise Refused("Incorrect request")
    return "" if asked in ABSENT else asked


def content(params: Params) -> str:
    """A hash of all that an `add` says, its key and request id left out."""
    said = sorted((name, value) for name, value in params.items() if name not in NOT_CONTENT)
    return sha256(json.dumps(said).encode()).hexdigest()[:32]
