"""What an order's page in the admin shows of it, read in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import wallet.operations as wallet
from accounts.models import User
from orders.admin import by_hand, words
from orders.admin.run_acts import Button, run_buttons
from orders.models import Flag, Order, OrderEvent, Run
from orders.reading.page import Page, page_of
from orders.reading.tries import Try, tries_of

_TONES = {"completed": "good", "partial": "warn", "canceled": "warn", "held": "warn", "unknown": "warn"}
_TONES |= {"failed": "bad", "stopped": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline. who: an address, or what acted. internal: the customer does not see it."""

    at: datetime
    sentence: str
    who: str
    internal: bool
    tone: str
    clauses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Part:
    """One run: its numbers as of now, each try to submit it, and what may be done about it.

    taken_by: who delivers it by hand, "" nobody.
    """

    run: Run
    delivered: int
    start_count: int | None
    word: str
    tries: Sequence[Try]
    buttons: Sequence[Button]
    taken_by: str


@dataclass(frozen=True, slots=True)
class Raised:
    """One open flag, worded. facts: what is known, by name. appeal: the id of the one it is about, if it is."""

    flag: Flag
    said: str
    advice: str
    facts: Mapping[str, object]
    appeal: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """One transfer of the wallet's, with its entries, and who made it."""

    transfer: Any
    who: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about one order. page: what its owner sees of it. open_flags: what still needs a person."""

    page: Page
    parts: Sequence[Part]
    lines: Sequence[Line]
    open_flags: Sequence[Raised]
    transfers: Sequence[Moved]


def evidence_on(*, order: Order, now: datetime) -> Evidence:
    """Gather it."""
    page = page_of(order_id=order.pk, user_id=order.user_id, now=now)
    assert page is not None
    events = list(order.events.order_by("at", "pk"))
    flags = list(order.flags.filter(resolved_at__isnull=True).select_related("run").order_by("raised_at", "pk"))
    transfers = list(wallet.transfers_on(subject_type="order", subject_id=order.pk))
    runs = _runs(order)
    handlings = [run.handling.taken_by for run in runs if hasattr(run, "handling")]
    actors = [*(event.actor for event in events), *(transfer.actor for transfer in transfers), *handlings]
    names = _names(actors)
    return Evidence(
        page=page,
        parts=_parts(runs, flags, names),
        lines=[_line(event, names) for event in events],
        open_flags=[_raised(flag) for flag in flags],
        transfers=[Moved(transfer, names.get(transfer.actor, transfer.actor)) for transfer in transfers],
    )


def lines_of(order: Order) -> Sequence[Line]:
    """The whole timeline, as staff read it."""
    events = list(order.events.order_by("at", "pk"))
    names = _names([event.actor for event in events])
    return [_line(event, names) for event in events]


def _raised(flag: Flag) -> Raised:
    said, advice = words.flag(flag.kind), words.flag_advice(flag.kind)
    return Raised(flag, said, advice, words.facts(flag.facts), flag.facts.get("appeal"))


def _runs(order: Order) -> list[Run]:
    return list(order.runs.select_related("provider", "delivery", "handling").order_by("kind", "number"))


def _parts(runs: Sequence[Run], flags: Sequence[Flag], names: Mapping[str, str]) -> list[Part]:
    tries = tries_of(runs)
    kinds = {run.pk: [flag.kind for flag in flags if flag.run_id == run.pk] for run in runs}
    return [_part(run, tries.get(run.pk, []), kinds[run.pk], names) for run in runs]


def _part(run: Run, tries: Sequence[Try], kinds: Sequence[str], names: Mapping[str, str]) -> Part:
    taken_by = run.handling.taken_by if hasattr(run, "handling") else ""
    seen = getattr(run, "delivery", None)
    return Part(
        run=run,
        delivered=seen.delivered if seen else run.delivered,
        start_count=seen.start_count if seen else run.start_count,
        word=seen.word if seen else "",
        tries=tries,
        buttons=[*run_buttons(run, kinds), *by_hand.buttons(run)],
        taken_by=names.get(taken_by, taken_by),
    )


def _line(event: OrderEvent, names: dict[str, str]) -> Line:
    tone = _TONES.get(event.status, "")
    return Line(
        event.at, words.event(event), names.get(event.actor, event.actor), not event.public, tone, event.clauses
    )


def _names(actors: Sequence[str]) -> dict[str, str]:
    """Actors as staff know them: an address instead of an id."""
    ids = {actor: int(actor.partition(":")[2]) for actor in actors if actor.partition(":")[2].isdecimal()}
    emails = dict(User.objects.filter(pk__in=ids.values()).values_list("pk", "email"))
    known = {actor: f"{actor.partition(':')[0]} {emails[pk]}" for actor, pk in ids.items() if pk in emails}
    return {"system": "the system", **known}
