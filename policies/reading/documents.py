"""What the policy pages read: a version with its numbers filled in, as frozen values. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from policies.models import PolicyVersion
from policies.reading.editions import Edition, Shelf, editions, shelves
from policies.rules.clauses import CLAUSE_BY_ID, PARAMETERS
from policies.wording import documents
from policies.wording.installation import installation_facts


@dataclass(frozen=True, slots=True)
class ShownClause:
    """A clause as the page prints it. ours: a rule of our own; our_numbers: its numbers are; applied: by code."""

    id: str
    heading: str
    text: str
    ours: bool
    our_numbers: bool
    applied: bool


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    clauses: tuple[ShownClause, ...]


CHANGED_LATELY = timedelta(days=30)  # how long a page says that it changed (S51)


@dataclass(frozen=True, slots=True)
class Document:
    """One version as a page. in_force: at the moment asked about. shelves: all policies then, to go on to.

    changed_at: when this version took over from the one before it, while that is news.
    """

    version: PolicyVersion
    sections: tuple[Section, ...]
    edition: Edition
    in_force: bool
    changed_at: datetime | None
    coming: tuple[Edition, ...]
    shelves: tuple[Shelf, ...]


def current(*, slug: str, now: datetime) -> Document | None:
    """The version of a policy in force, or None."""
    version = PolicyVersion.objects.in_force(now).filter(policy__slug=slug).select_related("policy").first()
    return None if version is None else _document(version, now)


def numbered(*, slug: str, number: int, now: datetime) -> Document | None:
    """A published version of a policy by its number, or None. Its address holds for ever."""
    version = published(slug=slug, number=number)
    return None if version is None else _document(version, now)


def published(*, slug: str, number: int) -> PolicyVersion | None:
    """A published version by its number, or None."""
    versions = PolicyVersion.objects.published().filter(policy__slug=slug, number=number)
    return versions.select_related("policy").first()


def numbers(*, now: datetime) -> dict[str, str]:
    """Every parameter of the versions in force, as their texts say it. One query."""
    params: dict[str, object] = {}
    for version in PolicyVersion.objects.in_force(now):
        params |= version.params
    return {each.name: documents.said(each, params) for each in PARAMETERS}


def _document(version: PolicyVersion, now: datetime) -> Document:
    found = editions()
    edition = next(each for each in found if (each.slug, each.number) == (version.policy.slug, version.number))
    in_force = edition.is_in_force(now)
    is_news = in_force and edition.replaces is not None and now < edition.effective_from + CHANGED_LATELY
    return Document(
        version=version,
        sections=_sections(version),
        edition=edition,
        in_force=in_force,
        changed_at=edition.effective_from if is_news else None,
        coming=tuple(each for each in found if each.slug == edition.slug and each.effective_from > now),
        shelves=shelves(found, now=now),
    )


def _sections(version: PolicyVersion) -> tuple[Section, ...]:
    rows = version.clauses.order_by("position").values_list("ref", "heading", "text")
    shown = [_clause(version, *row) for row in rows]
    return tuple(
        Section(section, documents.SECTIONS.get(section, "Further rules"), tuple(clauses))
        for section, clauses in groupby(shown, key=lambda each: documents.section_of(each.id))
    )


def _clause(version: PolicyVersion, ref: str, heading: str, text: str) -> ShownClause:
    """A clause that this software does not know was added by whoever runs it."""
    declared = CLAUSE_BY_ID.get(ref)
    return ShownClause(
        id=ref,
        heading=heading,
        text=documents.fill(text, params=version.params, facts=installation_facts()),
        ours=declared is None or declared.ours,
        our_numbers=any(each.ours for each in PARAMETERS if f"{{{each.name}}}" in text),
        applied=declared is not None and declared.is_enforced,
    )
