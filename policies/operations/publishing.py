"""Publishing a draft: by somebody who wrote none of it, rehearsed as it is, with the notice that a change needs."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from policies.models import Acceptance, Decision, DraftAct, PolicyVersion, Rehearsal, content_of, version_before
from policies.operations.acts import (
    DraftRefused,
    check_revision,
    lock_draft,
    need,
    read_draft,
    record_act,
    revision_of,
    writers_of,
)
from policies.operations.announcing import announce
from policies.operations.drafting import faults_in
from policies.operations.rehearsal_cases import decisions_to_rehearse
from policies.operations.versions import checksum_of, write_published
from policies.rules.clauses import parameter
from policies.rules.drafts import Fault
from policies.rules.publishing import (
    REHEARSED_AT_LEAST,
    Condition,
    Difference,
    DraftFacts,
    PublishFacts,
    decide_conditions,
    decide_publishing,
    difference,
    earliest,
)

MAY_PUBLISH = "policies.publish_policy"


@dataclass(frozen=True, slots=True)
class Prospect:
    """A draft as somebody sees it who would publish it. earliest: when it could take effect if published now."""

    draft: PolicyVersion
    before: PolicyVersion | None
    conditions: tuple[Condition, ...]
    checksum: str
    revision: int
    earliest: datetime
    notice_days: int

    @property
    def is_ready(self) -> bool:
        return all(condition.met for condition in self.conditions)


def prospect(*, staff: User, version_id: int, now: datetime) -> Prospect:
    """Say what stands between a draft and its publication by this person. Writes nothing. Raises NotADraft."""
    draft = read_draft(version_id)
    checksum, days = checksum_of(draft), notice_days(now=now)
    newest = _newest(draft, now=now)
    return Prospect(
        draft=draft,
        before=version_before(draft),
        conditions=decide_conditions(_draft_facts(draft, publisher=f"staff:{staff.pk}", checksum=checksum)),
        checksum=checksum,
        revision=revision_of(draft.pk),
        earliest=earliest(material=draft.material, notice_days=days, newest=newest, now=now),
        notice_days=days,
    )


def publish(
    *,
    staff: User,
    version_id: int,
    slug_typed: str,
    checksum_shown: str,
    effective_from: datetime,
    now: datetime,
    revision_shown: int | None = None,
) -> PolicyVersion:
    """Make a draft a version that never changes again and takes effect at `effective_from` (S49).

    slug_typed: the policy's, so that nobody publishes the wrong one. checksum_shown: of the text and numbers as they
    were read; revision_shown also covers summary and mark (`revision_of`), None where neither was shown. Needs
    `policies.publish_policy`. Raises PermissionDenied, NotADraft, DraftRefused with every reason at its field.
    """
    actor = need(staff, MAY_PUBLISH)
    with transaction.atomic(durable=True):
        draft = lock_draft(version_id)
        check_revision(draft.pk, shown=revision_shown)
        checksum = checksum_of(draft)
        asked = PublishFacts(
            slug=draft.policy.slug,
            slug_typed=slug_typed,
            checksum=checksum,
            shown=checksum_shown,
            effective_from=effective_from,
            newest=_newest(draft, now=now),
            material=draft.material,
            notice_days=notice_days(now=now),
            now=now,
        )
        if faults := decide_publishing(_draft_facts(draft, publisher=actor, checksum=checksum), asked):
            raise DraftRefused(*faults)
        _write(draft, by=actor, effective_from=effective_from, now=now)
        if draft.material:
            announce(draft)
        record_act(
            draft,
            DraftAct.Kind.PUBLISHED,
            actor=actor,
            now=now,
            checksum=draft.checksum,
            effective_from=effective_from.isoformat(),
        )
    return draft


def _write(draft: PolicyVersion, *, by: str, effective_from: datetime, now: datetime) -> None:
    """Publish it as of `now`, which the database refuses once something later stands under the policy (7.3)."""
    try:
        with transaction.atomic():
            write_published(draft, by=by, approved_by=by, effective_from=effective_from, now=now)
    except IntegrityError as error:
        if not _is_overtaken(draft, now=now):
            raise
        raise DraftRefused(Fault("", "overtaken")) from error


def _is_overtaken(draft: PolicyVersion, *, now: datetime) -> bool:
    """Whether something was accepted or decided under the draft's policy after `now`."""
    accepted = Acceptance.objects.filter(version__policy_id=draft.policy_id, at__gt=now)
    decided = Decision.objects.filter(policy_version__policy_id=draft.policy_id).order_by("-id")
    newest = decided.values_list("decided_at", flat=True).first()
    return accepted.exists() or (newest is not None and newest > now)


def change_of(draft: PolicyVersion) -> Difference:
    """What a version changes of the one it follows; everything, where it follows none."""
    before, after = version_before(draft), content_of(draft)
    if before is None:
        return Difference(frozenset(after.clauses), frozenset(after.params), summary=True, reworded=True)
    return difference(content_of(before), after)


def notice_days(*, now: datetime) -> int:
    """The notice of a material change under the support policy in force (support.9.2), in days."""
    current = PolicyVersion.objects.in_force(now).filter(policy__slug="support").first()
    return parameter(current.params if current else {}, "notice_days")


def _newest(draft: PolicyVersion, *, now: datetime) -> datetime:
    """When the last published version of the draft's policy takes or took effect."""
    published = PolicyVersion.objects.published().filter(policy_id=draft.policy_id)
    return published.aggregate(last=Max("effective_from"))["last"] or now


def _draft_facts(draft: PolicyVersion, *, publisher: str, checksum: str) -> DraftFacts:
    return DraftFacts(
        publisher=publisher,
        writers=writers_of(draft.pk) | {draft.drafted_by},
        change=change_of(draft),
        material=draft.material,
        faults=faults_in(content_of(draft), following=version_before(draft)),
        rehearsed=_decisions_rehearsed(draft, checksum=checksum),
        to_rehearse=decisions_to_rehearse(draft.policy_id, most=REHEARSED_AT_LEAST),
    )


def _decisions_rehearsed(draft: PolicyVersion, *, checksum: str) -> int | None:
    """Decisions of the largest finished rehearsal of just this text and these numbers; None without one."""
    finished = Rehearsal.objects.filter(version=draft, checksum=checksum, state=Rehearsal.State.DONE.value)
    return max((looked_at or 0 for looked_at in finished.values_list("result__decisions", flat=True)), default=None)
