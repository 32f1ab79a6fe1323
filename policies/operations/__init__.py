"""What writes policies: versions, acceptances, decisions; the questions that writers ask first; runs over decisions."""

from policies.operations.acceptances import PolicyChanged, accept, missing_acceptances
from policies.operations.acts import DraftRefused, NotADraft, revision_of, writers_of
from policies.operations.appeals import (
    AppealDecided,
    NotAppealable,
    WordsNotPossible,
    close_appeal,
    lock_appeal,
    open_appeal,
    redress_of,
)
from policies.operations.decisions import UnknownClause, decisions_on, record_decision, was_decided
from policies.operations.drafting import DraftExists, discard_draft, edit_draft, start_draft
from policies.operations.publishing import Prospect, change_of, prospect, publish
from policies.operations.versions import (
    SYSTEM,
    checksum_of,
    in_force,
    params_of,
    published_version,
    required_versions,
    seed,
)

__all__ = [
    "SYSTEM",
    "AppealDecided",
    "DraftExists",
    "DraftRefused",
    "NotADraft",
    "NotAppealable",
    "PolicyChanged",
    "Prospect",
    "UnknownClause",
    "WordsNotPossible",
    "accept",
    "change_of",
    "checksum_of",
    "close_appeal",
    "decisions_on",
    "discard_draft",
    "edit_draft",
    "in_force",
    "lock_appeal",
    "missing_acceptances",
    "open_appeal",
    "params_of",
    "prospect",
    "publish",
    "published_version",
    "record_decision",
    "redress_of",
    "required_versions",
    "revision_of",
    "seed",
    "start_draft",
    "was_decided",
    "writers_of",
]
