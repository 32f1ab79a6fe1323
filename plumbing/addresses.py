"""Which URLs and which network addresses may be called from here (reliability section 4, ASVS 1.3.6 and 15.3.2)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_FORBIDDEN = re.compile(r"[^\x21-\x7e]|[\\<>\"^`{|}]")
# Stated here, because what `ipaddress` calls global differs between patch releases of Python.
_CLOSED_V4 = [
    ip_network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
_UNICAST_V6 = ip_network("2000::/3")  # so mapped, NAT64, unique local, link local and multicast are out already
_CLOSED_V6 = [ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")]


class AddressRefused(Exception):
    """This URL, or an address that its host resolves to, may not be called. The text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. path: with its query. trusted: named by the operator, so the address check is waived."""

    scheme: str
    host: str
    port: int
    path: str
    trusted: bool

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


def target_of(url: str, *, allow: Collection[str]) -> Target:
    """Read a URL strictly. allow: "host:port" pairs that may be called over http and on any address.

    Raises AddressRefused; never resolves anything.
    """
    if _FORBIDDEN.search(url) or len(url) > 2000:
        raise AddressRefused("not a plain ASCII URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused("not a URL") from error
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.fragment or port == 0:
        raise AddressRefused("only https, without user, password or fragment")
    host = _checked_host(parts.hostname or "")
    port = port or (443 if parts.scheme == "https" else 80)
    trusted = f"{host}:{port}" in {pair.strip().lower() for pair in allow}
    if parts.scheme == "http" and not trusted:
        raise AddressRefused("https only")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, trusted=trusted)


def check_addresses(target: Target, addresses: Sequence[str]) -> None:
    """Refuse a host with even one address outside the public internet. Raises AddressRefused."""
    if not addresses:
        raise AddressRefused("no address")
    if not target.trusted and not all(is_public(address) for address in addresses):
        raise AddressRefused("not a public address")


def check_literal(target: Target) -> None:
    """Refuse a host that needs no look-up to be known as closed: such an address itself, or this machine's name.

    Raises AddressRefused.
    """
    local = target.host == "localhost" or target.host.endswith(".localhost")  # RFC 6761 section 6.3
    if local and not target.trusted:
        raise AddressRefused("not a public address")
    if _is_literal(target.host):
        check_addresses(target, [target.host])


def is_public(address: str) -> bool:
    """Say whether an IP address, as text, belongs to a host on the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in net for net in _CLOSED_V4)
    return ip.is_global and not ip.scope_id and ip in _UNICAST_V6 and not any(ip in net for net in _CLOSED_V6)


def _checked_host(host: str) -> str:
    """A name, a dotted IPv4 address or an IPv6 address; the other spellings of numbers are tricks."""
    try:
        return str(_without_zone(host))
    except ValueError:
        pass
    if not _HOST_NAME.match(host) or _NUMBER.match(host.rpartition(".")[2]):
        raise AddressRefused("not a host name")
    return host


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _without_zone(host: str) -> IPv4Address | IPv6Address:
    if "%" in host:
        raise AddressRefused("an address with a zone")
    return ip_address(host)
