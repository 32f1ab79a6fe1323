"""Reads `corpus.txt`: groups of links that lead to one thing, and pages that lead to nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from policies.rules.vocabulary import LinkKind, Platform

FILE = Path(__file__).with_name("corpus.txt")
HEADING = re.compile(r"\[(\w+): ([a-z ]+?)(, kept out)?\]")
UNKNOWN, NOT_TOLD = "unknown", "not told"


class Group(NamedTuple):
    """kind: None where the links do not tell it. known: whether anybody here knows what they lead to."""

    platform: Platform
    kind: LinkKind | None
    known: bool
    kept_out: bool
    links: tuple[str, ...]


def groups() -> Iterator[Group]:
    for block in FILE.read_text().strip().split("\n\n"):
        heading, *links = block.splitlines()
        if found := HEADING.fullmatch(heading):
            platform, kind, kept_out = found.groups()
            told = None if kind in (UNKNOWN, NOT_TOLD) else LinkKind(kind)
            yield Group(Platform(platform), told, kind != UNKNOWN, bool(kept_out), tuple(links))
