"""What a link leads to, as the modules of the platforms tell it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orders.links.address import Address
from policies.rules.vocabulary import LinkKind, Metric, Platform

ACCOUNTS = frozenset({LinkKind.PROFILE, LinkKind.CHANNEL, LinkKind.GROUP})
WHOLE_NUMBER = re.compile(r"[0-9]{1,25}")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing on one platform. name: the same for every link to it, and for nothing else there.

    kind: None where the link does not tell, such as a short link: nobody fetches it to find out.
    """

    platform: Platform
    kind: LinkKind | None
    name: str


class Reader(Protocol):
    """A platform's module.

    HOSTS: where its links lead, without prefixes. HANDLE: what a bare name means there. WANTED: which kinds a service
    that counts a metric can deliver to; a metric that is left out takes any.
    """

    HOSTS: frozenset[str]
    WANTED: Mapping[Metric, frozenset[LinkKind]]

    def read(self, address: Address) -> Target | None:
        """What an address on one of the hosts leads to; None for a page that is known to nobody here."""

    def account(self, name: str) -> Target:
        """The account of a bare name, without its @."""
