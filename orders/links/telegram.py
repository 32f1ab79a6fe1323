"""Telegram: channels, groups and bots by name or invitation, posts by channel and number."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import WHOLE_NUMBER, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
_NAME = re.compile(r"[A-Za-z]\w{2,31}", re.ASCII)
_PAGES = frozenset(
    {"addstickers", "addemoji", "addlist", "share", "proxy", "socks", "setlanguage", "login", "iv", "bg"}
)
_CONTENT = frozenset({LinkKind.POST})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.MEMBERS: frozenset({LinkKind.CHANNEL}),
    Metric.SUBSCRIBERS: frozenset({LinkKind.CHANNEL}),
    Metric.FOLLOWERS: frozenset({LinkKind.CHANNEL}),
    Metric.REACTIONS: _CONTENT,
    Metric.COMMENTS: _CONTENT,
    Metric.SHARES: _CONTENT,
    Metric.VOTES: _CONTENT,
}


def read(address: Address) -> Target | None:
    path = address.path[1:] if address.begins("s") and len(address.path) > 1 else address.path
    first = path[0] if path else ""
    if first.startswith("+") and len(first) > 1:
        return Target(Platform.TELEGRAM, LinkKind.CHANNEL, f"invitation:{first[1:]}")
    if first.lower() == "joinchat" and len(path) > 1:
        return Target(Platform.TELEGRAM, LinkKind.CHANNEL, f"invitation:{path[1]}")
    if first.lower() in ("c", "boost") and len(path) > 1:
        return _inside(f"{first.lower()}/{path[1].lower()}", path[2:]) if first.lower() == "c" else account(path[1])
    if not _NAME.fullmatch(first.removeprefix("@")) or first.lower() in _PAGES:
        return None
    return _inside(first.removeprefix("@").lower(), path[1:])


def account(name: str) -> Target:
    return Target(Platform.TELEGRAM, LinkKind.CHANNEL, f"channel:{name.lower()}")


def _inside(channel: str, rest: tuple[str, ...]) -> Target:
    """A post of a channel, by its last number: one in a topic stands behind the topic's."""
    if rest and WHOLE_NUMBER.fullmatch(rest[-1]):
        return Target(Platform.TELEGRAM, LinkKind.POST, f"post:{channel}/{rest[-1]}")
    return account(channel)
