"""What providers' lists said and what became of it, for staff: per provider, per list, and each change in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, QuerySet

from orders.models import CatalogueSync, Provider, SyncChange
from orders.models.provider import LONGEST_READING
from orders.models.syncing import LABELS
from plumbing.templatetags.amounts import amount, count
from policies.rules.syncing import Kind

State = SyncChange.State
AMOUNTS = ("rate", "cost", "price")
WORDS = {
    "rate": "our price",
    "cost": "costs",
    "min_quantity": "least",
    "max_quantity": "most",
    "refill_days": "days of refill",
    "dripfeed": "drip-feed",
    "pace_per_hour": "an hour",
    "average_minutes": "usual minutes",
}
LONGEST = 160  # characters of a text that are shown


@dataclass(frozen=True, slots=True)
class Source:
    """A provider that has a list. newest: the last reading that came to something, or failed. waiting: changes."""

    provider: Provider
    newest: CatalogueSync | None
    waiting: int
    is_asked: bool
    is_being_read: bool

    @property
    def is_under_way(self) -> bool:
        return self.is_asked or self.is_being_read


@dataclass(frozen=True, slots=True)
class Line:
    """How many changes of one kind a list has, by what became of them. safe: of those waiting, by themselves."""

    kind: Kind
    label: str
    safe: int
    waiting: int
    applied: int
    dismissed: int
    refused: int
    superseded: int


def sources(*, now: datetime) -> list[Source]:
    """Every provider that has a list, by name, in three queries."""
    newest = CatalogueSync.objects.order_by("provider_id", "-checked_at", "-id").distinct("provider_id")
    lists = {sync.provider_id: sync for sync in newest}
    waiting = dict(_of_providers(SyncChange.objects.waiting()))
    return [
        Source(
            provider=each,
            newest=lists.get(each.pk),
            waiting=waiting.get(each.pk, 0),
            is_asked=each.sync_due_at is not None and each.sync_due_at <= now,
            is_being_read=each.sync_since is not None and now - each.sync_since < LONGEST_READING,
        )
        for each in Provider.objects.listing().order_by("name")
    ]


def lines(sync_id: int) -> list[Line]:
    """A list's changes by kind, in one query; kinds it has none of are left out."""
    changes = SyncChange.objects.filter(sync_id=sync_id).order_by()
    counted: dict[Kind, Counter[str]] = {}
    for kind, state, safe, number in changes.values_list("kind", "state", "safe").annotate(number=Count("pk")):
        tally = counted.setdefault(Kind(kind), Counter())
        tally[state] += number
        tally["safe"] += number if safe and state == State.WAITING else 0
    return [
        Line(kind, LABELS[kind], states["safe"], *(states[state] for state in State))
        for kind in Kind
        if (states := counted.get(kind))
    ]


def told(change: SyncChange) -> str:
    """What a change would do, in a few words."""
    match Kind(change.kind):
        case Kind.NEW:
            return _entry(change)
        case Kind.GONE:
            return "not listed any more"
        case Kind.BACK:
            return "can be sold again"
        case Kind.PAUSE:
            return _pause(change.after)
        case Kind.NAME | Kind.DESCRIPTION:
            (after,) = change.after.values()
            return f"→ {_said(change.kind, after)}"
        case _:
            return "; ".join(_sides(change, name) for name in change.after)


def _of_providers(changes: "QuerySet[SyncChange]") -> "QuerySet[SyncChange, tuple[int, int]]":
    counted = changes.order_by().values_list("sync__provider_id").annotate(number=Count("pk"))
    return counted.values_list("sync__provider_id", "number")


def _pause(why: Mapping[str, object]) -> str:
    if "type" in why:
        return f"the provider sells it as {why['type']}"
    return f"the provider takes {_said('cost', why['cost'])}"


def _entry(change: SyncChange) -> str:
    entry = change.after
    refill = {True: ", refill", False: ""}[bool(entry["refill"])]
    quantities = f"{count(entry['min'])} to {count(entry['max'])}"
    prices = f"costs {_said('cost', entry['rate'])}, sold at {_said('price', entry['price'])}"
    return f"{prices}; {entry['type']}, {quantities}{refill}; {entry['category']}"


def _sides(change: SyncChange, name: str) -> str:
    before, after = (_said(name, side.get(name)) for side in (change.before, change.after))
    return f"{WORDS.get(name, name)} {before} → {after}"


def _said(name: str, value: object) -> str:
    if value in ("", None):
        return "–"
    if name in AMOUNTS:
        return amount(Decimal(str(value)))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = count(value) if isinstance(value, int) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def ids_waiting(sync_id: int, *, safe: bool = False) -> Sequence[int]:
    """The changes of a list that wait; safe: only those that need nobody."""
    changes = SyncChange.objects.safe() if safe else SyncChange.objects.waiting()
    return list(changes.filter(sync_id=sync_id).values_list("pk", flat=True))
