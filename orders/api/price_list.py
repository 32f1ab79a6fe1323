"""The answer to `services`, prepared once a catalogue version: most callers get the same bytes (performance P11)."""

import json
from decimal import Decimal
from threading import Lock
from typing import Any

from django.db.models import Max, Q

from accounts.models import User
from orders.api.wire import money
from orders.models import CatalogueChange, PriceRule, Service
from policies.rules import drip_feed, pricing
from policies.rules.vocabulary import ServiceType

_prepared: dict[int, tuple[list[dict[str, Any]], bytes]] = {}  # the newest version alone
_preparing = Lock()


def for_customer(user: User) -> bytes:
    """The JSON array of api-v2 b.2 at this customer's rates. Two small queries while the catalogue is unchanged."""
    listed, everybody = _newest()
    own, group = _rates_of(user)
    if not own and not group:
        return everybody
    return _bytes([_priced(service, own, group) for service in listed])


def _newest() -> tuple[list[dict[str, Any]], bytes]:
    version = CatalogueChange.objects.aggregate(newest=Max("id"))["newest"] or 0
    with _preparing:
        if version not in _prepared:
            listed = [
                _listed(service) for service in Service.objects.on_sale().select_related("category").order_by("id")
            ]
            _prepared.clear()
            _prepared[version] = (listed, _bytes([_priced(service, {}, {}) for service in listed]))
        return _prepared[version]


def _rates_of(user: User) -> tuple[dict[int, Decimal], dict[int, Decimal]]:
    """This customer's own rates and their group's, by service."""
    rules = PriceRule.objects.filter(Q(user=user) | Q(group__isnull=False, group=user.group_id))
    own: dict[int, Decimal] = {}
    group: dict[int, Decimal] = {}
    for service_id, user_id, rate in rules.values_list("service_id", "user_id", "rate"):
        (group if user_id is None else own)[service_id] = rate
    return own, group


def _listed(service: Service) -> dict[str, Any]:
    """One service on the wire; `rate` stays a Decimal until it is known whose."""
    return {
        "service": service.pk,
        "name": service.name,
        "type": service.type,
        "category": service.category.name,
        "rate": service.rate,
        "min": str(service.min_quantity),
        "max": str(service.max_quantity),
        "refill": service.refill,
        "cancel": service.cancel,
        "dripfeed": drip_feed.is_offered(flagged=service.dripfeed, service_type=ServiceType(service.type)),
        "desc": service.description,
        "refill_days": service.refill_days,
        "average_time": None if service.average_minutes is None else str(service.average_minutes),
    }


def _priced(service: dict[str, Any], own: dict[int, Decimal], group: dict[int, Decimal]) -> dict[str, Any]:
    number = service["service"]
    rate = pricing.rate_for(own=own.get(number), group=group.get(number), service=service["rate"])
    return service | {"rate": money(rate)}


def _bytes(listed: list[dict[str, Any]]) -> bytes:
    return json.dumps(listed, separators=(",", ":")).encode()
