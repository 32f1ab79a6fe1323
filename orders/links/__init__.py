"""What a link leads to once spelling is set aside, and the fingerprint that all links to it share (R21, orders c.5).

Links are never fetched: all that is known of them stands in them. What the platforms' addresses mean is their own
public form, one module each; where a module knows nothing of an address, its plain spelling counts.
"""

import hashlib
from collections.abc import Mapping

from orders.links import facebook, instagram, spotify, telegram, tiktok, twitch, x, youtube
from orders.links.address import Address
from orders.links.target import Reader, Target
from policies.rules.vocabulary import LinkKind, Metric, Platform

READERS: Mapping[Platform, Reader] = {
    Platform.INSTAGRAM: instagram,
    Platform.TIKTOK: tiktok,
    Platform.YOUTUBE: youtube,
    Platform.FACEBOOK: facebook,
    Platform.X: x,
    Platform.TELEGRAM: telegram,
    Platform.SPOTIFY: spotify,
    Platform.TWITCH: twitch,
}
_PLATFORM_OF_HOST = {host: platform for platform, reader in READERS.items() for host in reader.HOSTS}


def read(link: str, platform: Platform | None = None) -> Target | None:
    """What a link leads to, None where nobody here knows. platform: what a bare name is a name on.

    Raises ValueError for what is no address at all.
    """
    text = link.strip()
    if _is_a_name(text):
        return READERS[platform].account(text.lstrip("@")) if platform else None
    address = Address.of(text)
    found = _PLATFORM_OF_HOST.get(address.host)
    return READERS[found].read(address) if found else None


def platform_of(link: str) -> Platform | None:
    """Whose host a link has; None for a name or any other host. Errors as of `read`."""
    text = link.strip()
    return None if _is_a_name(text) else _PLATFORM_OF_HOST.get(Address.of(text).host)


def normal_form(link: str, platform: Platform | None = None) -> str:
    """The spelling under which two links to the same thing are equal. Arguments and errors as of `read`."""
    target = read(link, platform)
    if target:
        return f"{target.platform.value} {target.name}"
    text = link.strip()
    return text.lstrip("@").lower() if _is_a_name(text) else Address.of(text).plain


def fingerprint(link: str, platform: Platform | None = None) -> str:
    """The SHA-256 of a link's normal form, 64 hex characters. Arguments and errors as of `read`."""
    return hashlib.sha256(normal_form(link, platform).encode()).hexdigest()


def fingerprints(link: str) -> dict[str, str]:
    """A link's fingerprint by the platform that it is ordered for, and under "" for any that is left out."""
    by_platform = {platform.value: fingerprint(link, platform) for platform in Platform if _is_a_name(link.strip())}
    return {"": fingerprint(link), **by_platform}


def wanted(platform: Platform, metric: Metric) -> frozenset[LinkKind]:
    """What a service can deliver to; empty where anything may be right."""
    return READERS[platform].WANTED.get(metric, frozenset())


def _is_a_name(text: str) -> bool:
    return "/" not in text and (text.startswith("@") or "." not in text)
