"""TikTok: profiles by @name, videos and photos by number, short links that do not tell."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import WHOLE_NUMBER, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"tiktok.com", "vm.tiktok.com", "vt.tiktok.com"})
_SHORT = frozenset({"vm.tiktok.com", "vt.tiktok.com"})
_USER = re.compile(r"@[\w.]{1,24}", re.ASCII)
_NUMBERED = frozenset({"video", "photo", "v", "embed"})
_CONTENT = frozenset({LinkKind.VIDEO})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: frozenset({LinkKind.PROFILE}),
    Metric.LIKES: _CONTENT | {LinkKind.LIVE},
    Metric.COMMENTS: _CONTENT | {LinkKind.LIVE},
    Metric.SHARES: _CONTENT | {LinkKind.LIVE},
    Metric.SAVES: _CONTENT,
    Metric.VIEWS: _CONTENT | {LinkKind.LIVE},
}


def read(address: Address) -> Target | None:
    if address.host in _SHORT or (address.begins("t") and len(address.path) > 1):
        return Target(Platform.TIKTOK, None, f"short:{address.path[-1]}") if address.path else None
    if number := _number(address):
        return Target(Platform.TIKTOK, LinkKind.VIDEO, f"video:{number}")
    user = address.part(0)
    if not _USER.fullmatch(user):
        return None
    if address.part(1).lower() == "live":
        return Target(Platform.TIKTOK, LinkKind.LIVE, f"live:{user[1:].lower()}")
    return account(user[1:])


def account(name: str) -> Target:
    return Target(Platform.TIKTOK, LinkKind.PROFILE, f"user:{name.lower()}")


def _number(address: Address) -> str | None:
    """The number of a video or photo, behind the word for it."""
    words = [part.lower() for part in address.path]
    behind = [place for place, word in enumerate(words) if word in _NUMBERED]
    last = words[-1].removesuffix(".html") if words else ""
    return last if behind and WHOLE_NUMBER.fullmatch(last) else None
