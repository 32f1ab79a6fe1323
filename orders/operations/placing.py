"""Placing an order: look the request up, decide by the rules, then charge and create in one statement."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction

import policies.operations as policies
import wallet.operations as wallet
from orders import links
from orders.models import Order
from orders.operations import honouring, quotes
from orders.operations.confirming import confirm
from orders.operations.offers import Earlier, Facts, facts_for
from orders.operations.quoting import Quote, Request, Terms, judge
from plumbing import sql
from plumbing.retrying import tried_again
from policies.models import PolicyVersion
from policies.rules import eligibility
from policies.rules import quotes as rule
from policies.rules.vocabulary import OrderStatus, Platform, RunKind, RunState, ServiceType

__all__ = ["Placed", "Refused", "Request", "RequestKeyReused", "place_order"]

FIELDS_TAKEN = {ServiceType.CUSTOM_COMMENTS.value: ("comments",)}  # of what was sent, what an order of the type keeps
GOVERNING = ("refund", "support")  # what an order keeps the versions of, in the order of its columns (decision 25)
NO_SUCH_SERVICE = eligibility.Refusal("service", "service_not_for_sale")


class Refused(Exception):
    """The order may not be placed; nothing was written. `refusals` say why, each with its field."""

    def __init__(self, *refusals: eligibility.Refusal) -> None:
        super().__init__(", ".join(refusal.code for refusal in refusals))
        self.refusals = refusals


class RequestKeyReused(Exception):
    """The key was used before for something else; `order_id` is what it placed then (decision 13)."""

    def __init__(self, order_id: int) -> None:
        super().__init__(f"order {order_id}")
        self.order_id = order_id


@dataclass(frozen=True, slots=True)
class Placed:
    """order_id: the order of this request. created: False when an earlier, equal request had placed it.

    versions: of the policies that govern it.
    """

    order_id: int
    created: bool
    versions: tuple[PolicyVersion, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of `place_order`: its arguments, all but the key that was looked up before."""

    user_id: int
    request: Request
    request_key: str | None
    channel: Order.Channel
    accepting: Mapping[int, str]
    quote: str | None
    now: datetime


@tried_again
def place_order(
    *,
    user_id: int,
    request: Request,
    request_key: str | None,
    channel: Order.Channel,
    accepting: Mapping[int, str] | None = None,
    quote: str | None = None,
    now: datetime,
) -> Placed:
    """Charge a customer's wallet and create the order, or change nothing.

    request_key: the caller's own id for this request, unique for ever; the same key and content again return the
    first order. accepting: policy versions (id -> checksum shown) that are accepted with this order. quote: the token
    of what was shown for this very order; the order is placed at that, or not at all. An order by the form needs one; a
    program may go by the price list instead, with None.
    Raises Refused, or RequestKeyReused for a key that was used for something else.
    """
    read = partial(
        facts_for,
        user_id=user_id,
        service_id=request.service_id,
        link=request.link,
        by_key=channel is not Order.Channel.WEB,
        request_key=request_key,
        now=now,
    )
    facts = read()
    if facts.earlier:
        return _answer_again(facts.earlier, request)
    try:
        return _place(facts, _Call(user_id, request, request_key, channel, accepting or {}, quote, now))
    except (Refused, IntegrityError):
        # The twin of this request may have won meanwhile: then its order is the answer, whatever stopped this one.
        again = read()
        if again.earlier:
            return _answer_again(again.earlier, request)
        raise


def _answer_again(earlier: Earlier, request: Request) -> Placed:
    if earlier.request_hash != request.hash:
        raise RequestKeyReused(earlier.order_id)
    ids = (earlier.refund_policy_id, earlier.support_policy_id)
    return Placed(earlier.order_id, created=False, versions=tuple(map(policies.published_version, ids)))


def _place(facts: Facts, call: _Call) -> Placed:
    if facts.offer is None:
        raise Refused(NO_SUCH_SERVICE)
    ordered = quotes.claim_of(user_id=call.user_id, request=call.request)
    presented = honouring.present(
        call.quote, channel=call.channel, ordered=ordered, rate=facts.offer.rate, now=call.now
    )
    quoted = judge(facts, call.request, accepting=call.accepting, held=presented.held, now=call.now)
    if quoted is None:
        raise Refused(NO_SUCH_SERVICE)
    # What is wrong with the order itself comes first: nobody confirms a price only to hear that it is too small.
    if quoted.terms is None or quoted.refusals or presented.refusals:
        raise Refused(*(quoted.refusals or presented.refusals))
    rows = _rows(call, quoted, quoted.terms, presented.shown)
    order_id = _write(rows, quoted, quoted.terms, presented.shown, call)
    return Placed(order_id, created=True, versions=tuple(map(quoted.version_of, GOVERNING)))


def _rows(call: _Call, quoted: Quote, terms: Terms, shown: quotes.Shown | None) -> dict[str, Any]:
    """All that an order is made of, as orders_place() takes it. Raises Refused where other terms had been shown."""
    rows: dict[str, Any] = {
        "order": _order_row(call, quoted, terms),
        "runs": _run_rows(quoted, terms),
        "event": _placed_event(call),
    }
    if shown:
        kept = honouring.row(shown, quoted, terms, call.request)
        if kept is None:
            raise Refused(rule.TERMS_CHANGED)
        rows["quote"] = kept
    return rows


