"""`action=add`: what is accepted, for how many units, at what charge."""

from orders.simulator.catalogue import Service
from orders.simulator.faults import Picked
from orders.simulator.journal import Journal
from orders.simulator.parameters import ABSENT, Params, asked_request_id, content, number
from orders.simulator.progress import Order
from orders.simulator.provider import Provider, Refused


def add(provider: Provider, params: Params, picked: Picked, now: float) -> dict[str, object]:
    journal, link = provider.journal, params.get("link", "").strip()
    request_id = _request_id(provider, params)
    try:
        known = _known(journal, request_id, params)
        order = known or _accept(provider, params, picked, now)
    except Refused:
        journal.arrival(link)
        raise
    if known:
        journal.arrival(link)
    if picked.argument("same_id") is not None:
        return {"order": max(min(journal.orders), order.id - 1)}
    return {"order": order.id}


def _known(journal: Journal, request_id: str, params: Params) -> Order | None:
    """The order that this request id already made. Raises Refused when its content was another."""
    order = journal.by_request_id.get(request_id) if request_id else None
    if order and order.content != content(params):
        raise Refused("Request id already used")
    return order


def _accept(provider: Provider, params: Params, picked: Picked, now: float) -> Order:
    if not picked.accepted:
        raise Refused(picked.argument("error") or "Not accepted")
    link = params.get("link", "").strip()
    service = provider.on_sale.get(number(params.get("service"), Refused("Incorrect service ID")))
    if service is None:
        raise Refused("Incorrect service ID")
    if link in ABSENT or len(link) > 2000 or len(link.split()) != 1:
        raise Refused("Bad link")
    units, runs, interval = _quantity(service, params)
    charge = _charge(service, units, picked)
    if charge > provider.journal.balance(now):
        raise Refused("Not enough funds on balance")
    request_id = _request_id(provider, params)
    return provider.journal.accept(
        Order(
            id=0,
            service=service.id,
            link=link,
            quantity=units,
            charge=charge,
            at=now,
            pace=service.pace,
            speed=provider.speed,
            delay=service.delay,
            runs=runs,
            interval=interval,
            troubles=picked.of_the_order,
            request_id=request_id,
            content=content(params) if request_id else "",
        )
    )


def _charge(service: Service, units: int, picked: Picked) -> int:
    """What the order costs by the list, or that many times as much where a trouble asks for it."""
    charge = service.rate if service.type == "Package" else -(-service.rate * units // 1000)
    return round(charge * float(picked.argument("charge") or 1))


def _quantity(service: Service, params: Params) -> tuple[int, int, int]:
    """Units in all, runs and interval in minutes."""
    if service.type == "Package":
        return 1, 1, 0
    if service.type == "Custom Comments":
        lines = params.get("comments", "").replace("\r\n", "\n").replace("\\n", "\n").split("\n")
        quantity = sum(1 for line in lines if line.strip())
    else:
        quantity = number(params.get("quantity"), Refused(f"Quantity less than minimal {service.min}"))
    runs, interval = _drip(service, params)
    if quantity < service.min:
        raise Refused(f"Quantity less than minimal {service.min}")
    if quantity * runs > service.max:
        raise Refused(f"Quantity more than maximum {service.max}")
    return quantity * runs, runs, interval


def _drip(service: Service, params: Params) -> tuple[int, int]:
    asked = [params.get(name, "") for name in ("runs", "interval")]
    if all(value in ABSENT for value in asked):
        return 1, 0
    wrong = Refused("Incorrect runs or interval")
    runs, interval = (number(value, wrong) for value in asked)
    if not service.dripfeed or runs < 1 or interval < 1:
        raise wrong
    return runs, interval


def _request_id(provider: Provider, params: Params) -> str:
    return asked_request_id(params) if provider.request_ids else ""
