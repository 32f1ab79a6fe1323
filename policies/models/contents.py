"""What a version says, as the rules take it, and the version it is compared with. Reads only."""

from policies.models.documents import PolicyVersion
from policies.rules.clauses import defaults
from policies.rules.drafts import Content


def content_of(version: PolicyVersion) -> Content:
    """A version's clauses in order, and its parameters with the defaults it lacks. One query beside its policy's."""
    rows = version.clauses.order_by("position").values_list("ref", "heading", "text")
    slug = version.policy.slug
    clauses = {ref: (heading, text) for ref, heading, text in rows}
    return Content(slug, version.summary, clauses, {**defaults(slug), **version.params})


def version_before(version: PolicyVersion) -> PolicyVersion | None:
    """The published version that a version followed, or None for the first."""
    older = PolicyVersion.objects.published().filter(policy_id=version.policy_id, number__lt=version.number)
    return older.select_related("policy").order_by("-number").first()
