"""A version that follows another one, published where a test needs it; how staff publish is tested with publishing."""

from datetime import datetime

from policies import operations
from policies.models import PolicyVersion


def publish_next(version: PolicyVersion, *, at: datetime, **params: object) -> PolicyVersion:
    """The same text with other numbers, in force from `at`."""
    following = version.policy.versions.create(
        number=version.number + 1, params={**version.params, **params}, summary=version.summary
    )
    for clause in version.clauses.order_by("position"):
        following.clauses.create(ref=clause.ref, position=clause.position, heading=clause.heading, text=clause.text)
    following.status, following.checksum = "published", operations.checksum_of(following)
    following.published_at, following.effective_from, following.published_by = at, at, "system"
    following.save()
    return following
