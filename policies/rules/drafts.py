"""What the draft of a policy may say: which of its clauses, texts and numbers cannot stand, and where."""

import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from policies.rules.clauses import (
    CLAUSE_BY_ID,
    CLAUSES,
    PARAMETER_BY_NAME,
    PARAMETERS,
    Clause,
    Parameter,
    in_bounds,
    refund,
    support,
)
from policies.rules.stated_numbers import stated_numbers, states_number

HEADING_MAX = 120
TEXT_MAX = 4000
SUMMARY_LINES = 3  # as the order form shows it
SUMMARY_MAX = 600

_SHAPES = {"local time": r"([01]\d|2[0-3]):[0-5]\d", "ISO weekdays": r"(?!.*(.).*\1)[1-7]{1,7}"}
_IN_ORDER: tuple[tuple[Parameter, Callable[[Any, Any], bool], Parameter], ...] = (
    (refund.TOLERANCE_BP, operator.le, refund.TOLERANCE_CAP_BP),
    (support.TICKET_TARGET_H, operator.le, support.TICKET_BREACH_H),
    (support.EMAIL_TARGET_H, operator.le, support.EMAIL_BREACH_H),
    (support.DESCRIPTION_MIN, operator.lt, support.DESCRIPTION_MAX),
    (support.OPENS, operator.lt, support.CLOSES),
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a version says. clauses: (heading, text) by id, in order. params: every one, defaults included."""

    policy: str
    summary: str
    clauses: Mapping[str, tuple[str, str]]
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that cannot stand.

    where: the field, as "summary", "refund.7.2" (whether it stands at all), "refund.7.2:heading", "refund.7.2:text" or
    a parameter's name; "" for the draft as a whole. `policies.wording.drafts` turns it into a sentence.
    """

    where: str
    finding: str
    facts: Mapping[str, object] = field(default_factory=dict)


def decide_faults(
    draft: Content, *, before: Mapping[str, tuple[str, str]], known: Collection[str], time_zones: Collection[str]
) -> tuple[Fault, ...]:
    """Say what cannot stand in a draft, clause by clause and then number by number (support 7.4).

    before: the clauses of the version before it. A parameter stays in each clause that named it, and no other number
    stands beside one: the number in the sentence is the number enforced (decision 20). known: facts of the installation
    a text may name.
    """
    stated = {ref: placeholders(text) for ref, (_, text) in before.items()}
    named = {ref: tuple(_placeholders(text)) for ref, (_, text) in draft.clauses.items()}
    return (
        *_summary_faults(draft, known),
        *(fault for ref in draft.clauses for fault in _clause_faults(draft, ref, named[ref], known)),
        *(Fault(each.id, "must_stay") for each in _of(draft) if must_stay(each) and each.id not in draft.clauses),
        *_unstated(stated, named),
        *(fault for ref in draft.clauses for fault in _loose_numbers(draft, ref, named[ref])),
        *(fault for ref in draft.clauses for fault in _new_numbers(draft, ref, named[ref], before.get(ref, ("", "")))),
        *_value_faults(draft, time_zones=time_zones),
    )


def must_stay(clause: Clause) -> bool:
    """Whether every version contains a clause: a rule decides by it, or a parameter stands in it."""
    return clause.is_enforced or any(each.clause == clause for each in PARAMETERS)


def placeholders(text: str) -> frozenset[str]:
    """The names that stand in braces in a text; of one with broken braces those before the break."""
    return frozenset(name for name in _placeholders(text) if name)


def _of(draft: Content) -> Iterator[Clause]:
    return (clause for clause in CLAUSES if clause.policy == draft.policy)


def _clause_faults(draft: Content, ref: str, named: Collection[str], known: Collection[str]) -> Iterator[Fault]:
    clause = CLAUSE_BY_ID.get(ref)
    if clause is None or clause.policy != draft.policy:
        yield Fault(ref, "unknown_clause", {"ref": ref})
        return
    heading, text = draft.clauses[ref]
    yield from _length_faults(f"{ref}:heading", heading, HEADING_MAX)
    yield from _length_faults(f"{ref}:text", text, TEXT_MAX)
    yield from _name_faults(f"{ref}:text", named, draft.policy, known)


def _summary_faults(draft: Content, known: Collection[str]) -> Iterator[Fault]:
    """It stands before the box that a customer ticks, so its numbers are those that are enforced, too."""
    yield from _length_faults("summary", draft.summary, SUMMARY_MAX)
    yield from _name_faults("summary", tuple(_placeholders(draft.summary)), draft.policy, known)
    if states_number(draft.summary):
        yield Fault("summary", "number_in_summary")
    if len(draft.summary.splitlines()) > SUMMARY_LINES:
        yield Fault("summary", "too_many_lines", {"limit": SUMMARY_LINES})


def _name_faults(where: str, named: Collection[str], policy: str, known: Collection[str]) -> Iterator[Fault]:
    """What stands in braces and cannot be filled in there."""
    allowed = {*known, *(each.name for each in PARAMETERS if each.clause.policy == policy)}
    for name in named:
        if not name:
            yield Fault(where, "broken_braces")
        elif name not in allowed:
            yield Fault(where, "unknown_placeholder", {"name": name})


def _length_faults(where: str, text: str, limit: int) -> Iterator[Fault]:
    if not text.strip():
        yield Fault(where, "empty")
    elif len(text) > limit:
        yield Fault(where, "too_long", {"limit": limit})


def _placeholders(text: str) -> Iterator[str]:
    """Each name in braces as it stands there; "" where the braces hold none that could be filled in."""
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None:
                yield name if name and not spec and not conversion else ""
    except ValueError:
        yield ""


def _unstated(stated: Mapping[str, Collection[str]], named: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    for ref, names in named.items():
        for name in sorted(stated.get(ref, ())):
            if name in PARAMETER_BY_NAME and name not in names:
                yield Fault(f"{ref}:text", "number_missing", {"name": name})


def _loose_numbers(draft: Content, ref: str, named: Collection[str]) -> Iterator[Fault]:
    """A number, in digits or in words, that a reader could take for what is enforced."""
    parameters = sorted(PARAMETER_BY_NAME.keys() & set(named))
    if not parameters:
        return
    for part, words in zip(("heading", "text"), draft.clauses[ref], strict=True):
        if states_number(words):
            yield Fault(f"{ref}:{part}", "loose_number", {"name": parameters[0]})


def _new_numbers(draft: Content, ref: str, named: Collection[str], before: tuple[str, str]) -> Iterator[Fault]:
    """A number that a clause without parameters begins to state, though a rule decides by the clause and not by it."""
    clause = CLAUSE_BY_ID.get(ref)
    if clause is None or not clause.is_enforced or PARAMETER_BY_NAME.keys() & set(named):
        return
    for part, words, said in zip(("heading", "text"), draft.clauses[ref], before, strict=True):
        if stated_numbers(words) - stated_numbers(said):
            yield Fault(f"{ref}:{part}", "unenforced_number")


def _value_faults(draft: Content, *, time_zones: Collection[str]) -> Iterator[Fault]:
    wrong = set()
    for name, value in draft.params.items():
        declared = PARAMETER_BY_NAME.get(name)
        if declared is None or declared.clause.policy != draft.policy:
            yield Fault(name, "unknown_parameter", {"name": name})
        elif not _fits(declared, value, time_zones=time_zones):
            wrong.add(name)
            yield Fault(name, *_misfit(declared))
    for lower, precedes, upper in _IN_ORDER:
        if {lower.name, upper.name} <= draft.params.keys() - wrong:
            low, high = draft.params[lower.name], draft.params[upper.name]
            if not precedes(low, high):
                yield Fault(upper.name, "out_of_order", {"lower": lower.name, "value": low})


def _fits(declared: Parameter, value: object, *, time_zones: Collection[str]) -> bool:
    if not in_bounds(declared, value):
        return False
    if declared.unit == "time zone":
        return value in time_zones
    shape = _SHAPES.get(declared.unit)
    return shape is None or re.fullmatch(shape, str(value)) is not None


def _misfit(declared: Parameter) -> tuple[str, dict[str, object]]:
    if declared.minimum is not None:
        return "out_of_bounds", {"minimum": declared.minimum, "maximum": declared.maximum, "unit": declared.unit}
    return f"no_{declared.unit.replace(' ', '_').lower()}", {}
