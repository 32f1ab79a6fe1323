"""Applying decided changes to the services and routes they are about: all in memory, then in a few statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from orders.models import CatalogueChange, Category, Provider, Route, Service, SyncChange
from orders.operations import claims
from orders.operations.catalogue.facts import TERMS, Way, categories, locked_ways, plain
from orders.operations.catalogue.log import BATCH, Log
from orders.operations.catalogue.opening import close, reopen, retire
from policies.rules.syncing import Kind, Why, is_below_margin

COLUMNS = (Kind.TYPE, Kind.PRICE, Kind.NARROWER, Kind.WIDER, Kind.LESS, Kind.MORE, Kind.SPEED)
TEXTS = (Kind.NAME, Kind.DESCRIPTION, Kind.CATEGORY)
AMOUNTS = ("rate", "cost")
MEANWHILE = "It has been changed meanwhile; the next reading of the list compares anew."
NO_SUCH = "Its route has been removed meanwhile."
CURED = "Not needed: its price was changed with it."
Own = Mapping[Kind, SyncChange]


class Board:
    """The services and routes that some changes are about, locked.

    retired: services taken off sale. changed: those whose terms are other than they were.
    """

    def __init__(
        self, provider: Provider, changes: Sequence[SyncChange], *, log: Log, now: datetime, actor: str
    ) -> None:
        ids = {change.service_id for change in changes if change.service_id is not None}
        self._ways = locked_ways(provider.pk, ids)
        self._headings = categories(str(change.after["category"]) for change in changes if change.kind == Kind.CATEGORY)
        self._margin = provider.least_margin_percent
        self._log, self._now, self._actor = log, now, actor
        self._closed: list[Way] = []
        self.retired: list[Service] = []
        self.changed: set[str] = set()

    def apply(self, changes: Iterable[SyncChange]) -> None:
        """Decide each change: applied, refused, or overtaken by what has happened meanwhile."""
        grouped: dict[tuple[str, int | None], dict[Kind, SyncChange]] = {}
        for change in changes:
            grouped.setdefault((change.provider_service, change.service_id), {})[Kind(change.kind)] = change
        ways = {(way.route.provider_service, way.service.pk): way for way in self._ways}
        for key, own in grouped.items():
            way = ways.get(key)  # type: ignore[arg-type]  # what is new has no service, and is none of the board's
            if way is None:
                self._overtake(own.values(), NO_SUCH)
            else:
                self._apply_to(way, own)
        self.retired = retire(self._ways, self._closed, self._log)

    def save(self) -> None:
        """Write what was touched."""
        services = {way.service.pk: way.service for way in self._ways}
        _save([way.route for way in self._ways], ["cost", "enabled", "closed_because"])
        _save(services.values(), [*TERMS, "category", "instant", "active", "inactive_reason"])

    def _apply_to(self, way: Way, own: Own) -> None:
        if Kind.COST in own:
            self._learn(way, own[Kind.COST])
        for kind in COLUMNS:
            if kind in own:
                self._set_columns(way.service, own[kind])
        if texts := {kind: own[kind] for kind in TEXTS if kind in own}:
            self._set_texts(way.service, texts)
        self._open_or_close(way, own)
        if any(own[kind].state == SyncChange.State.APPLIED for kind in (*COLUMNS, *TEXTS) if kind in own):
            self.changed.add(way.route.provider_service)

    def _learn(self, way: Way, change: SyncChange) -> None:
        if plain(way.route.cost) != change.before["cost"]:
            self._overtake([change], MEANWHILE)
            return
        way.route.cost = Decimal(str(change.after["cost"]))
        self._done(change)

    def _set_columns(self, service: Service, change: SyncChange) -> None:
        after = {name: _column(name, value) for name, value in change.after.items()}
        if _is_overtaken(service, change) or not _is_possible(service, after):
            self._overtake([change], MEANWHILE)
            return
        for name, value in after.items():
            setattr(service, name, value)
        before = dict(change.before)
        if "rate" in after:
            self._log.add(service, CatalogueChange.Kind.RATE, {"rate": before.pop("rate")}, {"rate": after.pop("rate")})
        if after:
            self._log.terms(service, before, after)
        self._done(change)

    def _set_texts(self, service: Service, own: Own) -> None:
        """Take over texts, but those that make a claim: the earlier one stays, and the log says why."""
        for change in own.values():
            if _is_overtaken(service, change):
                self._overtake([change], MEANWHILE)
        changes = {kind.value: change for kind, change in own.items() if change.state == SyncChange.State.WAITING}
        incoming = {name: self._text(name, change) for name, change in changes.items()}
        refused = claims.refused_of(service, incoming) if incoming else {}
        if refused:
            self._log.refuse(service, refused)
        for name, change in changes.items():
            if name in refused:
                problem = f"It makes a claim: {refused[name]}."
                change.decide(SyncChange.State.REFUSED, at=self._now, by=self._actor, problem=problem)
            else:
                setattr(service, name, incoming[name])
                self._log.terms(service, change.before, change.after)
                self._done(change)
        if service.instant and "instant" not in service.description.lower():
            service.instant = False
            self._log.terms(service, {"instant": True}, {"instant": False})

    def _text(self, name: str, change: SyncChange) -> str | Category:
        text = str(change.after[name])
        return self._headings[text] if name == Kind.CATEGORY else text

    def _open_or_close(self, way: Way, own: Own) -> None:
        if Kind.PAUSE in own:
            self._pause(way, own)
        if Kind.GONE in own:
            self._close(way, own[Kind.GONE], Why.GONE)
        if Kind.BACK in own:
            self._bring_back(way, own[Kind.BACK])
        priced = Kind.PRICE in own and way.route.closed_because == Why.COST
        retyped = Kind.TYPE in own and way.route.closed_because == Why.TYPE
        if (priced or retyped) and not self._is_short(way):
            reopen(way, self._log)

    def _pause(self, way: Way, own: Own) -> None:
        """Close it, unless what was wrong with it has just been put right."""
        why = Why(str(own[Kind.PAUSE].after["why"]))
        cure = own.get(Kind.PRICE if why is Why.COST else Kind.TYPE)
        if cure is not None and cure.state == SyncChange.State.APPLIED and not self._is_short(way):
            self._overtake([own[Kind.PAUSE]], CURED)
        else:
            self._close(way, own[Kind.PAUSE], why)

    def _close(self, way: Way, change: SyncChange, why: Why) -> None:
        if not way.route.enabled:
            self._overtake([change], MEANWHILE)
            return
        close(way, why)
        self._closed.append(way)
        self._done(change)

    def _bring_back(self, way: Way, change: SyncChange) -> None:
        if way.route.closed_because != change.before["closed"]:
            self._overtake([change], MEANWHILE)
            return
        reopen(way, self._log)
        self._done(change)

    def _is_short(self, way: Way) -> bool:
        cost = way.route.cost
        return cost is not None and is_below_margin(rate=way.service.rate, cost=cost, least_margin=self._margin)

    def _done(self, change: SyncChange) -> None:
        change.decide(SyncChange.State.APPLIED, at=self._now, by=self._actor)

    def _overtake(self, changes: Iterable[SyncChange], problem: str) -> None:
        for change in changes:
            change.decide(SyncChange.State.SUPERSEDED, at=self._now, by=self._actor, problem=problem)


def _save(rows: Collection[Service] | Collection[Route], columns: Sequence[str]) -> None:
    """Write these columns of rows that exist. For a whole catalogue `bulk_update` took ten times as long."""
    if rows:
        model = type(next(iter(rows)))
        model._default_manager.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=columns
        )


def _is_overtaken(service: Service, change: SyncChange) -> bool:
    current = {name: service.category.name if name == "category" else getattr(service, name) for name in change.before}
    return any(plain(current[name]) != value for name, value in change.before.items())


def _is_possible(service: Service, after: Mapping[str, Any]) -> bool:
    """Whether a smallest quantity still is the smallest."""
    least, most = (after.get(name, getattr(service, name)) for name in ("min_quantity", "max_quantity"))
    return bool(least <= most)


def _column(name: str, value: object) -> object:
    return Decimal(str(value)) if name in AMOUNTS else value
