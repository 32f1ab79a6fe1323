"""What one customer did before, as the order form uses it: services ordered, policies accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from orders.models import Order
from orders.reading import catalogue
from policies.models import Acceptance, PolicyVersion

LOOK_BACK = 100  # orders; a reseller's thousands say no more about what they want next


@dataclass(frozen=True, slots=True)
class Agreed:
    """A version in force that a customer has accepted. by: itself, or the standing acceptance that covers it."""

    version: PolicyVersion
    by: Acceptance

    @property
    def itself(self) -> bool:
        """Whether this very version was accepted."""
        return self.by.version_id == self.version.pk

    @property
    def same_policy(self) -> bool:
        """Whether a version of the same policy was accepted."""
        return self.by.version.policy_id == self.version.policy_id


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
    """By what the customer has accepted each of these, all of which they have accepted. One query."""
    covering = Q(version__in=versions) | Q(standing=True)
    theirs = Acceptance.objects.filter(covering, user_id=user_id).select_related("version__policy").order_by("at", "pk")
    found = list(theirs)
    return tuple(Agreed(version, _covering(version, found)) for version in versions) if found else ()


def _covering(version: PolicyVersion, accepted: Sequence[Acceptance]) -> Acceptance:
    """As policies_required.sql looks: the version itself, else one of its policy, else one older than its policy."""
    return min(accepted, key=lambda each: (each.version_id != version.pk, each.version.policy_id != version.policy_id))
