"""Twitch: channels by name, videos by number, clips by their slug."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import WHOLE_NUMBER, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"twitch.tv", "clips.twitch.tv", "go.twitch.tv", "player.twitch.tv"})
_NAME = re.compile(r"\w{3,25}", re.ASCII)
_PAGES = frozenset({"directory", "videos", "settings", "p", "jobs", "store", "turbo", "downloads", "search", "login"})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: frozenset({LinkKind.CHANNEL}),
    Metric.SUBSCRIBERS: frozenset({LinkKind.CHANNEL}),
    Metric.VIEWS: frozenset({LinkKind.CHANNEL, LinkKind.VIDEO, LinkKind.CLIP}),
}


def read(address: Address) -> Target | None:
    first, second, third = (address.part(place) for place in range(3))
    if address.host == "clips.twitch.tv" and first:
        return Target(Platform.TWITCH, LinkKind.CLIP, f"clip:{first}")
    if second.lower() == "clip" and third:
        return Target(Platform.TWITCH, LinkKind.CLIP, f"clip:{third}")
    number = second if first.lower() == "videos" else third if second.lower() in ("v", "video") else ""
    if WHOLE_NUMBER.fullmatch(number):
        return Target(Platform.TWITCH, LinkKind.VIDEO, f"video:{number}")
    return account(first) if _NAME.fullmatch(first) and first.lower() not in _PAGES else None


def account(name: str) -> Target:
    return Target(Platform.TWITCH, LinkKind.CHANNEL, f"channel:{name.lower()}")
