"""X, once Twitter: profiles by name, posts by number, spaces and communities."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import WHOLE_NUMBER, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"x.com", "twitter.com", "t.co"})
_USER = re.compile(r"\w{1,15}", re.ASCII)
_PAGES = frozenset(
    {"i", "home", "explore", "search", "hashtag", "settings", "notifications", "messages", "intent", "share", "tos",
     "privacy", "login", "signup", "compose"}
)  # fmt: skip
_CONTENT = frozenset({LinkKind.POST})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: frozenset({LinkKind.PROFILE}),
    Metric.LIKES: _CONTENT,
    Metric.COMMENTS: _CONTENT,
    Metric.SHARES: _CONTENT,
    Metric.SAVES: _CONTENT,
    Metric.VOTES: _CONTENT,
    Metric.MEMBERS: frozenset({LinkKind.GROUP}),
}


def read(address: Address) -> Target | None:
    if address.host == "t.co":
        return Target(Platform.X, None, f"short:{address.path[0]}") if address.path else None
    words = [part.lower() for part in address.path]
    for place, word in enumerate(words[:-1]):
        if word in ("status", "statuses") and WHOLE_NUMBER.fullmatch(words[place + 1]):
            return Target(Platform.X, LinkKind.POST, f"post:{words[place + 1]}")
    if address.begins("i", "spaces") and address.part(2):
        return Target(Platform.X, LinkKind.LIVE, f"space:{address.part(2)}")
    if address.begins("i", "communities") and address.part(2):
        return Target(Platform.X, LinkKind.GROUP, f"community:{address.part(2)}")
    name = address.part(0).removeprefix("@")
    return account(name) if _USER.fullmatch(name) and name.lower() not in _PAGES else None


def account(name: str) -> Target:
    return Target(Platform.X, LinkKind.PROFILE, f"user:{name.lower()}")
