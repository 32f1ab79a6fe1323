"""Published policies, who accepted them, each decision made under them, and runs over those decisions."""

from policies.models.acceptances import Acceptance
from policies.models.announcements import Announcement
from policies.models.contents import content_of, version_before
from policies.models.decisions import Appeal, Decision
from policies.models.documents import Clause, Policy, PolicyVersion, PolicyVersionQuerySet
from policies.models.drafting import DraftAct
from policies.models.rehearsals import Rehearsal, ReplayCheck

__all__ = [
    "Acceptance",
    "Announcement",
    "Appeal",
    "Clause",
    "Decision",
    "DraftAct",
    "Policy",
    "PolicyVersion",
    "PolicyVersionQuerySet",
    "Rehearsal",
    "ReplayCheck",
    "content_of",
    "version_before",
]
