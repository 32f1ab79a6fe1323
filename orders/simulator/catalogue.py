"""What the simulated provider sells: services made from the seed, the same at every start, with stable ids."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from orders.simulator.progress import dice

UNIT = 100_000  # money is counted in hundred-thousandths

CATEGORIES = {  # platform: (heading, metric) of its five categories
    "instagram": [
        ("Instagram Followers", "followers"),
        ("Instagram Post Likes", "likes"),
        ("Instagram Reel Views", "views"),
        ("Instagram Comments", "comments"),
        ("Instagram Saves", "saves"),
    ],
    "tiktok": [
        ("TikTok Followers", "followers"),
        ("TikTok Video Likes", "likes"),
        ("TikTok Video Views", "views"),
        ("TikTok Shares", "shares"),
        ("TikTok Comments", "comments"),
    ],
    "youtube": [
        ("YouTube Subscribers", "subscribers"),
        ("YouTube Video Views", "views"),
        ("YouTube Shorts Views", "views"),
        ("YouTube Likes", "likes"),
        ("YouTube Comments", "comments"),
    ],
    "facebook": [
        ("Facebook Page Followers", "followers"),
        ("Facebook Page Likes", "likes"),
        ("Facebook Post Reactions", "reactions"),
        ("Facebook Video Views", "views"),
        ("Facebook Shares", "shares"),
    ],
    "x": [
        ("X Followers", "followers"),
        ("X Post Likes", "likes"),
        ("X Reposts", "shares"),
        ("X Poll Votes", "votes"),
        ("X Mentions", "mentions"),
    ],
    "telegram": [
        ("Telegram Channel Members", "members"),
        ("Telegram Group Members", "members"),
        ("Telegram Post Views", "views"),
        ("Telegram Post Reactions", "reactions"),
        ("Telegram Poll Votes", "votes"),
    ],
    "spotify": [
        ("Spotify Artist Followers", "followers"),
        ("Spotify Playlist Followers", "followers"),
        ("Spotify Track Plays", "plays"),
        ("Spotify Podcast Plays", "plays"),
        ("Spotify Track Saves", "saves"),
    ],
    "twitch": [
        ("Twitch Followers", "followers"),
        ("Twitch Clip Views", "views"),
        ("Twitch Video Views", "views"),
        ("Twitch Channel Visits", "visits"),
        ("Twitch Clip Shares", "shares"),
    ],
}

METRICS = {  # metric: price of 1000 in the currency, units an hour, smallest and largest order
    "followers": (0.90, 1_200, 50, 50_000),
    "likes": (0.28, 2_000, 20, 30_000),
    "views": (0.06, 9_000, 100, 5_000_000),
    "comments": (7.20, 240, 5, 2_000),
    "shares": (0.42, 1_500, 20, 20_000),
    "saves": (0.18, 1_800, 20, 20_000),
    "subscribers": (6.40, 600, 50, 10_000),
    "members": (1.10, 1_000, 50, 40_000),
    "plays": (0.34, 4_000, 500, 2_000_000),
    "reactions": (0.24, 2_400, 20, 30_000),
    "votes": (1.60, 900, 50, 20_000),
    "mentions": (3.80, 400, 50, 10_000),
    "visits": (0.12, 5_000, 100, 1_000_000),
}

REGIONS = {  # where the accounts are said to be: what that does to the price
    "Worldwide": 1.0,
    "Europe": 1.7,
    "United States": 2.6,
    "United Kingdom": 2.4,
    "Germany": 2.3,
    "Brazil": 1.3,
    "India": 0.8,
    "Indonesia": 0.85,
    "Turkey": 0.95,
    "Arabic-speaking": 1.5,
    "Latin America": 1.2,
}

TIERS = [  # name, what it does to the price, to the pace, refill days
    ("Slow", 0.8, 0.5, 0),
    ("Standard", 1.0, 1.0, 30),
    ("Fast", 1.45, 3.0, 0),
]


class Service(NamedTuple):
    """One thing sold. rate: hundred-thousandths per 1000 units, of a Package for the package.

    pace: units a simulated hour. delay: it starts at the latest so many simulated seconds after it was accepted.
    """

    id: int
    name: str
    type: str
    category: str
    platform: str
    metric: str
    rate: int
    min: int
    max: int
    refill_days: int
    cancel: bool
    dripfeed: bool
    pace: int
    delay: int
    instant: bool

    def wire(self, *, speed: float) -> dict[str, object]:
        """The service as API v2 lists it, with extra fields: refill_days, platform, metric, pace (units an hour).

        speed: simulated seconds in a second. Pace and average time are stated as they will be seen, sped up: a panel
        that plans by them plans right.
        """
        pace = max(1, round(self.pace * speed))
        return {
            "service": self.id,
            "name": self.name,
            "type": self.type,
            "category": self.category,
            "rate": money(self.rate),
            "min": str(self.min),
            "max": str(self.max),
            "refill": self.refill_days > 0,
            "refill_days": self.refill_days,
            "cancel": self.cancel,
            "dripfeed": self.dripfeed,
            "desc": self._description(pace),
            "average_time": str(max(1, round((3 + 60 * self._usual_order / self.pace) / speed))),
            "platform": self.platform,
            "metric": self.metric,
            "pace": pace,
        }

    def _description(self, pace: int) -> str:
        """What is really delivered, in words that promise no more than that."""
        speed = (
            "the whole package in about half an hour" if self.type == "Package" else f"about {pace:,} an hour, evenly"
        )
        start = "Instant start: begins within a minute" if self.instant else "Starts within five minutes"
        drops = (
            f"What drops within {self.refill_days} days is refilled on request."
            if self.refill_days
            else "What drops later is not refilled."
        )
        return (
            f"Simulated {self.metric}: this demonstration provider counts them up and contacts no platform. "
            f"{start}, then {speed}. {drops}"
        )

    @property
    def _usual_order(self) -> int:
        return min(1000, self.max)


@lru_cache(maxsize=10_000)
def money(amount: int) -> str:
    """Hundred-thousandths as the plain decimal of the wire, five places: 27819 is "0.27819"."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // UNIT}.{amount % UNIT:05d}"


