"""Instagram: profiles by name, posts and reels by one code, stories by number."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"instagram.com", "instagr.am"})
_MEDIA = {"p": LinkKind.POST, "reel": LinkKind.VIDEO, "reels": LinkKind.VIDEO, "tv": LinkKind.VIDEO}
_USER = re.compile(r"[A-Za-z0-9._]{1,30}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAGES = frozenset({"explore", "accounts", "direct", "about", "legal", "developer", "stories", "s", "share", "reels"})
_CONTENT = frozenset({LinkKind.POST, LinkKind.VIDEO})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: frozenset({LinkKind.PROFILE}),
    Metric.LIKES: _CONTENT,
    Metric.COMMENTS: _CONTENT,
    Metric.SHARES: _CONTENT | {LinkKind.STORY},
    Metric.SAVES: _CONTENT,
}


def read(address: Address) -> Target | None:
    path = address.path[1:] if address.part(1).lower() in _MEDIA and len(address.path) > 2 else address.path
    word = path[0].lower() if path else ""
    if word in _MEDIA and len(path) > 1 and _CODE.fullmatch(path[1]):
        return Target(Platform.INSTAGRAM, _MEDIA[word], f"media:{path[1]}")
    if word == "stories" and len(path) > 2:
        return Target(Platform.INSTAGRAM, LinkKind.STORY, f"story:{path[2]}")
    name = address.part(1) if word == "_u" else address.part(0)
    return account(name) if _USER.fullmatch(name) and name.lower() not in _PAGES and word not in _MEDIA else None


def account(name: str) -> Target:
    return Target(Platform.INSTAGRAM, LinkKind.PROFILE, f"user:{name.lower()}")
