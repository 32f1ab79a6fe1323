"""What one customer did before, as the order form uses it: services ordered, policies accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from accounts.models import User
from orders.models import Order
from orders.reading import catalogue
from policies.models import Acceptance, PolicyVersion

LOOK_BACK = 100  # orders; a reseller's thousands say no more about what they want next


@dataclass(frozen=True, slots=True)
class Agreed:
    """A version in force that a customer has accepted itself, and when first."""

    version: PolicyVersion
    at: datetime


def ordered_before(*, customer: User, size: int) -> list[catalogue.Listed]:
    """The services this customer ordered last that are still on sale, the newest first."""
    recent = Order.objects.of(customer.pk).order_by("-pk").values_list("service_id", flat=True)[:LOOK_BACK]
    ids = list(dict.fromkeys(recent))[:size]
    found = catalogue.these(ids, customer=customer)
    return [found[service_id] for service_id in ids if service_id in found]


def has_ordered(*, user_id: int, service_id: int) -> bool:
    """Whether the customer ever ordered this service: the first time, the smallest quantity is suggested (R58)."""
    return Order.objects.of(user_id).filter(service_id=service_id).exists()


def agreed(*, user_id: int, versions: Sequence[PolicyVersion]) -> tuple[Agreed, ...]:
    """When the customer accepted each of these, all of which they have accepted. One query."""
    theirs = Acceptance.objects.filter(version__in=versions, user_id=user_id)
    first = dict(theirs.values("version_id").annotate(first=Min("at")).values_list("version_id", "first"))
    return tuple(Agreed(version, first[version.pk]) for version in versions)