def _write(rows: dict[str, Any], quoted: Quote, terms: Terms, shown: quotes.Shown | None, call: _Call) -> int:
    """Accept what is accepted with it, create the order and charge for it, and confirm it to who ordered by hand."""
    try:
        with transaction.atomic(durable=True):
            if quoted.missing:
                checksums = {version.pk: version.checksum for version in quoted.missing}
                policies.accept(user_id=call.user_id, checksums=checksums, context="order", now=call.now)
            (order_id,) = _create([rows])
            if call.channel is Order.Channel.WEB:
                confirm(
                    user_id=call.user_id,
                    order_id=order_id,
                    quoted=quoted,
                    terms=terms,
                    request=call.request,
                    now=call.now,
                )
    except DatabaseError as error:
        refusal = honouring.refusal_of(error, shown) or _of_the_wallet(wallet.refusal_of(error))
        if refusal is None:
            raise
        raise Refused(refusal) from error
    return order_id


def _of_the_wallet(refused: wallet.Refusal | None) -> eligibility.Refusal | None:
    """Why the wallet did not pay, as the form and the API say it (R57)."""
    match refused:
        case wallet.InsufficientFunds():  # another order may have taken the money between the quote and the lock
            return eligibility.not_enough_funds(price=refused.needed, balance=refused.balance)
        case wallet.WalletFrozen():
            return eligibility.WALLET_FROZEN
        case wallet.SpendingLimitReached():
            return eligibility.spending_limit_reached(
                period=refused.period, limit=refused.limit, left=refused.left, price=refused.needed
            )
    return None


def _create(orders: list[dict[str, Any]]) -> list[int]:
    """Create the orders and charge for them in one round trip; their ids in the same order."""
    ((ids,),) = sql.rows("SELECT orders_place(%s::jsonb)", [json.dumps(orders, default=str)])
    return list(ids)


def _order_row(call: _Call, quoted: Quote, terms: Terms) -> dict[str, Any]:
    """Every column of the order but its id, by column name. The service's terms are frozen here (decision 25)."""
    offer, request = quoted.offer, call.request
    return {
        "user_id": call.user_id,
        "request_key": call.request_key,
        "request_hash": request.hash,
        "channel": call.channel.value,
        "placed_at": call.now,
        "service_id": offer.service_id,
        "type": offer.type,
        "platform": offer.platform,
        "metric": offer.metric,
        "provider_id": offer.provider_id,
        "provider_service": offer.provider_service,
        "rate": offer.rate,
        "refill": offer.refill,
        "refill_days": offer.refill_days,
        "refill_max": offer.refill_max,
        "refill_cap_percent": offer.refill_cap_percent,
        "refill_auto": offer.refill_auto,
        "cancel": offer.cancel,
        "instant": offer.instant,
        "pace_per_hour": offer.pace_per_hour,
        "average_minutes": offer.average_minutes,
        "start_window_hours": offer.start_window_hours,
        "drip_runs": terms.order.parts if terms.order.drip_interval else None,
        "run_interval_minutes": terms.plan.interval_minutes,
        "daily_cap": terms.order.daily_cap,
        "link": request.link,
        "fingerprint": links.fingerprint(request.link, Platform(offer.platform)),
        "fields": {name: request.fields[name] for name in FIELDS_TAKEN.get(offer.type, ()) if name in request.fields},
        "quantity": quoted.units,  # which is the quantity asked for, where the type takes one
        "units": quoted.units,
        "tolerance": terms.tolerance,
        "forecast": asdict(terms.forecast) if terms.forecast else None,
        "refund_policy_id": quoted.version_of("refund").pk,
        "support_policy_id": quoted.version_of("support").pk,
        "charge": quoted.price,
        "refunded": 0,
        "status": OrderStatus.QUEUED.value,
        "cause": "",
        "ended_at": None,
        "cancel_requested_at": None,
        "waiting_since": None,
        "held_reason": "",
        "paused_reason": "",
        "slowed": False,
        "issue_open": False,
    }


def _run_rows(quoted: Quote, terms: Terms) -> list[dict[str, Any]]:
    return [
        {
            "number": run.number,
            "kind": RunKind.FIRST.value,
            "quantity": run.quantity,
            "provider_id": quoted.offer.provider_id,
            "provider_service": quoted.offer.provider_service,
            "request_id": uuid.uuid4(),
            "due_at": run.due_at,
            "state": RunState.QUEUED.value,
            "tries": 0,
            "delivered": 0,
            "outcome": "",
        }
        for run in terms.plan.runs
    ]


def _placed_event(call: _Call) -> dict[str, Any]:
    return {
        "kind": "placed",
        "status": OrderStatus.QUEUED.value,
        "actor": f"customer:{call.user_id}",
        "clauses": [],
        "facts": {},
        "public": True,
        "at": call.now,
    }
