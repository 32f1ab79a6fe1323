"""A second version of a policy, as publishing makes one: the first one's clauses with other numbers or words."""

from collections.abc import Mapping
from datetime import datetime

from policies.models import PolicyVersion
from tests.policy_versions import put_in_force

SUMMARY = "An order has failed after 48 hours without progress, instead of 72."


def second_version(
    *,
    slug: str,
    at: datetime,
    now: datetime,
    params: Mapping[str, object] | None = None,
    texts: Mapping[str, str] | None = None,
    summary: str = SUMMARY,
    publish: bool = True,
) -> PolicyVersion:
    """Copy a policy's newest version with other parameters and texts (by clause); publish it, or leave it a draft."""
    first = PolicyVersion.objects.filter(policy__slug=slug).order_by("number").last()
    assert first is not None
    changed = {"fail_after_h": 48} if params is None else params
    version = first.policy.versions.create(
        number=first.number + 1, summary=summary, material=True, params={**first.params, **changed}
    )
    for clause in first.clauses.order_by("position"):
        text = (texts or {}).get(clause.ref, clause.text)
        version.clauses.create(ref=clause.ref, position=clause.position, heading=clause.heading, text=text)
    return put_in_force(version, at=at, now=now) if publish else version
