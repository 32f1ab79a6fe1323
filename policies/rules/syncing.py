"""What a provider's list changes about what we sell, and which of it may happen without a person (fault row 17)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from policies.rules.catalogue import LeftOut, RemoteService, Terms, decide_terms
from policies.rules.vocabulary import Word

MOST_GONE_PERCENT = 20  # a list that shrank by more than this is not believed


class Kind(Word):
    """What one change is about."""

    NEW = "new"
    GONE = "gone"
    BACK = "back"
    COST = "cost"  # what the provider takes: known at once, decided by nobody
    PAUSE = "pause"  # not sold until somebody has looked
    PRICE = "price"  # what we take
    NARROWER = "narrower"  # fewer quantities can be ordered
    WIDER = "wider"
    LESS = "less"  # refill, cancel, drip-feed: less is promised
    MORE = "more"
    NAME = "name"
    DESCRIPTION = "description"
    CATEGORY = "category"
    TYPE = "type"
    SPEED = "speed"  # stated pace and usual time


class Why(Word):
    """Why a route is closed until its reason is gone."""

    GONE = "gone"
    COST = "cost"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Guards:
    """markup: percent on top of the provider's rate. least_margin: percent of our rate that must be left."""

    markup: Decimal
    least_margin: Decimal
    most_gone: int = MOST_GONE_PERCENT


