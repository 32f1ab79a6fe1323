"""What differs between two versions of a policy: clauses word by word, and parameters. Writes nothing."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from policies.models import PolicyVersion
from policies.rules.clauses import PARAMETERS, Parameter
from policies.wording import documents

_WORDS = re.compile(r"\s+|[^\s]+")


class Kind(StrEnum):
    """What became of a clause, or of a piece of its text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"  # of a clause only


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a text: kept, added or removed."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause that differs. heading, pieces: read in order, the removed words stand before those that replace them."""

    ref: str
    kind: Kind
    heading: tuple[Piece, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """A parameter that differs, its values as the text says them."""

    parameter: Parameter
    older: str
    newer: str


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs from `older` to `newer`."""

    older: PolicyVersion
    newer: PolicyVersion
    clauses: tuple[ClauseChange, ...]
    parameters: tuple[ParameterChange, ...]

    @property
    def is_empty(self) -> bool:
        return not self.clauses and not self.parameters


def changes_between(older: PolicyVersion, newer: PolicyVersion, *, facts: Mapping[str, str]) -> Changes:
    """Compare two versions of one policy, with their numbers filled in, in the newer one's order.

    facts: of the installation, as `documents.fill` takes them. Two queries.
    """
    before, after = _texts(older, facts), _texts(newer, facts)
    removed = [ref for ref in before if ref not in after]
    compared = (_clause_change(ref, before.get(ref), after.get(ref)) for ref in [*after, *removed])
    return Changes(older, newer, tuple(each for each in compared if each), tuple(_parameter_changes(older, newer)))


def word_diff(older: str, newer: str) -> tuple[Piece, ...]:
    """The newer text with what was removed in its place. Joining all but the removed pieces gives the newer text."""
    before, after = _WORDS.findall(older), _WORDS.findall(newer)
    pieces: list[Piece] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Kind.SAME, "".join(before[i:j])))
            continue
        if i < j:
            pieces.append(Piece(Kind.REMOVED, "".join(before[i:j])))
        if k < m:
            pieces.append(Piece(Kind.ADDED, "".join(after[k:m])))
    return tuple(pieces)


def _texts(version: PolicyVersion, facts: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    rows = version.clauses.order_by("position").values_list("ref", "heading", "text")
    return {ref: (heading, documents.fill(text, params=version.params, facts=facts)) for ref, heading, text in rows}


def _clause_change(ref: str, before: tuple[str, str] | None, after: tuple[str, str] | None) -> ClauseChange | None:
    if before == after:
        return None
    kind = Kind.CHANGED if before and after else Kind.ADDED if after else Kind.REMOVED
    older, newer = before or ("", ""), after or ("", "")
    return ClauseChange(ref, kind, word_diff(older[0], newer[0]), word_diff(older[1], newer[1]))


def _parameter_changes(older: PolicyVersion, newer: PolicyVersion) -> Iterator[ParameterChange]:
    for declared in _of(older.policy.slug):
        before, after = documents.said(declared, older.params), documents.said(declared, newer.params)
        if before != after:
            yield ParameterChange(declared, before, after)


def _of(slug: str) -> Sequence[Parameter]:
    return [declared for declared in PARAMETERS if declared.clause.policy == slug]
