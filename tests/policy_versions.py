"""A version that follows another one, published where a test needs it; how staff publish is tested with publishing."""

from datetime import datetime

from accounts.models import User
from policies import operations
from policies.models import PolicyVersion, Rehearsal
from tests.past_the_guards import past_the_guards


def put_in_force(draft: PolicyVersion, *, at: datetime, now: datetime | None = None) -> PolicyVersion:
    """Publish a draft as two of the staff would, rehearsed on nothing, at any date and with any notice.

    at: from when. now: when it is published.
    """
    published_at = now or at
    draft.checksum = operations.checksum_of(draft)
    rehearsed = {"checksum": draft.checksum, "decisions": 1, "state": "done", "finished_at": published_at}
    Rehearsal.objects.create(version=draft, asked_by=draft.drafted_by, asked_at=published_at, **rehearsed)
    draft.drafted_by, draft.published_by = _staff("drafts@example.test"), _staff("publishes@example.test")
    draft.status, draft.published_at, draft.effective_from = "published", published_at, at
    with past_the_guards():
        draft.save()
    return draft


def publish_next(version: PolicyVersion, *, at: datetime, **params: object) -> PolicyVersion:
    """The same text with other numbers, in force from `at`."""
    following = version.policy.versions.create(
        number=version.number + 1, params={**version.params, **params}, summary=version.summary
    )
    for clause in version.clauses.order_by("position"):
        following.clauses.create(ref=clause.ref, position=clause.position, heading=clause.heading, text=clause.text)
    return put_in_force(following, at=at)


def _staff(email: str) -> str:
    person, _ = User.objects.get_or_create(email=email, defaults={"is_staff": True, "password": "!"})
    return f"staff:{person.pk}"
