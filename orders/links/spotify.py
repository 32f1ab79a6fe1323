"""Spotify: tracks, albums, playlists, artists, users, shows and episodes, each by its id."""

import re
from collections.abc import Mapping

from orders.links.address import Address
from orders.links.target import Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

HOSTS = frozenset({"open.spotify.com", "play.spotify.com", "spotify.com", "spotify.link", "spoti.fi"})
_SHORT = frozenset({"spotify.link", "spoti.fi"})
_KINDS = {
    "track": LinkKind.TRACK,
    "album": LinkKind.ALBUM,
    "playlist": LinkKind.PLAYLIST,
    "artist": LinkKind.PROFILE,
    "user": LinkKind.PROFILE,
    "show": LinkKind.CHANNEL,
    "episode": LinkKind.EPISODE,
}
_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_MUSIC = frozenset({LinkKind.TRACK, LinkKind.ALBUM, LinkKind.PLAYLIST})
WANTED: Mapping[Metric, frozenset[LinkKind]] = {
    Metric.FOLLOWERS: frozenset({LinkKind.PROFILE, LinkKind.PLAYLIST, LinkKind.CHANNEL}),
    Metric.PLAYS: _MUSIC | {LinkKind.EPISODE, LinkKind.CHANNEL, LinkKind.PROFILE},
    Metric.SAVES: _MUSIC | {LinkKind.EPISODE, LinkKind.CHANNEL},
    Metric.LIKES: _MUSIC | {LinkKind.EPISODE, LinkKind.CHANNEL},
}


def read(address: Address) -> Target | None:
    if address.host in _SHORT:
        return Target(Platform.SPOTIFY, None, f"short:{address.path[0]}") if address.path else None
    path = address.path
    while path and (path[0].lower().startswith("intl-") or path[0].lower() == "embed"):
        path = path[1:]
    if len(path) > 3 and path[0].lower() == "user" and path[2].lower() == "playlist":
        path = path[2:]
    word = path[0].lower() if path else ""
    if word not in _KINDS or len(path) < 2 or not _ID.fullmatch(path[1]):
        return None
    return Target(Platform.SPOTIFY, _KINDS[word], f"{word}:{path[1]}")


def account(name: str) -> Target:
    return Target(Platform.SPOTIFY, LinkKind.PROFILE, f"user:{name}")
