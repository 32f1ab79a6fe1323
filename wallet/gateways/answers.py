"""Reading what gateways send: headers in any case, and answers whose shape nobody vouches for."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from wallet.gateways.base import LONGEST_REFERENCE, GatewayUnusable

_REFERENCE = re.compile(rf"[!-~]{{1,{LONGEST_REFERENCE}}}\Z")


def header_of(headers: Mapping[str, str], name: str) -> str:
    """The value of a header whose name may be written in any case, '' where it is missing."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def reference_in(metadata: object, name: str) -> str:
    """Our reference among the data we gave a payment, '' where there is none or one that cannot be ours."""
    said = metadata.get(name) if isinstance(metadata, dict) else None
    return said if isinstance(said, str) and _REFERENCE.match(said) else ""


def json_in(body: bytes) -> Any:
    """What a body says. Raises ValueError for what is no JSON, or nested so deep that nobody can read it."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deep") from None


@contextmanager
def known_shape(gateway: str) -> Iterator[None]:
    """Inside, an answer is taken apart; one that lacks something raises GatewayUnusable instead of anything else."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise GatewayUnusable(f"{gateway}: an answer of an unknown shape") from error


def web_address(said: object) -> str:
    """An address to send a customer to. Raises ValueError for anything else, such as a script."""
    if not isinstance(said, str) or not said.startswith(("https://", "http://")):
        raise ValueError("not a web address")
    return said


def moment(said: object) -> datetime:
    """Seconds since 1970 as a moment. Raises ValueError."""
    if not isinstance(said, int):
        raise ValueError("not a moment")
    return datetime.fromtimestamp(said, UTC)
