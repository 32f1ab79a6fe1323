"""What pages read of the policies, as frozen values: versions with their numbers, what differs, what is coming."""

from policies.reading.bindings import Binding, MapPart, clause_map
from policies.reading.changes import Changes, ClauseChange, Kind, ParameterChange, Piece, changes_between, word_diff
from policies.reading.documents import (
    Document,
    Section,
    ShownClause,
    current,
    numbered,
    numbers,
    published,
)
from policies.reading.editions import Edition, Shelf, editions, newest_first, shelves
from policies.reading.exports import as_json, as_text
from policies.reading.notices import board
from policies.reading.summaries import summary_of
from policies.wording.installation import installation_facts

__all__ = [
    "Binding",
    "Changes",
    "ClauseChange",
    "Document",
    "Edition",
    "Kind",
    "MapPart",
    "ParameterChange",
    "Piece",
    "Section",
    "Shelf",
    "ShownClause",
    "as_json",
    "as_text",
    "board",
    "changes_between",
    "clause_map",
    "current",
    "editions",
    "installation_facts",
    "newest_first",
    "numbered",
    "numbers",
    "published",
    "shelves",
    "summary_of",
    "word_diff",
]
