"""What happened to a row about money, in order: what people did, what gateways told us, what moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from accounts.names import names_of
from plumbing.templatetags.amounts import amount
from wallet.admin.words import sentence_of
from wallet.models import Event, GatewayEvent, Transfer

Subject = tuple[str, int]
TONES = {"taken_back": "bad", "given_back": "good", "payout_returned": "warn", "top_up": "good", "refunded": "warn"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. who: an address, or what acted. link: where to read more, '' for nowhere. tone: of its mark."""

    at: datetime
    sentence: str
    who: str
    link: str = ""
    tone: str = ""


def subject_lines(subjects: Sequence[Subject], told: Sequence[GatewayEvent] = ()) -> list[Line]:
    """Everything known about some rows, the oldest first. told: what gateways said of them."""
    events = list(Event.objects.filter(_about(subjects)).order_by("id"))
    moved = list(Transfer.objects.filter(_about(subjects)).prefetch_related("entries__account").order_by("id"))
    names = names_of([*(event.actor for event in events), *(transfer.actor for transfer in moved)])
    lines = [
        *(Line(event.at, sentence_of(event), names.get(event.actor, event.actor)) for event in events),
        *(_told(event) for event in told),
        *(_moved(transfer, names.get(transfer.actor, transfer.actor)) for transfer in moved),
    ]
    return sorted(lines, key=lambda line: line.at)


def _about(subjects: Sequence[Subject]) -> Q:
    found = Q(pk__in=())
    for kind, pk in subjects:
        found |= Q(subject_type=kind, subject_id=pk)
    return found


def _told(event: GatewayEvent) -> Line:
    handled = event.outcome or ("not handled yet" if event.due_at else "nothing to do")
    said = f"{event.gateway} told us: {event.kind or 'no word'}. {handled.replace('_', ' ').capitalize()}."
    link = reverse("admin:wallet_gatewayevent_change", args=[event.pk])
    return Line(event.received_at, said, "the gateway", link)


def _moved(transfer: Transfer, who: str) -> Line:
    legs = ", ".join(f"{entry.account} {amount(entry.amount)}" for entry in transfer.entries.all())
    said = f"Booked as {transfer.get_kind_display().lower()}: {legs}."
    link = reverse("admin:wallet_transfer_change", args=[transfer.pk])
    return Line(transfer.at, said, who, link, TONES.get(transfer.kind, ""))
