"""YouTube: videos by eleven letters under many addresses, channels by handle, number or old name, playlists, posts."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"youtube.com", "youtu.be", "youtube-nocookie.com", "music.youtube.com", "gaming.youtube.com"})
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_NAME = re.compile(r"@?[\w.\-·]{1,100}")
_BEHIND = frozenset({"shorts", "live", "embed", "v", "e"})
_PAGES = frozenset(
    {
        "feed",
        "results",
        "gaming",
        "premium",
        "about",
        "account",
        "playlist",
        "watch",
        "redirect",
        "t",
        "hashtag",
        "clip",
    }
)
_CONTENT = frozenset({LinkKind.VIDEO, LinkKind.POST})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.SUBSCRIBERS: frozenset({LinkKind.CHANNEL}),
    Metric.FOLLOWERS: frozenset({LinkKind.CHANNEL}),
    Metric.LIKES: _CONTENT,
    Metric.COMMENTS: _CONTENT,
    Metric.VIEWS: frozenset({LinkKind.VIDEO, LinkKind.PLAYLIST, LinkKind.LIVE}),
    Metric.SHARES: _CONTENT,
    Metric.VOTES: _CONTENT,
}


def read(address: Address) -> Target | None:
    if video := _video(address):
        return Target(Platform.YOUTUBE, LinkKind.VIDEO, f"video:{video}")
    if address.begins("playlist") and address.query.get("list"):
        return Target(Platform.YOUTUBE, LinkKind.PLAYLIST, f"list:{address.query['list']}")
    if address.begins("post") and address.part(1):
        return Target(Platform.YOUTUBE, LinkKind.POST, f"post:{address.part(1)}")
    return None if address.host == "youtu.be" else _channel(address)


def _channel(address: Address) -> Target | None:
    first, second = address.part(0), address.part(1)
    if address.begins("channel") and second:
        return Target(Platform.YOUTUBE, LinkKind.CHANNEL, f"channel:{second}")
    if first.lower() in ("c", "user") and second:
        return Target(Platform.YOUTUBE, LinkKind.CHANNEL, f"{first.lower()}:{second.lower()}")
    if first.lower() in _PAGES or first.lower() in _BEHIND or not _NAME.fullmatch(first):
        return None
    name = f"handle:{first[1:].lower()}" if first.startswith("@") else f"c:{first.lower()}"
    if second.lower() == "live":
        return Target(Platform.YOUTUBE, LinkKind.LIVE, f"live:{name}")
    return Target(Platform.YOUTUBE, LinkKind.CHANNEL, name)


def account(name: str) -> Target:
    return Target(Platform.YOUTUBE, LinkKind.CHANNEL, f"handle:{name.lower()}")


def _video(address: Address) -> str | None:
    if address.host == "youtu.be":
        found = address.part(0)
    elif address.part(0).lower() in _BEHIND:
        found = address.part(1)
    else:
        found = address.query.get("v", "")
    return found if _VIDEO.fullmatch(found) else None
