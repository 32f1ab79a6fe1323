"""The endpoints under `/control`: asking for trouble, watching, and making many orders at once."""

from collections import Counter
from collections.abc import Callable, Mapping

from orders.simulator import progress
from orders.simulator.catalogue import UNIT, money
from orders.simulator.faults import BadFault, Faults
from orders.simulator.pay_site import PaySite
from orders.simulator.progress import Order
from orders.simulator.provider import Provider, Refused

Json = dict[str, object]


class Control:
    """Steers a provider. `requests` counts what came in, per action. shut_for: takes no connection for some seconds."""

    def __init__(
        self, provider: Provider, faults: Faults, pay_site: PaySite, *, shut_for: Callable[[float], None]
    ) -> None:
        self.provider = provider
        self.faults = faults
        self.pay_site = pay_site
        self.shut_for = shut_for
        self.requests: Counter[str] = Counter()

    def answer(self, method: str, path: str, asked: Mapping[str, object], *, now: float) -> tuple[int, Json]:
        """HTTP status and JSON body for a request under `/control`."""
        try:
            said = self._said(method, path.rstrip("/"), asked, now)
        except (BadFault, ValueError, Refused) as wrong:
            return 400, {"error": str(wrong)}
        return (200, said) if said is not None else (404, {"error": "no such control"})

    def _said(self, method: str, path: str, asked: Mapping[str, object], now: float) -> Json | None:
        match method, path:
            case "POST", "/control":
                self._steer(asked)
                return self._state(now)
            case "POST", "/control/bulk":
                return self._bulk(asked, now)
            case "GET", "/control":
                return self._state(now)
            case "GET", "/control/counts" | "/control/totals":
                return self._totals() | ({} if path.endswith("totals") else {"links": self._links()})
            case "GET", "/control/orders":
                return self._orders(str(asked.get("ids", "")), float(str(asked.get("at", now))))
        return self.pay_site.control(method, path, asked, now=now)

    def _state(self, now: float) -> Json:
        standing = [
            {
                "action": fault.action,
                "kind": [f"{kind}:{argument}" if argument else kind for kind, argument in fault.troubles],
            }
            | ({"rate": fault.rate} if fault.left is None else {"next": fault.left})
            for fault in self.faults.standing
        ]
        return {"faults": standing, "balance": money(self.provider.journal.balance(now))}

    def _steer(self, asked: Mapping[str, object]) -> None:
        wishes, services = asked.get("faults", []), asked.get("services", {})
        if not isinstance(wishes, list) or not all(isinstance(wish, dict) for wish in wishes):
            raise BadFault("faults is a list of objects")
        if not isinstance(services, dict):
            raise BadFault("services is an object")
        if asked.get("reset"):
            self.faults.reset()
            self.provider.restore_services()
        self.faults.ask(wishes)
        if services:
            self.provider.change_services(services)
        self._manage(asked)

    def _manage(self, asked: Mapping[str, object]) -> None:
        if "shut" in asked:
            self.shut_for(float(str(asked["shut"])))
        if asked.get("forget_payments"):
            self.pay_site.forget()
        if "catalogue" in asked:
            self.provider.relist(asked["catalogue"])
        if "deposit" in asked:
            self.provider.journal.deposit(round(float(str(asked["deposit"])) * UNIT))

    def _totals(self) -> Json:
        journal = self.provider.journal
        return {
            "orders": len(journal.orders),
            "arrived": journal.arrived.total(),
            "accepted": journal.accepted.total(),
            "requests": dict(self.requests),
        }

    def _links(self) -> Json:
        journal = self.provider.journal
        return {
            link: {"arrived": arrived, "accepted": journal.accepted[link]} for link, arrived in journal.arrived.items()
        }

    def _orders(self, ids: str, at: float) -> Json:
        found = {name: self.provider.journal.orders.get(int(name)) for name in ids.split(",") if name}
        return {"orders": {name: _truth(order, at) for name, order in found.items() if order}}

    def _bulk(self, asked: Mapping[str, object], now: float) -> Json:
        count, quantity = int(str(asked.get("count", 0))), int(str(asked.get("quantity", 1000)))
        services = self.provider.services
        service = services.get(int(str(asked.get("service", next(iter(services))))))
        pace = float(str(asked.get("pace", service.pace if service else 0)))
        if service is None or min(count, quantity, pace) <= 0:
            raise Refused("count, quantity and pace are above 0, and service is one of the catalogue")
        template = Order(
            id=0,
            service=service.id,
            link="https://example.com/bulk",
            quantity=quantity,
            charge=-(-service.rate * quantity // 1000),
            at=now - float(str(asked.get("ago", 0))),
            pace=pace,
            speed=self.provider.speed,
            delay=service.delay,
        )
        ids = self.provider.journal.bulk(template=template, count=count)
        return {"first": ids[0], "last": ids[-1], "count": len(ids)}


def _truth(order: Order, at: float) -> Json:
    word, delivered, ended = progress.snapshot(order, at)
    return {
        "status": word,
        "quantity": order.quantity,
        "delivered": delivered,
        "ended": ended,
        "start_count": order.start_count,
        "link": order.link,
        "service": order.service,
        "accepted_at": order.at,
        "ends_at": order.ends_at,
    }
