"""A version as files to keep: plain text to read, and the bytes that its checksum is computed over."""

import textwrap

from plumbing import canonical
from policies.models import PolicyVersion
from policies.reading.documents import Document, Section, ShownClause

WIDTH = 78


def as_json(version: PolicyVersion) -> str:
    """What was hashed, in its one spelling: the SHA-256 of this text in UTF-8 is the version's checksum (D52)."""
    return canonical.text(version.content())


def as_text(document: Document, *, address: str, json_address: str) -> str:
    """The version with its numbers filled in. address, json_address: whole addresses of the page and of its JSON."""
    version = document.version
    assert version.effective_from is not None
    head = f"{version.policy.title}\nVersion {version.number}, effective from {canonical.plain(version.effective_from)}"
    summary = "the summary, " if version.checksum_form > 1 else ""
    how = (
        f"The checksum is the SHA-256 of the file {json_address}, byte for byte. It holds {summary}the clauses as they "
        "were published, with the names of the numbers, and the numbers by name."
    )
    parts = [head, address, _wrapped(document.edition.summary), *map(_section, document.sections), _wrapped(how)]
    return "\n\n".join([*parts, f"SHA-256 {version.checksum}"]) + "\n"


def _section(section: Section) -> str:
    title = f"{section.title}\n{'=' * len(section.title)}"
    return "\n\n".join([title, *map(_clause, section.clauses)])


def _clause(clause: ShownClause) -> str:
    mark = ", added by us" if clause.ours else ""
    return f"[{clause.id}] {clause.heading}{mark}\n{_wrapped(clause.text)}"


def _wrapped(text: str) -> str:
    return "\n".join(
        textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
    )
