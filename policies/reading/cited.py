"""What a decision rests on, for receipts and evidence: clauses as they stood, acceptances, decisions with appeals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from policies.models import Acceptance, Clause, Decision
from policies.wording import documents
from policies.wording.installation import installation_facts


@dataclass(frozen=True, slots=True)
class CitedClause:
    """A clause as a version worded it, its numbers filled in."""

    id: str
    heading: str
    text: str


def cited_clauses(decisions: Collection[Decision]) -> Mapping[tuple[int, str], CitedClause]:
    """The clauses that decisions cite, by (version id, clause id), in one query. Wants their versions loaded."""
    refs = {ref for decision in decisions for ref in decision.clause_refs}
    params = {decision.policy_version_id: decision.policy_version.params for decision in decisions}
    rows = Clause.objects.filter(version_id__in=params, ref__in=refs).values_list(
        "version_id", "ref", "heading", "text"
    )
    return {
        (version_id, ref): CitedClause(
            ref, heading, documents.fill(text, params=params[version_id], facts=installation_facts())
        )
        for version_id, ref, heading, text in rows
    }


def full_decisions(*, subject_type: str, subject_id: int) -> Sequence[Decision]:
    """Decisions on a subject, the oldest first, with version, appeal and what supersedes them, in one query."""
    found = Decision.objects.filter(subject_type=subject_type, subject_id=subject_id)
    related = ("policy_version__policy", "appeal", "supersedes", "superseded_by")
    return tuple(found.select_related(*related).order_by("decided_at", "id"))


def acceptances_until(*, user_id: int, policy_ids: Collection[int], until: datetime) -> Sequence[Acceptance]:
    """What a user had accepted of these policies by an instant, the oldest first, with the versions."""
    found = Acceptance.objects.filter(user_id=user_id, version__policy_id__in=policy_ids, at__lte=until)
    return tuple(found.select_related("version__policy").order_by("at", "id"))
