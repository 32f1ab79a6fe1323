"""When a draft may be published: what changed, whether that is material, and each condition with its answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from unicodedata import category

from policies.rules.drafts import Content, Fault

REHEARSED_AT_LEAST = 200  # of the newest decisions under the policy, or all of them where there are fewer
_SAYS = frozenset("%‰‱{}")  # punctuation to Unicode, but part of what a sentence says
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions: clauses by id (heading, text, or whether they stand), parameters, summary.

    reworded: whether the words of a clause or of the summary differ, and not only blanks, punctuation or case.
    """

    clauses: frozenset[str]
    parameters: frozenset[str]
    summary: bool = False
    reworded: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.clauses or self.parameters or self.summary)


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A draft as somebody looks at it who would publish it.

    publisher, writers: actors, "staff:3"; a writer is who began the draft or changed anything in it. faults: what
    cannot stand in it. rehearsed: decisions that the largest finished rehearsal of this very text and these numbers
    looked at, None without one. to_rehearse: how many it has to look at, `REHEARSED_AT_LEAST` or all there are now.
    """

    publisher: str
    writers: frozenset[str]
    change: Difference
    material: bool
    faults: tuple[Fault, ...]
    rehearsed: int | None
    to_rehearse: int


@dataclass(frozen=True, slots=True)
class PublishFacts:
    """What somebody asks for who publishes.

    checksum: of the draft as it is; shown: as they read it. newest: the latest instant at which a version of this
    policy takes or took effect. notice_days: whole days of 24 hours.
    """

    slug: str
    slug_typed: str
    checksum: str
    shown: str
    effective_from: datetime
    newest: datetime
    material: bool
    notice_days: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of publishing and whether it is met. `policies.wording.drafts` says it."""

    finding: str
    met: bool
    facts: Mapping[str, object] = field(default_factory=dict)


def difference(before: Content, after: Content) -> Difference:
    """Compare what two versions say, clause by clause and number by number."""
    refs, names = {*before.clauses, *after.clauses}, {*before.params, *after.params}
    return Difference(
        clauses=frozenset(ref for ref in refs if before.clauses.get(ref) != after.clauses.get(ref)),
        parameters=frozenset(name for name in names if before.params.get(name) != after.params.get(name)),
        summary=before.summary != after.summary,
        reworded=_words_of(before) != _words_of(after),
    )


def _words_of(content: Content) -> Mapping[str, tuple[list[str], ...]]:
    said = {"summary": (content.summary,), **content.clauses}
    return {where: tuple(map(_words, texts)) for where, texts in said.items()}


def _words(text: str) -> list[str]:
    """A text's words in their order; what a sentence says with a sign, such as a per cent or a currency, is one."""
    tokens = _TOKEN.findall(text.casefold())
    return [each for each in tokens if each in _SAYS or not category(each[0]).startswith("P")]


def is_material(change: Difference) -> bool:
    """Whether a change needs notice whatever its writer thinks: any number, and any word of a clause or the summary.

    A clause that only informs can take back what another one grants, and the summary is what most people read.
    """
    return bool(change.parameters) or change.reworded


def earliest(*, material: bool, notice_days: int, newest: datetime, now: datetime) -> datetime:
    """The first instant at which a version published `now` may take effect (support.9.2), after every other one."""
    allowed = now + timedelta(days=notice_days) if material else now
    return max(allowed, newest + timedelta(seconds=1))


def decide_conditions(draft: DraftFacts) -> tuple[Condition, ...]:
    """Say which conditions a draft meets for this publisher, in the order in which they are met (support 7.4)."""
    needs_notice = is_material(draft.change)
    return (
        Condition("changes_something", not draft.change.is_empty),
        Condition("can_stand", not draft.faults, {"count": len(draft.faults)}),
        Condition("marked_material", draft.material or not needs_notice),
        _rehearsed(draft),
        Condition("second_person", draft.publisher not in draft.writers),
    )


def _rehearsed(draft: DraftFacts) -> Condition:
    """A rehearsal that looked at few decisions says something only where there are no more."""
    if draft.rehearsed is None:
        return Condition("rehearsed", met=False)
    if draft.rehearsed < draft.to_rehearse:
        return Condition("rehearsed_on_too_few", met=False, facts={"few": draft.rehearsed, "needed": draft.to_rehearse})
    if draft.rehearsed == 0:
        return Condition("rehearsed_on_nothing", met=True)
    return Condition("rehearsed", met=True, facts={"decisions": draft.rehearsed})


def decide_publishing(draft: DraftFacts, asked: PublishFacts) -> tuple[Fault, ...]:
    """Say why a draft is not published as asked (support.9.2: with too little notice); nothing when it is."""
    return (
        *(Fault("", each.finding, each.facts) for each in decide_conditions(draft) if not each.met),
        *([Fault("", "changed_meanwhile")] if asked.shown != asked.checksum else []),
        *([Fault("slug", "another_slug", {"slug": asked.slug})] if asked.slug_typed.strip() != asked.slug else []),
        *_date_faults(asked),
    )


def _date_faults(asked: PublishFacts) -> tuple[Fault, ...]:
    first = earliest(material=asked.material, notice_days=asked.notice_days, newest=asked.newest, now=asked.now)
    if asked.effective_from >= first:
        return ()
    if asked.effective_from <= asked.newest:
        return (Fault("effective_from", "before_another", {"newest": asked.newest}),)
    if asked.material and asked.effective_from >= asked.now:
        return (Fault("effective_from", "too_little_notice", {"days": asked.notice_days, "earliest": first}),)
    return (Fault("effective_from", "in_the_past"),)
