"""API v2, the provider's side: one function an action, parameters in, the exact shape out. No HTTP in here."""

import json
from collections.abc import Callable

from orders.simulator import progress
from orders.simulator.adding import add
from orders.simulator.catalogue import money
from orders.simulator.faults import Picked
from orders.simulator.parameters import Params, echo, listed_ids, number, single
from orders.simulator.progress import Order
from orders.simulator.provider import Provider, Refused

DAY = 86_400.0
UNKNOWN = '{"error":"Incorrect order ID"}'

Answer = object  # whatever JSON it is


class Prepared(str):
    """An answer that is JSON already."""


def answer(provider: Provider, params: Params, *, picked: Picked, now: float) -> Answer:
    """Carry out one request. now: Unix seconds. A refusal is an answer too, `{"error": …}`."""
    try:
        if params.get("key") != provider.key:
            raise Refused("Invalid API key")
        action = ACTIONS.get(params.get("action", ""))
        if action is None:
            raise Refused("Incorrect request")
        return action(provider, params, picked, now)
    except Refused as refusal:
        return {"error": str(refusal)}


def _services(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    return provider.listed


def _balance(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    return {"balance": money(provider.journal.balance(now)), "currency": provider.currency}


def _status(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    def shown(order_id: str) -> dict[str, object]:
        return provider.snapshot(_order(provider, order_id), picked=picked, now=now)

    if provider.request_ids and params.get("request_id") and not (params.get("order") or params.get("orders")):
        order = provider.journal.by_request_id.get(params["request_id"])
        if order is None:
            raise Refused("Incorrect order ID")
        return provider.snapshot(order, picked=picked, now=now) | {"order": order.id}
    only = single(params, "order", "orders")
    if only is not None:
        return shown(only)
    ids = listed_ids(params, "orders", "order")
    if not picked.troubles:
        return _prepared(provider, ids, now)
    missing = picked.argument("missing")
    left_out = 0 if missing is None else round(len(ids) * float(missing or 0.5))
    return _each(ids[: len(ids) - left_out], shown)


def _prepared(provider: Provider, ids: list[str], now: float) -> Prepared:
    """What `_each` would say, put together from bodies that are kept."""
    orders = provider.journal.orders
    parts = []
    for one in ids:
        order = orders.get(int(one)) if one.isdecimal() and len(one) < 19 else None
        parts.append(f'"{one}":{provider.prepared(order, now=now)}' if order else f"{json.dumps(one)}:{UNKNOWN}")
    return Prepared("{" + ",".join(parts) + "}")


def _cancel(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    answers = _each(listed_ids(params, "orders", "order"), lambda order_id: _cancel_one(provider, order_id, now))
    return [{"order": echo(order_id), "cancel": said} for order_id, said in answers.items()]


def _cancel_one(provider: Provider, order_id: str, now: float) -> int:
    order = _order(provider, order_id)
    if not provider.services[order.service].cancel:
        raise Refused("Cancel is disabled for this service")
    if order.cancel_at is not None or progress.snapshot(order, now).ended:
        raise Refused("The order cannot be canceled")
    provider.journal.cancel(order, at=now)
    return 1


def _refill(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    only = single(params, "order", "orders")
    if only is not None:
        return {"refill": str(_refill_one(provider, only, now))}
    answers = _each(listed_ids(params, "orders", "order"), lambda order_id: _refill_one(provider, order_id, now))
    return [{"order": echo(order_id), "refill": said} for order_id, said in answers.items()]


def _refill_one(provider: Provider, order_id: str, now: float) -> int:
    """The new refill's id. The cooldown runs in simulated time, the window in days on the calendar."""
    journal, order = provider.journal, _order(provider, order_id)
    days = provider.services[order.service].refill_days
    word, _, ended = progress.snapshot(order, now)
    if not days:
        raise Refused("Refill is disabled for this service")
    if not ended or word != "Completed":
        raise Refused("The order is not completed")
    if (now - journal.last_refill.get(order.id, order.ends_at)) * order.speed < DAY:
        raise Refused("The order was completed or refill was requested less than 24 hours ago")
    if now > order.ends_at + days * DAY:
        raise Refused("Refill days are over")
    return journal.refill(order, at=now)


def _refill_status(provider: Provider, params: Params, picked: Picked, now: float) -> Answer:
    only = single(params, "refill", "refills")
    if only is not None:
        return {"status": _refill_word(provider, only, now)}
    answers = _each(listed_ids(params, "refills", "refill"), lambda refill: _refill_word(provider, refill, now))
    return [{"refill": echo(refill), "status": said} for refill, said in answers.items()]


def _refill_word(provider: Provider, refill: str, now: float) -> str:
    refills, place = provider.journal.refills, number(refill, Refused("Refill not found"))
    if not 1 <= place <= len(refills):
        raise Refused("Refill not found")
    order_id, at = refills[place - 1]
    return progress.refill_word(at=at, speed=provider.journal.orders[order_id].speed, now=now)


def _order(provider: Provider, order_id: str) -> Order:
    order = provider.journal.orders.get(int(order_id)) if order_id.isdecimal() and len(order_id) < 19 else None
    if order is None:
        raise Refused("Incorrect order ID")
    return order


def _each(ids: list[str], ask: Callable[[str], object]) -> dict[str, object]:
    """What `ask` says of each id, a refusal as `{"error": …}` in its place."""
    answers: dict[str, object] = {}
    for one in ids:
        try:
            answers[one] = ask(one)
        except Refused as refusal:
            answers[one] = {"error": str(refusal)}
    return answers


ACTIONS: dict[str, Callable[[Provider, Params, Picked, float], Answer]] = {
    "services": _services,
    "balance": _balance,
    "add": add,
    "status": _status,
    "cancel": _cancel,
    "refill": _refill,
    "refill_status": _refill_status,
}
