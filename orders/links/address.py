"""A link taken apart: host, path and query, with everything set aside that changes the spelling and not the place."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

_HOST_PREFIXES = ("www.", "m.", "mobile.", "web.")
_NAMES_BEFORE = frozenset({"t.me"})  # where a name may stand before the host as well as behind it
# Says who sent a visitor, and never where they arrive.
_TRACKING = frozenset(
    {"igsh", "igshid", "fbclid", "gclid", "si", "feature", "ref", "ref_src", "s", "t", "share_id", "mibextid"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """host: lower case, without port and the prefixes of other screens. path: its parts, unescaped, none of them empty.

    query: names in lower case; of a name that is told twice the first counts.
    """

    host: str
    path: tuple[str, ...]
    query: Mapping[str, str]

    @classmethod
    def of(cls, link: str) -> "Address":
        """Raises ValueError for what is no address at all, such as brackets that do not close."""
        parts = urlsplit(link if "://" in link else f"https://{link}")
        query: dict[str, str] = {}
        for name, value in parse_qsl(parts.query):
            query.setdefault(name.lower(), value)
        host, path = _host(parts.netloc), tuple(_path(parts.path))
        above = host.partition(".")[2]
        if above in _NAMES_BEFORE:
            return cls(above, (host.partition(".")[0], *path), query)
        return cls(host, path, query)

    def begins(self, *words: str) -> bool:
        """Whether the path's first parts are these words, in whatever case."""
        return tuple(part.lower() for part in self.path[: len(words)]) == words

    def part(self, place: int) -> str:
        """A part of the path, "" where there is none."""
        return self.path[place] if place < len(self.path) else ""

    @property
    def plain(self) -> str:
        """Its normal form where nothing is known of the host. A lone user name is lower case: hosts ignore it there."""
        path = [self.path[0].removeprefix("@").lower()] if len(self.path) == 1 else self.path
        told = sorted((k, v) for k, v in self.query.items() if k not in _TRACKING and not k.startswith("utm_"))
        return "/".join((self.host, *path)) + (f"?{urlencode(told)}" if told else "")


def _host(netloc: str) -> str:
    host = unicodedata.normalize("NFKC", netloc.rpartition("@")[2]).lower()
    if not host.endswith("]"):
        host = host.partition(":")[0]
    host = host.rstrip(".")
    for prefix in _HOST_PREFIXES:
        host = host.removeprefix(prefix)
    return host


def _path(path: str) -> list[str]:
    """Unescaped first: an escaped slash or question mark leads whoever unescapes it to the same place."""
    parts: list[str] = []
    for part in re.split(r"[?#]", unquote(path))[0].split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return parts
