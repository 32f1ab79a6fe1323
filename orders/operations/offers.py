"""What a customer may order and what it costs them: the one answer for form, API and placing (decision 19)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import policies.operations as policies
from orders import links
from plumbing import sql
from policies.models import PolicyVersion
from policies.rules import pacing, pricing
from policies.rules.forecasts import Ahead, Forecast, Measured
from policies.rules.vocabulary import ServiceType


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as one customer meets it: its terms, whether it may be ordered now, and by which route it goes.

    The fields are the keys of orders/sql/orders_facts.sql.
    """

    service_id: int
    service_active: bool
    account_active: bool
    selling: bool
    sending: bool
    name: str
    type: str
    platform: str
    metric: str
    min_quantity: int
    max_quantity: int
    service_rate: Decimal
    own_rate: Decimal | None
    group_rate: Decimal | None
    refill: bool
    refill_days: int | None
    refill_max: int | None
    refill_cap_percent: int | None
    refill_auto: bool
    cancel: bool
    instant: bool
    pace_per_hour: int | None
    average_minutes: int | None
    start_window_hours: int | None
    run_size: int | None
    run_interval_minutes: int | None
    dripfeed: bool
    daily_cap: int | None
    provider_id: int
    provider_service: str

    @property
    def rate(self) -> Decimal:
        """What this customer pays per 1000 units, or for the package."""
        return pricing.rate_for(own=self.own_rate, group=self.group_rate, service=self.service_rate)

    @property
    def most_a_day(self) -> int | None:
        """Units that one link gets in any 24 hours; None without a limit."""
        return pacing.most_a_day(stated=self.daily_cap, largest=self.max_quantity, service_type=ServiceType(self.type))

    def at(self, rate: Decimal) -> "Offer":
        """The same at a rate that was promised."""
        return replace(self, own_rate=rate)

    def price(self, *, units: int) -> Decimal:
        """What this customer pays for `units`."""
        return pricing.price(service_type=ServiceType(self.type), rate=self.rate, units=units)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the same request key placed before, and the versions that govern it."""

    order_id: int
    request_hash: str
    refund_policy_id: int
    support_policy_id: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a new order is decided on, as of one instant.

    offer: None where there is no such service or no route to it. versions: in force, to govern the order; missing:
    those of them that the customer has yet to accept for an order by form, or by key. history: what orders
    of the service took, by size. ahead: live orders on the same link and metric, the oldest first.
    """

    offer: Offer | None
    history: tuple[Measured, ...]
    ahead: tuple[Ahead, ...]
    balance: Decimal
    versions: tuple[PolicyVersion, ...]
    missing: tuple[PolicyVersion, ...]
    earlier: Earlier | None


def facts_for(
    *, user_id: int, service_id: int, link: str, by_key: bool, request_key: str | None = None, now: datetime
) -> Facts:
    """Read everything in one round trip.

    by_key: a program asks, for which the standing acceptance of its key's owner counts (terms.6.2).
    """
    asked = [user_id, service_id, json.dumps(_fingerprints(link)), request_key, now]
    ((text,),) = sql.rows("SELECT orders_facts(%s, %s, %s::jsonb, %s, %s)", asked)
    read: Mapping[str, Any] = json.loads(text, parse_float=Decimal)
    required = [
        (policies.published_version(version_id), accepted or (by_key and covered))
        for version_id, accepted, covered in read["required"] or ()
    ]
    return Facts(
        offer=Offer(**read["offer"]) if read["offer"] else None,
        history=tuple(Measured(*size) for size in read["history"] or ()),
        ahead=tuple(map(_ahead, read["ahead"] or ())),
        balance=Decimal(read["balance"]),
        versions=tuple(version for version, _ in required),
        missing=tuple(version for version, agreed in required if not agreed),
        earlier=Earlier(*read["earlier"]) if read["earlier"] else None,
    )


def _fingerprints(link: str) -> dict[str, str]:
    """As orders keep it; none for what is no link at all, as typed: the rules refuse it, and nobody is ahead on it."""
    try:
        return links.fingerprints(link) if link else {}
    except ValueError:  # brackets that do not close, half a character
        return {}


def _ahead(read: list[Any]) -> Ahead:
    placed_at, forecast = read
    return Ahead(datetime.fromisoformat(placed_at), Forecast(**forecast) if forecast else None)
