"""What each operation on a draft begins and ends with: who may, the lock, and the record of who did what."""

from datetime import datetime

from django.core.exceptions import PermissionDenied

from accounts.models import User
from policies.models import DraftAct, Policy, PolicyVersion
from policies.rules.drafts import Fault

WRITING = (DraftAct.Kind.BEGUN.value, DraftAct.Kind.WRITTEN.value)


class NotADraft(Exception):
    """It has been published or discarded, or never was."""


class DraftRefused(Exception):
    """Nothing was written. faults: why, each with its field."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(", ".join(f"{fault.where or 'draft'}: {fault.finding}" for fault in faults))
        self.faults = faults


def need(staff: User, permission: str) -> str:
    """Who acts, as the record names them. Raises PermissionDenied without `permission` (decision 27)."""
    if not staff.has_perm(permission):
        raise PermissionDenied(permission)
    return f"staff:{staff.pk}"


def lock_draft(version_id: int) -> PolicyVersion:
    """Lock the policy of a draft, then read the draft: who comes second sees what the first did. Raises NotADraft."""
    policy = Policy.objects.select_for_update(no_key=True).filter(versions__pk=version_id)
    if policy.first() is None:
        raise NotADraft
    return read_draft(version_id)


def read_draft(version_id: int) -> PolicyVersion:
    """A draft with its policy. Raises NotADraft."""
    drafts = PolicyVersion.objects.select_related("policy").filter(status=PolicyVersion.Status.DRAFT.value)
    draft = drafts.filter(pk=version_id).first()
    if draft is None:
        raise NotADraft
    return draft


def record_act(draft: PolicyVersion, kind: DraftAct.Kind, *, actor: str, now: datetime, **facts: object) -> None:
    """Add one row to the record, in the caller's transaction. facts: in JSON's own types."""
    DraftAct.objects.create(
        policy_id=draft.policy_id,
        draft_id=draft.pk,
        number=draft.number,
        kind=kind.value,
        actor=actor,
        at=now,
        facts=facts,
    )


def writers_of(draft_id: int) -> frozenset[str]:
    """Everybody who began a draft or changed anything in it."""
    return frozenset(DraftAct.objects.filter(draft_id=draft_id, kind__in=WRITING).values_list("actor", flat=True))


def revision_of(draft_id: int) -> int:
    """The newest writing of a draft: another number means that somebody has changed something; 0 before any."""
    writings = DraftAct.objects.filter(draft_id=draft_id, kind__in=WRITING)
    return writings.order_by("-id").values_list("pk", flat=True).first() or 0


def check_revision(draft_id: int, *, shown: int | None) -> None:
    """Raise DraftRefused when somebody has written since `shown`; None checks nothing."""
    if shown not in (None, revision_of(draft_id)):
        raise DraftRefused(Fault("", "changed_meanwhile"))
