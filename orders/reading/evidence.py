"""The evidence pack of an order: what was shown, accepted, done, decided and paid, as one content for page and JSON.

The content is made of JSON's own types, decimals and instants, so that its digest is that of what the page shows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.conf import settings
from django.urls import reverse

import policies.operations as policies
import wallet.operations as wallet
from orders.models import Order, OrderEvent, Quote, Run, Sample
from orders.models.order import OrderQuerySet
from orders.reading.receipt import Receipt, receipts_on
from plumbing import canonical
from policies import wording
from policies.models import Acceptance, PolicyVersion
from policies.reading.cited import acceptances_until
from policies.rules.vocabulary import OrderStatus

SCHEMA = "smmpanel.evidence/1"

Content = dict[str, Any]

_ORDER = (
    "link", "quantity", "units", "tolerance", "rate", "charge", "refunded", "status", "cause", "channel", "request_key",
    "request_hash", "placed_at", "cancel_requested_at", "ended_at", "forecast",
)  # fmt: skip
_TERMS = (
    "type", "platform", "metric", "refill", "refill_days", "refill_max", "refill_cap_percent", "refill_auto", "cancel",
    "instant", "pace_per_hour", "average_minutes", "start_window_hours", "fields",
)  # fmt: skip
_RUN = ("kind", "number", "quantity", "due_at", "accepted_at", "ended_at", "state", "outcome")


@dataclass(frozen=True, slots=True)
class Pack:
    """The evidence on an order. content: what page and JSON both show. sha256: of its canonical JSON."""

    order: Order
    content: Content
    sha256: str

    @property
    def file_name(self) -> str:
        return f"order-{self.order.pk}-evidence.json"

    def as_file(self, *, now: datetime) -> BytesIO:
        """The pack as canonical JSON: the same content has the same digest whenever it is made."""
        said = canonical.text({"schema": SCHEMA, "generated_at": now, "sha256": self.sha256, "content": self.content})
        return BytesIO(said.encode())


def own_pack(*, order_id: int, user_id: int, now: datetime) -> Pack | None:
    """The pack of one of the customer's own orders; None for anybody else's. Neither staff nor providers are named."""
    order = _orders().of(user_id).filter(pk=order_id).first()
    return None if order is None else _pack(order, staff=False, now=now)


def staff_pack(*, order_id: int, now: datetime) -> Pack | None:
    """The pack of any order, with internal events, who acted, and the providers."""
    order = _orders().filter(pk=order_id).first()
    return None if order is None else _pack(order, staff=True, now=now)


def _orders() -> OrderQuerySet:
    related = ("user", "service", "provider", "refund_policy__policy", "support_policy__policy", "quote")
    return Order.objects.select_related(*related)


def _pack(order: Order, *, staff: bool, now: datetime) -> Pack:
    versions = _versions(order)
    content = {
        "order": _order(order),
        "customer": {"email": order.user.email, "name": order.user.name},
        "terms": {name: getattr(order, name) for name in _TERMS},
        "quote": _quote(getattr(order, "quote", None)),
        "policies": [_version(version) for version in versions],
        "acceptances": _acceptances(order, versions),
        "timeline": _timeline(order, staff),
        "runs": _runs(order, staff),
        "decisions": [_decision(receipt, staff) for receipt in receipts_on(order, now=now)],
        "money": _money(order, staff),
    }
    return Pack(order, content, canonical.digest(content))


def _order(order: Order) -> Content:
    return {
        "id": order.pk,
        "service": {"id": order.service_id, "name": order.service.name},
        **{name: getattr(order, name) for name in _ORDER},
        "status_said": wording.status(OrderStatus(order.status)),
    }


def _quote(quote: Quote | None) -> Content | None:
    if quote is None:
        return None
    columns = ("issued_at", "expires_at", "sha256", "content")
    return {"id": str(quote.quote_id), **{name: getattr(quote, name) for name in columns}}


def _version(version: PolicyVersion) -> Content:
    address = reverse("policies:version", args=[version.policy.slug, version.number])
    return {
        "title": version.policy.title,
        "version": version.number,
        "effective_from": version.effective_from,
        "sha256": version.checksum,
        "address": _absolute(address),
    }


def _versions(order: Order) -> tuple[PolicyVersion, ...]:
    """Those that govern the order, and whatever else was to be accepted when it was placed.

    Whether an order needs a document never changes (policies_policy_guard), so that today's word is that day's.
    """
    governing = (order.refund_policy, order.support_policy)
    required = policies.required_versions(now=order.placed_at)
    return (*governing, *(version for version in required if version not in governing))


def _acceptances(order: Order, versions: Sequence[PolicyVersion]) -> list[Content]:
    policy_ids = {version.policy_id for version in versions}
    found = acceptances_until(user_id=order.user_id, policy_ids=policy_ids, until=order.placed_at)
    return [_acceptance(each) for each in found]


def _acceptance(each: Acceptance) -> Content:
    return {
        "title": each.version.policy.title,
        "version": each.version.number,
        "at": each.at,
        "sha256_shown": each.checksum_shown,
        "where": each.context,
        "standing": each.standing,
    }


def _timeline(order: Order, staff: bool) -> list[Content]:
    events = order.events.all() if staff else order.events.filter(public=True)
    return [_event(event, staff) for event in events.order_by("at", "pk")]


def _event(event: OrderEvent, staff: bool) -> Content:
    """A public event as the customer reads it; an internal one, for staff, as its code and facts."""
    sentence = wording.event(event.kind, status=event.status, facts=event.facts) if event.public else ""
    told: Content = {"at": event.at, "sentence": sentence, "clauses": event.clauses, "by": _actor(event.actor, staff)}
    return {**told, "kind": event.kind, "public": event.public, "facts": event.facts} if staff else told


def _runs(order: Order, staff: bool) -> list[Content]:
    runs = list(order.runs.select_related("provider", "delivery").order_by("kind", "number"))
    samples: dict[int, list[Content]] = {run.pk: [] for run in runs}
    for run_id, at, delivered in (
        Sample.objects.filter(run__in=runs).order_by("at", "pk").values_list("run_id", "at", "delivered")
    ):
        samples[run_id].append({"at": at, "delivered": delivered})
    return [_run(run, samples[run.pk], staff) for run in runs]


def _run(run: Run, samples: Sequence[Content], staff: bool) -> Content:
    seen = getattr(run, "delivery", None) or run  # a run's numbers are its delivery's while that exists (decision 10)
    told = {
        **{name: getattr(run, name) for name in _RUN},
        "delivered": seen.delivered,
        "start_count": seen.start_count,
        "samples": samples,
    }
    if not staff:
        return told
    return {
        **told,
        "provider": run.provider.name,
        "provider_service": run.provider_service,
        "provider_order_id": run.provider_order_id,
        "request_id": str(run.request_id),
    }


def _decision(receipt: Receipt, staff: bool) -> Content:
    decision, earlier, later = receipt.decision, receipt.supersedes, receipt.superseded_by
    return {
        "id": str(decision.uuid),
        "address": _absolute(reverse("orders:decision", args=[receipt.order.pk, decision.uuid])),
        "decided_at": decision.decided_at,
        "outcome": decision.outcome,
        "outcome_said": wording.outcome(decision.outcome, rule=decision.rule),
        "amount": decision.amount,
        "rule": decision.rule,
        "rule_version": decision.rule_version,
        "policy": {"title": decision.policy_version.policy.title, "version": decision.policy_version.number},
        "inputs": decision.inputs,
        "inputs_sha256": decision.inputs_sha256,
        "facts": [{"label": label, "said": said} for label, said in receipt.facts],
        "sum": [{"label": line.label, "amount": line.amount} for line in receipt.sum],
        "grounds": [
            {
                "clause": each.clause.id,
                "heading": each.clause.heading,
                "text": each.clause.text,
                "applied": each.sentence,
            }
            for each in receipt.grounds
        ],
        "automated": decision.automated,
        "by": _actor(decision.actor, staff),
        "appeal_until": decision.appeal_until,
        "supersedes": str(earlier.uuid) if earlier else None,
        "superseded_by": str(later.uuid) if later else None,
        "appeal": _appeal(receipt, staff),
    }


def _appeal(receipt: Receipt, staff: bool) -> Content | None:
    appeal = receipt.appeal
    if appeal is None:
        return None
    return {
        "opened_at": appeal.opened_at,
        "words": appeal.words,
        "result": appeal.result,
        "reason": appeal.reason,
        "decided_at": appeal.decided_at,
        "by": _actor(appeal.decided_by, staff),
    }


def _money(order: Order, staff: bool) -> list[Content]:
    """Each movement by the customer's side of it: what left the wallet is negative."""
    transfers = wallet.transfers_on(subject_type="order", subject_id=order.pk)
    return [
        {
            "id": transfer.pk,
            "at": transfer.at,
            "what": transfer.get_kind_display(),
            "key": transfer.key,
            "reason": transfer.reason,
            "by": _actor(transfer.actor, staff),
            "amount": _sum(entry.amount for entry in transfer.entries.all() if entry.account.user_id is not None),
            "legs": [
                {"account": entry.account.kind, "amount": entry.amount}
                for entry in transfer.entries.all()
                if entry.account.user_id is not None
            ],
        }
        for transfer in transfers
    ]


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00000"))


def _actor(actor: str, staff: bool) -> str:
    """Who acted; a customer is told that it was staff, not who."""
    return actor if staff else actor.partition(":")[0]


def _absolute(address: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{address}"
