"""What a link is once spelling is set aside: its normal form and fingerprint. Links are never fetched."""

import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

_TRACKING = frozenset(
    {"igsh", "igshid", "fbclid", "gclid", "si", "feature", "ref", "ref_src", "s", "t", "share_id", "mibextid"}
)
_HOST_PREFIXES = ("www.", "m.", "mobile.", "web.")


def normal_form(link: str) -> str:
    """Return the spelling under which two links to the same thing are equal (orders c.5).

    Scheme, `www.`, tracking parameters and a trailing slash go; the host and a lone user name are lower case, since
    platforms ignore case there and nowhere else.
    """
    text = link.strip()
    if "/" not in text and "." not in text:
        return text.lstrip("@").lower()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    path = parts.path.rstrip("/")
    if path.count("/") == 1:
        path = path.replace("/@", "/").lower()
    query = urlencode(
        sorted((k, v) for k, v in parse_qsl(parts.query) if k not in _TRACKING and not k.startswith("utm_"))
    )
    return _host(parts.netloc) + path + (f"?{query}" if query else "")


def _host(netloc: str) -> str:
    host = netloc.rpartition("@")[2].lower()
    for prefix in _HOST_PREFIXES:
        host = host.removeprefix(prefix)
    return host


def fingerprint(link: str) -> str:
    """Return the SHA-256 of the link's normal form, 64 hex characters."""
    return hashlib.sha256(normal_form(link).encode()).hexdigest()
