"""The policies this software ships, as version 1 of each: our own wording, with parameters where numbers stand."""

import re
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_REF = re.compile(r"^\[([a-z0-9.]+)\]\n", re.MULTILINE)

TITLES = {
    "refund": "Refund and cancellation policy",
    "support": "Support policy",
    "terms": "Terms of service",
    "privacy": "Privacy notice",
}
KEPT_BY_ORDERS = frozenset({"refund", "support"})  # an order keeps the version it was placed under (decision 25)
INFORMING = frozenset({"privacy"})  # nobody accepts it: a notice informs


@dataclass(frozen=True, slots=True)
class ShippedPolicy:
    """A policy's text before any number is filled in. clauses: (id, text), in reading order.

    required_to_order: whether an order needs it accepted.
    """

    slug: str
    title: str
    summary: str
    clauses: tuple[tuple[str, str], ...]

    @property
    def required_to_order(self) -> bool:
        return self.slug not in INFORMING


def shipped(slug: str) -> ShippedPolicy:
    """Read version 1 of a policy. Raises KeyError for one that is not shipped."""
    title = TITLES[slug]
    summary, *parts = _REF.split((_FOLDER / f"{slug}_v1.txt").read_text(encoding="utf-8"))
    texts = zip(parts[::2], parts[1::2], strict=True)
    return ShippedPolicy(slug, title, summary.strip(), tuple((ref, text.strip()) for ref, text in texts))
