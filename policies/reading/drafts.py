"""What the page reads on which a draft is written: each clause beside what is in force, with its numbers. No writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from policies import texts
from policies.models import Clause as ClauseRow
from policies.models import PolicyVersion, content_of, version_before
from policies.rules.clauses import CLAUSES, PARAMETERS, Clause, Parameter
from policies.rules.drafts import Content, must_stay
from policies.wording import documents
from policies.wording.installation import installation_facts

Words = tuple[str, str]
"""A heading and a text."""


@dataclass(frozen=True, slots=True)
class SheetParameter:
    """A number of a clause. value: in the draft. before: in the version before, as its text says it."""

    declared: Parameter
    value: object
    before: str


@dataclass(frozen=True, slots=True)
class SheetClause:
    """A clause as it can be written.

    heading, text: of the draft; where the clause does not stand in it, the last that was published or ships.
    before: what the version before says, None where it has no such clause. optional: whether it may be left out.
    """

    clause: Clause
    heading: str
    text: str
    stands: bool
    before: Words | None
    optional: bool
    parameters: tuple[SheetParameter, ...]


@dataclass(frozen=True, slots=True)
class SheetSection:
    id: str
    title: str
    clauses: tuple[SheetClause, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A draft with the version before it, None for the first of its policy."""

    draft: PolicyVersion
    before: PolicyVersion | None
    sections: tuple[SheetSection, ...]


def sheet_of(draft: PolicyVersion) -> Sheet:
    """Every clause of the catalogue that the draft has or could have, in order. Four queries at most."""
    before = version_before(draft)
    said, was = content_of(draft), content_of(before) if before else None
    clauses = [clause for clause in CLAUSES if clause.policy == said.policy]
    absent = [clause.id for clause in clauses if clause.id not in said.clauses]
    earlier = _last_words(draft, absent)
    rows = [_clause(clause, said, was, earlier) for clause in clauses]
    sections = groupby(rows, key=lambda row: documents.section_of(row.clause.id))
    return Sheet(draft, before, tuple(SheetSection(key, documents.SECTIONS[key], tuple(of)) for key, of in sections))


def _clause(clause: Clause, said: Content, was: Content | None, earlier: Mapping[str, Words]) -> SheetClause:
    stands = clause.id in said.clauses
    heading, text = said.clauses.get(clause.id) or earlier.get(clause.id, (clause.heading, ""))
    declared = [each for each in PARAMETERS if each.clause == clause]
    return SheetClause(
        clause=clause,
        heading=heading,
        text=text,
        stands=stands,
        before=_filled(clause, was) if was else None,
        optional=not stands or not must_stay(clause),
        parameters=tuple(_parameter(each, said, was) for each in declared),
    )


def _filled(clause: Clause, was: Content) -> Words | None:
    if clause.id not in was.clauses:
        return None
    heading, text = was.clauses[clause.id]
    return heading, documents.fill(text, params=was.params, facts=installation_facts())


def _parameter(declared: Parameter, said: Content, was: Content | None) -> SheetParameter:
    before = documents.said(declared, was.params) if was else ""
    return SheetParameter(declared, said.params[declared.name], before)


def _last_words(draft: PolicyVersion, refs: Iterable[str]) -> dict[str, Words]:
    """What a clause that a draft lacks said when it was last published; as it ships where it never was."""
    wanted = set(refs)
    if not wanted:
        return {}
    slug = draft.policy.slug
    shipped = texts.shipped(slug).clauses if slug in texts.TITLES else ()
    headings = {clause.id: clause.heading for clause in CLAUSES}
    words = {ref: (headings[ref], text) for ref, text in shipped if ref in wanted}
    rows = ClauseRow.objects.filter(version__policy_id=draft.policy_id, version__status="published", ref__in=wanted)
    published = rows.order_by("version__number").values_list("ref", "heading", "text")
    return {**words, **{ref: (heading, text) for ref, heading, text in published}}
