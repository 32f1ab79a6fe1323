"""The simulated provider itself: its books, its catalogue, and how it tells where an order stands."""

import json
from collections.abc import Mapping

from orders.simulator import progress
from orders.simulator.catalogue import Service, changed, generate, money
from orders.simulator.faults import Picked
from orders.simulator.journal import Journal
from orders.simulator.progress import Order


class Refused(Exception):
    """The text of an `{"error": …}` answer."""


class Provider:
    """What the actions work on.

    request_ids: whether it offers them (decision 13). speed: simulated seconds in a second. services: all that it ever
    sold, by id; on_sale: what can be ordered now; listed: what `services` answers.
    """

    def __init__(self, journal: Journal, *, key: str, currency: str, speed: float, request_ids: bool) -> None:
        self.journal = journal
        self.services = generate(journal.seed)
        self.key = key
        self.currency = currency
        self.speed = speed
        self.request_ids = request_ids
        self.restore_services()

    def change_services(self, wishes: Mapping[str, object]) -> None:
        """Change or withdraw services by id, see `changed`. Raises ValueError, and then changes nothing."""
        on_sale = dict(self.on_sale)
        for number, wish in wishes.items():
            service = self.services.get(int(number))
            if service is None or not isinstance(wish, dict | None):
                raise ValueError("services is an object: the id of a service, and what changes of it or null")
            on_sale.pop(service.id, None)
            if wish is not None:
                on_sale[service.id] = changed(self.on_sale.get(service.id, service), wish)
        self._sell(on_sale)

    def restore_services(self) -> None:
        """Sell what there was, and list it."""
        self._sell(self.services)

    def relist(self, wished: object) -> None:
        """List this from now on, whatever it is; None lists what there is. What can be ordered stays the same."""
        generated = [service.wire(speed=self.speed) for service in self.on_sale.values()]
        self.listed: object = generated if wished is None else wished

    def snapshot(self, order: Order, *, picked: Picked, now: float) -> dict[str, object]:
        """One order in the shape of `status`, troubles applied."""
        word, delivered, ended = progress.snapshot(order, now)
        shown: dict[str, object] = {
            "charge": money(order.charge - progress.refunded(order) if ended else order.charge),
            "start_count": str(order.start_count) if now >= order.starts_at else "0",
            "status": word,
            "remains": str(order.quantity - delivered),
            "currency": self.currency,
        }
        if order.troubles or picked.troubles:
            _trouble(shown, order, picked, delivered=delivered, now=now)
        return shown

    def prepared(self, order: Order, *, now: float) -> str:
        """The snapshot as JSON, made once for as long as the order stands where it does: a benchmark's bodies."""
        if now >= order.shown_until:
            order.shown = json.dumps(self.snapshot(order, picked=Picked(), now=now), separators=(",", ":"))
            order.shown_until = now if order.troubles else progress.stands_until(order, now)
        return order.shown

    def _sell(self, services: Mapping[int, Service]) -> None:
        self.on_sale = dict(services)
        self.relist(None)


def _trouble(shown: dict[str, object], order: Order, picked: Picked, *, delivered: int, now: float) -> None:
    """Change what is shown as the order and this answer were asked to be troubled."""
    ended = now >= order.ends_at
    shown["remains"] = str(order.quantity - _claimed(order, delivered, now))
    if order.trouble("unfinish") is not None and now >= _changes_its_mind_at(order):
        shown |= {"status": "In progress", "remains": str(order.quantity // 2)}
    dearer = picked.argument("charge")
    if dearer:
        shown["charge"] = money(round(order.charge * float(dearer)))
    word = picked.argument("word") or (None if ended else order.trouble("word"))
    if word:
        shown["status"] = word
    remains = picked.argument("remains")
    remains = order.trouble("remains") if remains is None else remains
    if remains == "absent":
        del shown["remains"]
    elif remains is not None:
        shown["remains"] = str(order.quantity + 1000) if remains == "more" else remains


def _claimed(order: Order, delivered: int, now: float) -> int:
    """Units delivered as the provider tells it: some are taken back for a while, or counted anew after the end."""
    share = delivered / order.quantity
    if order.trouble("regress") is not None and 0.5 <= share < 0.7:
        return delivered - int(order.quantity * 0.3)
    recount = order.trouble("recount")
    if recount is not None and now >= _changes_its_mind_at(order):
        return min(max(delivered - int(float(recount or 10)), 0), order.quantity)
    return delivered


def _changes_its_mind_at(order: Order) -> float:
    return order.ends_at + progress.CHANGES_ITS_MIND_AFTER / order.speed
