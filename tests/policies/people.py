"""Staff who may draft or publish, and drafts ready to be published, for the tests of what staff do to policies."""

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import Permission

from accounts.models import User
from policies import operations
from policies.models import PolicyVersion, Rehearsal, content_of
from tests.factories import CustomerFactory

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def staff_with(*codes: str) -> User:
    """Somebody of the staff who may do just that: `staff_with("draft_policy")`."""
    user: User = CustomerFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="policies", codename__in=codes))
    return user


def write(writer: User, draft: PolicyVersion, *, now: datetime = NOON, without=(), texts=(), **otherwise):
    """Save a draft as it is, with some of it otherwise: texts by clause id, numbers as `params`."""
    draft = PolicyVersion.objects.select_related("policy").get(pk=draft.pk)
    clauses = {ref: said for ref, said in content_of(draft).clauses.items() if ref not in without}
    asked = {"summary": draft.summary, "material": draft.material, "params": {}, "now": now, **otherwise}
    return operations.edit_draft(staff=writer, version_id=draft.pk, clauses={**clauses, **dict(texts)}, **asked)


def checksum(draft: PolicyVersion) -> str:
    """Of a draft as it lies in the database."""
    return operations.checksum_of(PolicyVersion.objects.select_related("policy").get(pk=draft.pk))


def rehearse(draft: PolicyVersion, *, state: str = "done", at: datetime = NOON, **columns):
    """A rehearsal of a draft as it is now, finished unless it says otherwise."""
    finished = {"finished_at": at} if state in ("done", "failed") else {}
    asked = {"checksum": checksum(draft), "decisions": 10000, "asked_by": "staff:1", "asked_at": at}
    asked["result"] = {"decisions": columns.get("done", 0)}
    return Rehearsal.objects.create(version=draft, state=state, **{**asked, **finished, **columns})


def publish(publisher: User, draft: PolicyVersion, *, at: datetime = NOON + WEEK, now: datetime = NOON, **otherwise):
    """Publish a draft as it is now."""
    asked = {"slug_typed": draft.policy.slug, "checksum_shown": checksum(draft), **otherwise}
    return operations.publish(staff=publisher, version_id=draft.pk, effective_from=at, now=now, **asked)
