"""Whether an order may be placed, and every reason why not, each at its field.

R20, R21; refund.5.1, refund.12.1; terms.1.3 and terms.6.2 (acceptance), terms.2.3, terms.3.2, terms.4.1.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from policies.rules.clauses import Clause, Params, Value, parameter
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import LinkKind, Platform, ServiceType

OFFERED = frozenset({ServiceType.DEFAULT, ServiceType.PACKAGE, ServiceType.CUSTOM_COMMENTS})
"""The types that can be ordered; the others are shown and refused."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a link says of where it leads. platform, kind: None where it does not tell.

    wanted_platform: the service's. wanted: what it can deliver to there, () for anything.
    """

    platform: Platform | None
    kind: LinkKind | None
    wanted_platform: Platform
    wanted: tuple[LinkKind, ...]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """Somebody wants this much of that for a link.

    quantity: None if it was not a whole number; a package's is not looked at. minimum, maximum: inclusive.
    link: as typed, without surrounding blanks; leads_to: None where nothing is known of it. policies_missing: titles of
    versions in force that are not accepted.
    price, balance: account currency; price is None where it cannot be computed yet.
    """

    account_active: bool
    selling: bool
    service_active: bool
    service_type: ServiceType
    quantity: int | None
    minimum: int
    maximum: int
    link: str
    policies_missing: tuple[str, ...]
    price: Decimal | None
    balance: Decimal
    leads_to: LinkFacts | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not taken. field: "service", "quantity", "link", "policies", or None for the order as a whole."""

    field: str | None
    code: str
    facts: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    clause: Clause | None = None


def check_order(request: OrderRequest, *, params: Params) -> tuple[Refusal, ...]:
    """Every reason to refuse, the most fundamental first; () if the order may be placed.

    It also enforces terms.1.3, terms.2.3, terms.4.1 and terms.6.2, which it does not cite.
    Funds are only weighed for an order that could otherwise be placed: nobody tops up for one that is then refused.
    """
    refusals = (
        *_about_the_shop(request),
        *_about_the_service(request),
        *_about_the_quantity(request),
        *(tuple(_about_the_link(request.link, params=params)) or _about_the_target(request.leads_to)),
        *_about_the_policies(request),
    )
    return refusals or tuple(_about_the_funds(request))


WALLET_FROZEN = Refusal(None, "wallet_frozen")


def not_enough_funds(*, price: Decimal, balance: Decimal) -> Refusal:
    """The wallet does not cover the price."""
    return Refusal(None, "not_enough_funds", {"price": price, "balance": balance, "short": price - balance})


def spending_limit_reached(*, period: str, limit: Decimal, left: Decimal, price: Decimal) -> Refusal:
    """A limit that the customer or staff set does not allow the price. period: "day" or "month"; left: what it does."""
    facts: dict[str, Value] = {"limit": limit, "left": left, "price": price}
    return Refusal("quantity", f"spending_limit_of_the_{period}", facts)


def _about_the_shop(request: OrderRequest) -> Iterator[Refusal]:
    if not request.account_active:
        yield Refusal(None, "account_suspended")
    if not request.selling:
        yield Refusal(None, "selling_stopped")


def _about_the_service(request: OrderRequest) -> Iterator[Refusal]:
    if not request.service_active:
        yield Refusal("service", "service_not_for_sale")
    elif request.service_type not in OFFERED:
        yield Refusal("service", "type_not_offered", {"type": request.service_type.value})


def _about_the_quantity(request: OrderRequest) -> Iterator[Refusal]:
    if request.service_type.is_package:
        return
    if request.quantity is None:
        yield Refusal("quantity", "quantity_missing", {"minimum": request.minimum})
    elif request.quantity < request.minimum:
        yield Refusal("quantity", "quantity_below_minimum", {"minimum": request.minimum, "quantity": request.quantity})
    elif request.quantity > request.maximum:
        yield Refusal("quantity", "quantity_above_maximum", {"maximum": request.maximum, "quantity": request.quantity})


def _about_the_policies(request: OrderRequest) -> Iterator[Refusal]:
    if request.policies_missing:
        missing = ", ".join(request.policies_missing)
        yield Refusal("policies", "policies_not_accepted", {"policies": missing}, clause.DYNAMIC)


def _about_the_funds(request: OrderRequest) -> Iterator[Refusal]:
    if request.price is not None and request.price > request.balance:
        yield not_enough_funds(price=request.price, balance=request.balance)


# A host has a dot and a top level of letters, so that a number or a bare word is no address. Scripts of all languages.
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{2,59})\.?", re.IGNORECASE)
_HANDLE = re.compile(r"@?\w[\w.\-]{0,63}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:", re.IGNORECASE)


def _about_the_target(leads_to: LinkFacts | None) -> tuple[Refusal, ...]:
    """Whether the service can deliver there. What the link does not tell is given the benefit of the doubt."""
    if leads_to is None or leads_to.platform is None:
        return ()
    if leads_to.platform is not leads_to.wanted_platform:
        facts = {"platform": leads_to.platform.value, "wanted_platform": leads_to.wanted_platform.value}
        return (Refusal("link", "link_of_another_platform", facts, clause.CORRECT_LINK),)
    if leads_to.kind is None or not leads_to.wanted or leads_to.kind in leads_to.wanted:
        return ()
    wanted = ", ".join(sorted(kind.value for kind in leads_to.wanted))
    facts = {"link_kind": leads_to.kind.value, "wanted_kinds": wanted}
    return (Refusal("link", "link_of_another_kind", facts, clause.CORRECT_LINK),)


def _about_the_link(link: str, *, params: Params) -> Iterator[Refusal]:
    """The link's shape. Whether it leads anywhere is for the service to find out: nothing is fetched here."""
    longest = parameter(params, "link_max_chars")
    if not link:
        yield Refusal("link", "link_missing", {}, clause.CORRECT_LINK)
    elif len(link) > longest:
        yield Refusal("link", "link_too_long", {"maximum": longest, "length": len(link)}, clause.CORRECT_LINK)
    elif any(_is_forbidden(character) for character in link):
        yield Refusal("link", "link_has_forbidden_characters", {}, clause.CORRECT_LINK)
    elif not (_HANDLE.fullmatch(link) or is_web_address(link)):
        yield Refusal("link", "link_not_an_address", {}, clause.CORRECT_LINK)


def _is_forbidden(character: str) -> bool:
    """Blanks and invisible characters: controls, NUL, direction marks, lone surrogates, what was no text at all."""
    return (
        character.isspace()
        or character == "\N{REPLACEMENT CHARACTER}"
        or unicodedata.category(character).startswith("C")
    )


def is_web_address(link: str) -> bool:
    """Whether it has the shape of an http or https address; "instagram.com/name" without a scheme counts.

    A name and password before the host are refused: nobody needs to hand them to us.
    """
    if not _SCHEME.match(link):
        link = f"https://{link}"
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port  # `port` raises for one that is no number
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or host is None or "@" in parts.netloc:
        return False
    return _HOST.fullmatch(host) is not None
