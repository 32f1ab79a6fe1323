"""Facebook: pages and profiles by name or number, posts, videos and photos by number, groups, opaque short links."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import ACCOUNTS, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset(
    {
        "facebook.com",
        "fb.com",
        "fb.me",
        "fb.watch",
        "mbasic.facebook.com",
        "touch.facebook.com",
        "business.facebook.com",
    }
)
_NAME = re.compile(r"[A-Za-z0-9.\-]{2,80}")
_IDENTITY = re.compile(r"\d{5,25}|pfbid\w{10,100}")
_PAGES = frozenset(
    {"watch", "groups", "events", "marketplace", "gaming", "help", "login", "policies", "reel", "share", "stories",
     "photo", "photos", "video", "videos", "hashtag", "pages", "people", "l.php", "sharer", "sharer.php", "dialog"}
)  # fmt: skip
_BEHIND = {
    "posts": LinkKind.POST,
    "permalink": LinkKind.POST,
    "videos": LinkKind.VIDEO,
    "reel": LinkKind.VIDEO,
    "photos": LinkKind.POST,
}
_SHARED = {"p": LinkKind.POST, "v": LinkKind.VIDEO, "r": LinkKind.VIDEO}
_CONTENT = frozenset({LinkKind.POST, LinkKind.VIDEO})
# A like may be a page's, so that likes take both.
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: ACCOUNTS,
    Metric.MEMBERS: frozenset({LinkKind.GROUP}),
    Metric.COMMENTS: _CONTENT,
    Metric.SHARES: _CONTENT,
    Metric.REACTIONS: _CONTENT,
}


def read(address: Address) -> Target | None:
    if address.host in ("fb.watch", "fb.me"):
        kind = LinkKind.VIDEO if address.host == "fb.watch" else None
        return Target(Platform.FACEBOOK, kind, f"short:{address.path[0]}") if address.path else None
    return _asked_for(address) or _shared(address) or _numbered(address) or _account(address)


def account(name: str) -> Target:
    """Dots and case make no other name there."""
    return Target(Platform.FACEBOOK, LinkKind.PROFILE, f"user:{name.replace('.', '').lower()}")


def _asked_for(address: Address) -> Target | None:
    """What the query names."""
    query = address.query
    if address.begins("profile.php") and query.get("id"):
        return Target(Platform.FACEBOOK, LinkKind.PROFILE, f"user:{query['id']}")
    if query.get("story_fbid"):
        return Target(Platform.FACEBOOK, LinkKind.POST, f"item:{query['story_fbid']}")
    if query.get("fbid"):
        return Target(Platform.FACEBOOK, LinkKind.POST, f"item:{query['fbid']}")
    if query.get("v") and (address.begins("watch") or address.begins("video.php")):
        return Target(Platform.FACEBOOK, LinkKind.VIDEO, f"item:{query['v']}")
    return None


def _shared(address: Address) -> Target | None:
    if not address.begins("share") or len(address.path) < 2:
        return None
    kind = _SHARED.get(address.part(1).lower()) if len(address.path) > 2 else None
    return Target(Platform.FACEBOOK, kind, f"share:{address.path[-1]}")


def _numbered(address: Address) -> Target | None:
    """What stands behind the word for it, whoever's it is; the number is the last of the path."""
    words = [word for word in map(str.lower, address.path[:-1]) if word in _BEHIND]
    if words and _IDENTITY.fullmatch(address.path[-1]):
        return Target(Platform.FACEBOOK, _BEHIND[words[-1]], f"item:{address.path[-1]}")
    return None


def _account(address: Address) -> Target | None:
    first, second = address.part(0), address.part(1)
    if address.begins("groups") and second:
        return Target(Platform.FACEBOOK, LinkKind.GROUP, f"group:{second.lower()}")
    if address.begins("events") and second:
        return Target(Platform.FACEBOOK, LinkKind.EVENT, f"event:{second}")
    if first.lower() in ("pages", "people", "p") and _IDENTITY.fullmatch(address.path[-1].rpartition("-")[2]):
        return Target(Platform.FACEBOOK, LinkKind.PROFILE, f"user:{address.path[-1].rpartition('-')[2]}")
    if not _NAME.fullmatch(first) or first.lower() in _PAGES or first.endswith(".php"):
        return None
    return account(first)