@dataclass(frozen=True, slots=True)
class Known:
    """One of our routes to the provider, and the service it delivers as it is sold.

    leads: the service's terms are those of this route. open: orders may go this way. selling: the service is on sale.
    closed: why an import has closed the route. cost: what the provider took when last heard.
    """

    provider_service: str
    service_id: int
    leads: bool
    open: bool
    selling: bool
    closed: Why | None
    cost: Decimal | None
    terms: Terms
    category: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, as JSON keeps it. safe: it may happen by itself; else a person decides. finding: why not."""

    provider_service: str
    service_id: int | None
    kind: Kind
    before: Mapping[str, object]
    after: Mapping[str, object]
    safe: bool
    finding: str = ""


@dataclass(frozen=True, slots=True)
class Diff:
    """What comparing found. refused: why the list is not believed at all, and changes nothing.

    missing: routes in use that are not listed. shrank: they are too many to believe it, so that a person decides.
    """

    changes: tuple[Change, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    missing: int = 0
    shrank: bool = False
    refused: str = ""


Entry = tuple[RemoteService, Terms]


def compare(
    *, known: Sequence[Known], listed: Sequence[RemoteService], unreadable: Collection[str], guards: Guards
) -> Diff:
    """Compare a provider's list with what we sell of it.

    unreadable: ids of entries that are listed but make no sense: nothing is concluded about them.
    """
    in_use = [each for each in known if each.open and each.selling]
    if not listed:
        return Diff(missing=len(in_use), refused="nothing_readable" if unreadable else "empty_list")
    entries, left_out = _decided(listed, guards.markup)
    named = {*entries, *unreadable, *(entry.provider_service for entry in left_out)}
    absent = [each for each in in_use if each.provider_service not in named]
    shrank = len(absent) * 100 > len(in_use) * guards.most_gone
    ours = {each.provider_service for each in known}
    changes = [_gone(each, believed=not shrank) for each in absent]
    for each in known:
        if each.provider_service in entries:
            changes += _differences(each, entries[each.provider_service], guards)
    changes += [_new(remote, terms) for number, (remote, terms) in entries.items() if number not in ours]
    return Diff(tuple(changes), tuple(left_out), missing=len(absent), shrank=shrank)


def is_below_margin(*, rate: Decimal, cost: Decimal, least_margin: Decimal) -> bool:
    """Say whether too little of a rate is left once the provider is paid. least_margin: percent of the rate."""
    return (rate - cost) * 100 < least_margin * rate


def _decided(listed: Sequence[RemoteService], markup: Decimal) -> tuple[dict[str, Entry], list[LeftOut]]:
    """The entries by their ids, the first of several under one id, and those that cannot become services."""
    entries: dict[str, Entry] = {}
    left_out = []
    for remote in listed:
        terms = decide_terms(remote, markup=markup)
        if isinstance(terms, LeftOut):
            left_out.append(terms)
        elif remote.provider_service in entries:
            left_out.append(LeftOut(remote.provider_service, "listed_twice"))
        else:
            entries[remote.provider_service] = (remote, terms)
    return entries, left_out


def _new(remote: RemoteService, terms: Terms) -> Change:
    """A person decides what is sold. The change keeps the whole entry, and our price for it."""
    after = {name: _plain(value) for name, value in {**asdict(remote), "price": terms.rate}.items()}
    return Change(remote.provider_service, None, Kind.NEW, {}, after, safe=False)


def _gone(known: Known, *, believed: bool) -> Change:
    finding = "" if believed else "list_shrank"
    return _change(known, Kind.GONE, {"listed": True}, {"listed": False}, safe=believed, finding=finding)


def _differences(known: Known, entry: Entry, guards: Guards) -> Iterator[Change]:
    """What one entry changes about one route and, where the route leads, about its service."""
    remote, terms = entry
    if known.cost != remote.rate:
        yield _change(known, Kind.COST, {"cost": _plain(known.cost)}, {"cost": _plain(remote.rate)}, safe=True)
    yield from _closing(known, entry, guards)
    if known.leads:
        yield from _terms(known, terms)
        yield from _texts(known, remote, terms)


def _closing(known: Known, entry: Entry, guards: Guards) -> Iterator[Change]:
    """Close what would be sold at a loss or not as ordered, also while it is off sale, and open it once that passed."""
    remote, terms = entry
    retyped = known.leads and known.terms.type != terms.type
    # What a package costs says nothing about what a thousand cost.
    short = not retyped and is_below_margin(rate=known.terms.rate, cost=remote.rate, least_margin=guards.least_margin)
    rose = known.cost is None or remote.rate > known.cost
    if known.open and retyped:
        yield _change(known, Kind.PAUSE, {}, {"why": Why.TYPE.value, "type": terms.type}, safe=True)
    elif known.open and short and rose:
        yield _change(known, Kind.PAUSE, {}, {"why": Why.COST.value, "cost": _plain(remote.rate)}, safe=True)
    elif not known.open and known.closed and not retyped and (not short or known.closed is Why.GONE):
        finding = "below_margin" if short else ""
        yield _change(
            known, Kind.BACK, {"closed": known.closed.value}, {"closed": ""}, safe=not finding, finding=finding
        )


def _terms(known: Known, terms: Terms) -> Iterator[Change]:
    """What can be ordered, what is promised with it, and our rate. Promising less needs nobody; more needs somebody."""
    if known.terms.type != terms.type:
        yield from _waits(known, Kind.TYPE, terms, ["type", "rate", "min_quantity", "max_quantity"])
    else:
        yield from _waits(known, Kind.PRICE, terms, ["rate"])
        yield from _limits(known, terms)
    less, more = _promises(known.terms, terms)
    if less:
        yield _columns(known, Kind.LESS, terms, less, safe=True)
    if more:
        yield _columns(known, Kind.MORE, terms, more, safe=False)
    speed = [name for name in ("pace_per_hour", "average_minutes") if _differ(known.terms, terms, name)]
    if speed:
        yield _columns(known, Kind.SPEED, terms, speed, safe=True)


def _texts(known: Known, remote: RemoteService, terms: Terms) -> Iterator[Change]:
    yield from _waits(known, Kind.NAME, terms, ["name"])
    yield from _waits(known, Kind.DESCRIPTION, terms, ["description"])
    if known.category != remote.category:
        yield _change(known, Kind.CATEGORY, {"category": known.category}, {"category": remote.category}, safe=False)


def _limits(known: Known, terms: Terms) -> Iterator[Change]:
    """Take over at once that less can be ordered; the provider would refuse the rest. That more can, waits."""
    ours = (known.terms.min_quantity, known.terms.max_quantity)
    theirs = (terms.min_quantity, terms.max_quantity)
    common = (max(ours[0], theirs[0]), min(ours[1], theirs[1]))
    if common[0] > common[1]:  # nothing of what we offer can be ordered there any more
        common = theirs
    if common != ours:
        yield _quantities(known, Kind.NARROWER, ours, common, safe=True)
    if theirs != common:
        yield _quantities(known, Kind.WIDER, common, theirs, safe=False)


def _quantities(known: Known, kind: Kind, before: tuple[int, int], after: tuple[int, int], *, safe: bool) -> Change:
    names = ("min_quantity", "max_quantity")
    moved = [place for place in (0, 1) if before[place] != after[place]]
    sides = [{names[place]: side[place] for place in moved} for side in (before, after)]
    return _change(known, kind, sides[0], sides[1], safe=safe)


def _promises(ours: Terms, theirs: Terms) -> tuple[list[str], list[str]]:
    """Columns by which less is promised, and columns by which more is. A refill and its days are one promise."""
    moved = {name: (getattr(ours, name), getattr(theirs, name)) for name in ("cancel", "dripfeed")}
    less = [name for name, (before, after) in moved.items() if before and not after]
    more = [name for name, (before, after) in moved.items() if after and not before]
    refill = [name for name in ("refill", "refill_days") if _differ(ours, theirs, name)]
    before, after = _worth(ours), _worth(theirs)
    if after < before:
        less += refill
    elif after > before:
        more += refill
    return less, more


def _worth(terms: Terms) -> float:
    """How much a refill is: none, days not stated, days, for life."""
    if not terms.refill:
        return 0
    if terms.refill_days is None:
        return 0.5
    return terms.refill_days or float("inf")


def _waits(known: Known, kind: Kind, terms: Terms, names: Sequence[str]) -> Iterator[Change]:
    moved = [name for name in names if _differ(known.terms, terms, name)]
    if moved:
        yield _columns(known, kind, terms, moved, safe=False)


def _columns(known: Known, kind: Kind, terms: Terms, names: Sequence[str], *, safe: bool) -> Change:
    before, after = ({name: _plain(getattr(side, name)) for name in names} for side in (known.terms, terms))
    return _change(known, kind, before, after, safe=safe)


def _change(
    known: Known,
    kind: Kind,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    safe: bool,
    finding: str = "",
) -> Change:
    return Change(known.provider_service, known.service_id, kind, before, after, safe, finding)


def _differ(ours: Terms, theirs: Terms, name: str) -> bool:
    return bool(getattr(ours, name) != getattr(theirs, name))


def _plain(value: object) -> object:
    return f"{value:.5f}" if isinstance(value, Decimal) else value
