"""When a draft may be published: what changed, whether that is material, and each condition with its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from policies.rules.clauses import CLAUSES
from policies.rules.drafts import Content, Fault
from policies.rules.stated_numbers import states_number


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions: clauses by id (heading, text, or whether they stand), parameters by name.

    numbered: those of the clauses that state a number of their own, before or after.
    """

    clauses: frozenset[str]
    parameters: frozenset[str]
    numbered: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not self.clauses and not self.parameters


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A draft as somebody looks at it who would publish it.

    publisher, writers: actors, "staff:3"; a writer is who began the draft or changed anything in it. faults: what
    cannot stand in it. rehearsed: cases that the largest finished rehearsal of this very text and these numbers looked
    at, None without one. to_rehearse: whether there is any decision to rehearse it on now.
    """

    publisher: str
    writers: frozenset[str]
    change: Difference
    material: bool
    faults: tuple[Fault, ...]
    rehearsed: int | None
    to_rehearse: bool


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
    changed = frozenset(ref for ref in refs if before.clauses.get(ref) != after.clauses.get(ref))
    return Difference(
        clauses=changed,
        parameters=frozenset(name for name in names if before.params.get(name) != after.params.get(name)),
        numbered=frozenset(ref for ref in changed if _states_number(ref, before) or _states_number(ref, after)),
    )


def _states_number(ref: str, content: Content) -> bool:
    return any(map(states_number, content.clauses.get(ref, ())))


def is_material(change: Difference) -> bool:
    """Whether a change needs notice whatever its writer thinks.

    A parameter, a clause that a rule decides by, and one that states a number: readers count on that as on a parameter.
    """
    enforced = any(each.is_enforced for each in CLAUSES if each.id in change.clauses)
    return bool(change.parameters or change.numbered) or enforced


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
    """A rehearsal that looked at no case says something only where there is none."""
    if draft.rehearsed is None:
        return Condition("rehearsed", met=False)
    if draft.rehearsed == 0:
        return Condition("rehearsed_on_nothing", met=not draft.to_rehearse)
    return Condition("rehearsed", met=True, facts={"cases": draft.rehearsed})


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