def changed(service: Service, wish: Mapping[str, object]) -> Service:
    """A service with another `name`, `rate` (money for 1000 units), `min` or `max`. Raises ValueError."""
    if unknown := wish.keys() - {"name", "rate", "min", "max"}:
        raise ValueError(f"a service has no {min(unknown)} to change")
    news: dict[str, Any] = {name: int(str(wish[name])) for name in ("min", "max") if name in wish}
    if "rate" in wish:
        news["rate"] = round(float(str(wish["rate"])) * UNIT)
    if "name" in wish:
        news["name"] = str(wish["name"])
    return service._replace(**news)


def generate(seed: int) -> dict[int, Service]:
    """Every service by id. The ids depend on nothing but the place in the lists above."""
    services = {}
    flat = [(platform, *category) for platform, categories in CATEGORIES.items() for category in categories]
    for row, (platform, category, metric) in enumerate(flat):
        for column, (region, tier) in enumerate((region, tier) for region in REGIONS for tier in range(len(TIERS))):
            service = _service(seed, 1000 + row * 100 + column, platform, category, metric, region, tier)
            services[service.id] = service
    return services


def _service(seed: int, number: int, platform: str, category: str, metric: str, region: str, tier: int) -> Service:
    price, pace, smallest, largest = METRICS[metric]
    word, dearer, faster, refill_days = TIERS[tier]
    rate = price * dearer * REGIONS[region] * (0.9 + 0.2 * dice(seed, "rate", number))
    kind = _kind(metric, region, tier)
    pace = max(1, int(pace * faster * (0.9 + 0.2 * dice(seed, "speed", number))) // 10 * 10)
    if kind == "Package":
        units, smallest, largest, refill_days = 1000 * (1 + tier), 1, 1, 0
        rate, pace, word = rate * units / 1000, 2, f"Package of {units:,}"
    if kind == "Custom Comments":
        word = f"{word}, your own texts"
    instant = kind == "Default" and word == "Fast" and metric in ("likes", "views")
    if instant:
        word = "Fast, instant start"
    return Service(
        id=number,
        name=f"{category} | {region} | {word}" + (f" | Refill {refill_days} days" if refill_days else ""),
        type=kind,
        category=category,
        platform=platform,
        metric=metric,
        rate=max(100, round(rate * 10_000) * 10),
        min=smallest,
        max=largest,
        refill_days=refill_days,
        cancel=kind == "Default" and dice(seed, "cancel", number) < 0.6,
        dripfeed=kind == "Default" and metric not in ("votes", "comments"),
        pace=pace,
        delay=60 if instant else 300,
        instant=instant,
    )


def _kind(metric: str, region: str, tier: int) -> str:
    if metric == "comments" and tier:
        return "Custom Comments"
    return "Package" if region == "Latin America" and metric in ("views", "plays", "followers") else "Default"
