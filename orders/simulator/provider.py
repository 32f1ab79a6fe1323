"""The simulated provider itself: its books, its catalogue, and how it tells where an order stands."""

from orders.simulator import progress
from orders.simulator.catalogue import generate, money
from orders.simulator.faults import Picked
from orders.simulator.journal import Journal
from orders.simulator.progress import Order


class Refused(Exception):
    """The text of an `{"error": …}` answer."""


class Provider:
    """What the actions work on.

    request_ids: whether it offers them (decision 13). speed: simulated seconds in a second.
    """

    def __init__(self, journal: Journal, *, key: str, currency: str, speed: float, request_ids: bool) -> None:
        self.journal = journal
        self.services = generate(journal.seed)
        self.key = key
        self.currency = currency
        self.speed = speed
        self.listed: object = None
        self.relist(None)
        self.request_ids = request_ids

    def relist(self, wished: object) -> None:
        """List this from now on, whatever it is; None lists what there is. What can be ordered stays the same."""
        generated = [service.wire(speed=self.speed) for service in self.services.values()]
        self.listed = generated if wished is None else wished

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


def _trouble(shown: dict[str, object], order: Order, picked: Picked, *, delivered: int, now: float) -> None:
    """Change what is shown as the order and this answer were asked to be troubled."""
    ended = now >= order.ends_at
    shown["remains"] = str(order.quantity - _claimed(order, delivered, now))
    if order.trouble("unfinish") is not None and now >= order.ends_at + progress.UNFINISHES_AFTER / order.speed:
        shown |= {"status": "In progress", "remains": str(order.quantity // 2)}
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
    """Units delivered as the provider tells it: `regress` takes some back for a while."""
    share = delivered / order.quantity
    if order.trouble("regress") is not None and 0.5 <= share < 0.7:
        return delivered - int(order.quantity * 0.3)
    return delivered
