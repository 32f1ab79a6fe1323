"""A service with two routes, each to a running simulator of its own: who takes what is counted there."""

from decimal import Decimal

from orders.delivery import dispatch
from orders.models import Flag, Order, OrderEvent, Provider, Route
from tests.orders.upstream import Upstream


class TwoWays:
    """first: the upstream whose service is sold, by the route tried first. second: who else delivers it."""

    def __init__(self, first: Upstream, second: Upstream) -> None:
        self.first, self.second = first, second
        self.route = Route.objects.get(provider=first.provider)
        Route.objects.filter(provider=second.provider).update(service=first.service, priority=2, cost=Decimal("0.9"))

    def order(self, **asked: object) -> Order:
        return self.first.order(**asked)  # type: ignore[arg-type]

    def send(self) -> int:
        """A pass at each provider that may be called, the first one's first, some seconds apart."""
        sent = self.first.send()
        self.first.later(seconds=5)
        return sent + dispatch.send_due(provider_id=self.second.provider.pk, now=self.first.now)

    def taken(self, order: Order) -> tuple[int, int]:
        """How often each of them accepted something for the order's link."""
        return self.first.accepted(order), self.second.accepted(order)

    def trouble(self, kind: str, **rest: object) -> None:
        """What the next `add` meets at the first provider."""
        self.first.simulator.fault(kind, **rest)  # type: ignore[arg-type]

    def shut(self, upstream: Upstream, **columns: object) -> None:
        Provider.objects.filter(pk=upstream.provider.pk).update(**columns)

    def told(self, order: Order) -> list[dict[str, object]]:
        """What staff read about its way."""
        lines = OrderEvent.objects.filter(order=order, kind__in=["rerouted", "nobody_takes_it"], public=False)
        return [line.facts for line in lines.order_by("pk")]

    def flags(self, order: Order) -> list[str]:
        return list(Flag.objects.filter(order=order, resolved_at=None).values_list("kind", flat=True))
