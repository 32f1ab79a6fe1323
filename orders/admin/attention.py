"""The page *needs a person*: what waits for a decision, sorted by what it asks for, with its evidence and its acts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from orders.admin import letters, runs, words
from orders.admin.run_acts import Button, run_buttons
from orders.models import Flag
from orders.operations import flags
from orders.reading import attention
from orders.reading.attention import Held
from orders.reading.tries import Try, tries_of
from plumbing.adminpages import id_in
from plumbing.keyset import before_of
from policies.rules.vocabulary import ReportFlag
from wallet.reading.waiting import Waiting, waiting

LISTS: Mapping[str, tuple[str, Sequence[str]]] = {
    "unclear": ("No clear answer", [flags.UNKNOWN, flags.SAME_ID]),
    "refused": ("Refused or never arrived", [flags.UNMAPPED, flags.NEVER_LANDS]),
    "reports": (
        "Odd reports",
        [*(flag.value for flag in ReportFlag if flag is not ReportFlag.UNSEEN), flags.DEARER, flags.TAKEN_LATE],
    ),
    "stalled": ("Stalled", [ReportFlag.UNSEEN.value]),
    "appeals": ("Appeals", [flags.APPEALED]),
}
"""Tabs that list flags, and of which kinds. Every other kind is listed under "other"."""

SORTED = [*(kind for _, kinds in LISTS.values() for kind in kinds), flags.HELD]  # held orders have a list of their own
SUBMISSIONS = [*LISTS["unclear"][1], *LISTS["refused"][1]]  # kinds whose evidence is how it was sent
TITLES = {**{slug: title for slug, (title, _) in LISTS.items()}, "held": "Held", "other": "Other"}
TITLES |= {"elsewhere": "Elsewhere", "closed": "Closed"}
# What needs a decision first, then what can wait.
SLUGS = ["unclear", "refused", "held", "stalled", "reports", "appeals", "other", "elsewhere", "closed"]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the page. count: how many need a person there, None for history."""

    slug: str
    title: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One flag with all that a decision needs. facts: what is known, by name. delivered: None without a run."""

    flag: Flag
    said: str
    facts: Mapping[str, object]
    open_for: timedelta
    delivered: int | None
    word: str
    tries: Sequence[Try]
    letter: str
    buttons: Sequence[Button]
    dismissable: bool


def address(slug: str) -> str:
    """Where a tab is."""
    return f"{reverse('admin:orders_flag_changelist')}?tab={slug}"


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Where somebody came from: a tab of this page, or another page."""
    slug = request.GET.get("tab", "")
    return address(slug) if slug in SLUGS else otherwise


def context_of(request: HttpRequest) -> dict[str, Any]:
    """Everything that the page shows of the tab that is asked for, or of one order's flags."""
    slug = request.GET.get("tab", "")
    number = id_in(request.GET.get("q", "").strip())
    slug = slug if slug in SLUGS else SLUGS[0]
    counts, money, other_pages = attention.open_flags(), waiting(), attention.elsewhere()
    acts = request.user.has_perm(runs.PERMISSION)
    shown = _found(number, acts=acts) if number is not None else _shown(slug, request.GET, acts=acts)
    return {
        "tabs": [
            Tab(each, TITLES[each], _count(each, counts, money, other_pages), number is None and each == slug)
            for each in SLUGS
        ],
        "slug": "found" if number is not None else slug,
        "searched": request.GET.get("q", "").strip(),
        "may_act": acts,
        "money": money,
        "elsewhere": other_pages,
        **shown,
    }


def _count(slug: str, counts: Mapping[str, int], money: Waiting, other_pages: attention.Elsewhere) -> int | None:
    match slug:
        case "closed":
            return None
        case "held":
            return attention.held_orders()
        case "other":
            return sum(number for kind, number in counts.items() if kind not in SORTED)
        case "elsewhere":
            on_pages = other_pages.parked_mail + other_pages.paused_providers
            return on_pages + money.by_hand + money.review + money.payouts + money.stuck + money.corrections
        case _:
            return sum(counts.get(kind, 0) for kind in LISTS[slug][1])


def _shown(slug: str, asked: QueryDict, *, acts: bool) -> dict[str, Any]:
    after = before_of(asked.get("after"))
    further: int | None
    match slug:
        case "elsewhere":
            return {}
        case "held":
            held, further = attention.page_of_held(after=after)
            return {"held": [_held(each) for each in held], "further": further, "deep": after is not None}
        case "closed":
            closed = attention.page_of_closed(before=after)
            cases = _cases(closed.rows, "", acts=False)
            return {"cases": cases, "further": closed.older_than, "deep": after is not None}
    kinds = SORTED if slug == "other" else LISTS[slug][1]
    rows, further = attention.page_of_flags(kinds=kinds, others=slug == "other", after=after)
    advice = {flag.kind: words.flag_advice(flag.kind) for flag in rows}
    said = [(words.flag(kind), text) for kind, text in advice.items()]
    return {"cases": _cases(rows, slug, acts=acts), "further": further, "deep": after is not None, "advice": said}


def _found(number: int, *, acts: bool) -> dict[str, Any]:
    return {"cases": _cases(attention.flags_of_order(number), "", acts=acts)}


def _held(each: Held) -> dict[str, object]:
    for_long = timezone.now() - each.since if each.since else None
    return {"order": each.order, "why": words.held(each.order.held_reason), "since": each.since, "for": for_long}


def _cases(rows: Sequence[Flag], slug: str, *, acts: bool) -> list[Case]:
    tries = tries_of([flag.run for flag in rows if flag.run is not None and flag.kind in SUBMISSIONS])
    return [_case(flag, list(tries.get(flag.run_id or 0, [])), slug, acts=acts, now=timezone.now()) for flag in rows]


def _case(flag: Flag, tries: list[Try], slug: str, *, acts: bool, now: datetime) -> Case:
    live = getattr(flag.run, "delivery", None) if flag.run else None
    still_open = flag.resolved_at is None
    return Case(
        flag=flag,
        said=words.flag(flag.kind),
        facts=words.facts(flag.facts),
        open_for=(flag.resolved_at or now) - flag.raised_at,
        delivered=live.delivered if live else flag.run.delivered if flag.run else None,
        word=live.word if live else "",
        tries=tries,
        letter=_letter(flag, tries) if still_open else "",
        buttons=_buttons(flag, slug) if acts and still_open else (),
        dismissable=acts and still_open and flags.may_be_dismissed(flag),
    )


def _letter(flag: Flag, tries: Sequence[Try]) -> str:
    if flag.run is None or flag.kind not in LISTS["unclear"][1]:
        return ""
    return letters.about(flag.run, link=flag.order.link, tries=tries)


def _buttons(flag: Flag, slug: str) -> Sequence[Button]:
    """What can be done about it beside dismissing it."""
    if flag.kind == flags.APPEALED and "appeal" in flag.facts:
        page = reverse("admin:policies_appeal_change", args=[flag.facts["appeal"]])
        return [Button("Look at the appeal", page, grave=False)]
    return run_buttons(flag.run, [flag.kind], tab=slug) if flag.run else ()
