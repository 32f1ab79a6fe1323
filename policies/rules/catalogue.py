"""What a provider's entry becomes in our catalogue: its place, its terms and its rate, or why it cannot be sold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TypeVar

from policies.rules.vocabulary import Metric, Platform, ServiceType

FIFTH = Decimal("0.00001")
LARGEST_RATE = Decimal(10) ** 9
LARGEST_DAYS = 32_767  # what the column holds; nobody can tell it from a refill for life
TYPES, PLATFORMS, METRICS = frozenset(ServiceType), frozenset(Platform), frozenset(Metric)
Listed = TypeVar("Listed", Platform, Metric)

# Words by which panels name a platform or a metric, in headings and names. The closed lists stay closed.
_PLATFORMS = {
    Platform.INSTAGRAM: r"instagram|insta|ig",
    Platform.TIKTOK: r"tik ?tok",
    Platform.YOUTUBE: r"you ?tube|yt",
    Platform.FACEBOOK: r"facebook|fb",
    Platform.X: r"twitter|^x",
    Platform.TELEGRAM: r"telegram|tg",
    Platform.SPOTIFY: r"spotify",
    Platform.TWITCH: r"twitch",
}
_METRICS = {
    Metric.SUBSCRIBERS: r"subscribers?|subs",
    Metric.FOLLOWERS: r"followers?",
    Metric.MEMBERS: r"members?",
    Metric.PLAYS: r"plays|streams",
    Metric.VIEWS: r"views?|viewers?",
    Metric.LIKES: r"likes?",
    Metric.COMMENTS: r"comments?",
    Metric.SHARES: r"shares?|retweets?|reposts?",
    Metric.SAVES: r"saves?|bookmarks?",
    Metric.REACTIONS: r"reactions?",
    Metric.VOTES: r"votes?",
    Metric.MENTIONS: r"mentions?",
    Metric.VISITS: r"visits?|traffic",
}
_METRIC_OF_TYPE = {
    ServiceType.CUSTOM_COMMENTS: Metric.COMMENTS,
    ServiceType.CUSTOM_COMMENTS_PACKAGE: Metric.COMMENTS,
    ServiceType.MENTIONS: Metric.MENTIONS,
    ServiceType.MENTIONS_WITH_HASHTAGS: Metric.MENTIONS,
    ServiceType.MENTIONS_CUSTOM_LIST: Metric.MENTIONS,
    ServiceType.MENTIONS_HASHTAG: Metric.MENTIONS,
    ServiceType.MENTIONS_USER_FOLLOWERS: Metric.MENTIONS,
    ServiceType.MENTIONS_MEDIA_LIKERS: Metric.MENTIONS,
    ServiceType.COMMENT_LIKES: Metric.LIKES,
    ServiceType.POLL: Metric.VOTES,
    ServiceType.INVITES_FROM_GROUPS: Metric.MEMBERS,
    ServiceType.WEB_TRAFFIC: Metric.VISITS,
}
_INSTANT = re.compile(r"(?<!no )(?<!not )\b(instant delivery|delivered instantly|delivers instantly)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RemoteService:
    """One entry of a provider's catalogue.

    rate: per 1000 units, or of one package, in the provider's currency. pace: units an hour. refill_days: 0 is for
    life, None not stated. platform, metric: the provider's own words, "" where it has none.
    """

    provider_service: str
    name: str
    category: str
    type: str
    rate: Decimal
    min: int
    max: int
    refill: bool = False
    refill_days: int | None = None
    cancel: bool = False
    dripfeed: bool = False
    description: str = ""
    average_minutes: int | None = None
    platform: str = ""
    metric: str = ""
    pace: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What an import states about a service each time. rate: ours, per 1000 units or of the package."""

    name: str
    description: str
    type: str
    rate: Decimal
    min_quantity: int
    max_quantity: int
    refill: bool
    refill_days: int | None
    cancel: bool
    dripfeed: bool
    pace_per_hour: int | None
    average_minutes: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry belongs, None where neither its own words nor its names say it plainly."""

    platform: Platform | None
    metric: Metric | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why an entry cannot become a service at all: unknown_type, impossible_quantities or impossible_rate."""

    provider_service: str
    finding: str


def decide_terms(remote: RemoteService, *, markup: Decimal) -> Terms | LeftOut:
    """Say on which terms an entry is sold. markup: percent on top of the provider's rate, not negative."""
    if remote.type not in TYPES:
        return LeftOut(remote.provider_service, "unknown_type")
    if not 0 <= remote.rate < LARGEST_RATE:
        return LeftOut(remote.provider_service, "impossible_rate")
    package = ServiceType(remote.type).is_package
    least, most = (1, 1) if package else (max(remote.min, 1), remote.max)
    if most < least:
        return LeftOut(remote.provider_service, "impossible_quantities")
    days = min(remote.refill_days, LARGEST_DAYS) if remote.refill and remote.refill_days is not None else None
    return Terms(
        name=remote.name,
        description=remote.description,
        type=remote.type,
        rate=marked_up(remote.rate, markup=markup),
        min_quantity=least,
        max_quantity=most,
        refill=remote.refill,
        refill_days=days,
        cancel=remote.cancel,
        dripfeed=remote.dripfeed,
        pace_per_hour=remote.pace or None,
        average_minutes=remote.average_minutes,
    )


def decide_place(remote: RemoteService) -> Place:
    """Find platform and metric: the entry's own words first, then its type, its category, its name.

    Two candidates in one text are none: a person decides. Visibility only, from closed lists (R46, R48, decision 16).
    """
    texts = (remote.category, remote.name)
    platform = remote.platform if remote.platform in PLATFORMS else None
    metric = remote.metric if remote.metric in METRICS else _metric_of_type(remote.type)
    return Place(
        platform=Platform(platform) if platform else _only(_PLATFORMS, texts),
        metric=Metric(metric) if metric else _only(_METRICS, texts),
    )


def says_instant(description: str) -> bool:
    """Say whether a description promises the whole quantity at once (R19). A fast start is no such promise."""
    return bool(_INSTANT.search(description))


def marked_up(rate: Decimal, *, markup: Decimal) -> Decimal:
    """Our rate for a provider's, rounded up at five decimals. Raises ValueError for a negative markup."""
    if markup < 0:
        raise ValueError(f"a markup of {markup} %")
    return (rate * (100 + markup) / 100).quantize(FIFTH, rounding=ROUND_CEILING)


def _metric_of_type(wire_type: str) -> Metric | None:
    return _METRIC_OF_TYPE.get(ServiceType(wire_type)) if wire_type in TYPES else None


def _only(table: Mapping[Listed, str], texts: Sequence[str]) -> Listed | None:
    for text in texts:
        found = [word for word, pattern in table.items() if re.search(rf"(?:\b|_)(?:{pattern})\b", text, re.IGNORECASE)]
        if len(found) == 1:
            return found[0]
    return None
