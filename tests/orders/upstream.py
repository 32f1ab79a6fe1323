"""A provider's row that points at a running simulator, and the customer who orders what it delivers."""

import time
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import policies.operations as policies
import wallet.operations as wallet
from orders.delivery import dispatch, poll
from orders.models import Delivery, Order, Route, Run
from orders.operations.placing import place_order
from orders.operations.quoting import Request
from policies.rules.drip_feed import Drip
from tests.factories import NOON, CustomerFactory, ProviderFactory, ServiceFactory, token_of
from tests.simulator.conftest import FOLLOWERS, KEY, Simulator

PATIENCE = 20  # seconds until a simulated order must have ended
LISTED = Decimal("0.9069")  # what the simulator charges for a thousand
FUNDS = Decimal("100000")
_links = count(1)


class Upstream:
    """`now` is the panel's time: it stands still but for what a test adds; the simulator's time goes on by itself."""

    def __init__(self, simulator: Simulator, **columns: object) -> None:
        policies.seed(now=NOON)
        self.simulator = simulator
        self.now = NOON
        url = f"http://127.0.0.1:{simulator.port}/api/v2"
        deadlines = {"add_deadline": 2, "balance_deadline": 2, "poll_deadline": 5}
        self.provider = ProviderFactory(api_url=url, api_key=KEY, **{**deadlines, **columns})
        self.service = ServiceFactory(routed=self.provider, max_quantity=50_000)
        Route.objects.update(provider_service=str(FOLLOWERS), cost=LISTED)
        self.customer = CustomerFactory(funds=FUNDS)

    def order(
        self,
        *,
        sim: str = "",
        quantity: int = 1000,
        link: str = "",
        customer: object = None,
        drip: Drip | None = None,
    ) -> Order:
        """Place an order on a link of its own. sim: the trouble its link asks the simulator for."""
        link = link or f"https://instagram.com/p/{next(_links)}" + (f"?sim={sim}" if sim else "")
        shown = {version.pk: version.checksum for version in policies.required_versions(now=self.now)}
        user_id = (customer or self.customer).pk
        request = Request(service_id=self.service.pk, link=link, quantity=quantity, drip=drip)
        placed = place_order(
            user_id=user_id,
            request=request,
            request_key=None,
            channel=Order.Channel.WEB,
            accepting=shown,
            quote=token_of(user_id=user_id, request=request, now=self.now),
            now=self.now,
        )
        return Order.objects.get(pk=placed.order_id)

    def send(self) -> int:
        return dispatch.send_due(provider_id=self.provider.pk, now=self.now)

    def look(self) -> poll.Refreshed:
        """A look at everything live, a day after the last one: whatever the interval, it is due."""
        self.now += timedelta(days=1)
        return poll.refresh_due_batches(provider_id=self.provider.pk, now=self.now)

    def ended(self, order: Order) -> Order:
        """The order once the simulator has ended it and one look has seen it."""
        until = time.monotonic() + PATIENCE
        while not self._has_ended(order):
            assert time.monotonic() < until, self.run(order).provider_order_id
            time.sleep(0.01)
        self.look()
        return self.fresh(order)

    def until_moving(self, order: Order) -> None:
        """Look until some of it is delivered."""
        while not Delivery.objects.get(order_id=order.pk).delivered:
            self.look()

    def fresh(self, order: Order) -> Order:
        return Order.objects.get(pk=order.pk)

    def run(self, order: Order) -> Run:
        return Run.objects.get(order=order)

    def accepted(self, order: Order) -> int:
        """How often the simulator took something for the order's link."""
        return int(self._counts(order)["accepted"])

    def arrived(self, order: Order) -> int:
        return int(self._counts(order)["arrived"])

    def balance(self) -> Decimal:
        return wallet.balance_of(self.customer.pk)

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def _has_ended(self, order: Order) -> bool:
        number = self.run(order).provider_order_id
        assert number is not None, self.run(order).state
        return bool(self.simulator.truth(number, at=time.time())["ended"])

    def _counts(self, order: Order) -> dict[str, int]:
        links = self.simulator.watch()["links"]
        return dict(links.get(order.link, {"arrived": 0, "accepted": 0}))
