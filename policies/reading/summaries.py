"""A version's summary as its readers see it. Writes nothing."""

from policies.models import PolicyVersion
from policies.wording import documents
from policies.wording.installation import installation_facts


def summary_of(version: PolicyVersion) -> str:
    """With the numbers that are enforced where it names them, as in the clauses."""
    return documents.fill(version.summary, params=version.params, facts=installation_facts())
