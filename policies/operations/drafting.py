"""Drafts of policies: begun from what is published, written by staff, thrown away. Each act is recorded.

Each function is one transaction that holds the policy's lock, as publishing does: what is published is what was read.
"""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import available_timezones

from django.db import transaction

from accounts.models import User
from policies.models import Clause, DraftAct, Policy, PolicyVersion, content_of, version_before
from policies.operations.acts import DraftRefused, check_revision, lock_draft, need, record_act
from policies.operations.versions import checksum_of
from policies.rules.clauses import CLAUSES, Value
from policies.rules.drafts import Content, Fault, decide_faults
from policies.rules.publishing import Difference, difference
from policies.wording.installation import installation_facts

MAY_DRAFT = "policies.draft_policy"
_PLACE = {clause.id: place for place, clause in enumerate(CLAUSES)}

Texts = Mapping[str, tuple[str, str]]
"""Heading and text of each clause by its id."""


class DraftExists(Exception):
    """The policy has a draft already. draft: it, with the actor who began it."""

    def __init__(self, draft: PolicyVersion) -> None:
        super().__init__(f"{draft} was begun by {draft.drafted_by}")
        self.draft = draft


def start_draft(*, staff: User, slug: str, now: datetime) -> PolicyVersion:
    """Begin the next version of a policy as a copy of the newest published one, every parameter settled.

    Needs `policies.draft_policy`. Raises PermissionDenied, DraftExists, Policy.DoesNotExist, and
    PolicyVersion.DoesNotExist where nothing is published yet.
    """
    actor = need(staff, MAY_DRAFT)
    with transaction.atomic(durable=True):
        policy = Policy.objects.select_for_update(no_key=True).get(slug=slug)
        if (existing := policy.versions.filter(status=PolicyVersion.Status.DRAFT.value).first()) is not None:
            raise DraftExists(existing)
        newest = policy.versions.published().latest("number")
        content = content_of(newest)
        draft: PolicyVersion = policy.versions.create(
            number=newest.number + 1, summary=newest.summary, params=content.params, drafted_by=actor
        )
        _write_clauses(draft, content.clauses)
        record_act(draft, DraftAct.Kind.BEGUN, actor=actor, now=now, copied_from=newest.number)
    return draft


def edit_draft(
    *,
    staff: User,
    version_id: int,
    summary: str,
    material: bool,
    clauses: Texts,
    params: Mapping[str, Value],
    now: datetime,
    revision_shown: int | None = None,
) -> PolicyVersion:
    """Write a draft anew. Changing nothing makes nobody a writer.

    clauses: all that it is to contain, in any order; what is left out is removed. params: those that change, whole
    numbers or words. revision_shown: the draft as its writer saw it (`revision_of`), None to write in any case. Needs
    `policies.draft_policy`. Raises PermissionDenied, NotADraft, DraftRefused with what cannot stand at its field.
    """
    actor = need(staff, MAY_DRAFT)
    with transaction.atomic(durable=True):
        draft = lock_draft(version_id)
        check_revision(draft.pk, shown=revision_shown)
        before = content_of(draft)
        after = Content(before.policy, _lines(summary), _tidy(clauses), {**before.params, **params})
        if faults := faults_in(after, following=version_before(draft)):
            raise DraftRefused(*faults)
        change = difference(before, after)
        if change.is_empty and material == draft.material:
            return draft
        marks = _marks(draft, summary=after.summary, material=material)
        draft.summary, draft.material, draft.params = after.summary, material, after.params
        draft.save(update_fields=["summary", "material", "params"])
        _write_clauses(draft, after.clauses)
        facts = {**_said(change, before, after), **marks, "checksum": checksum_of(draft)}
        record_act(draft, DraftAct.Kind.WRITTEN, actor=actor, now=now, **facts)
    return draft


def discard_draft(*, staff: User, version_id: int, now: datetime) -> None:
    """Throw a draft away with its rehearsals; its number is free again, and who wrote it stays on record.

    Needs `policies.draft_policy`. Raises PermissionDenied, NotADraft.
    """
    actor = need(staff, MAY_DRAFT)
    with transaction.atomic(durable=True):
        draft = lock_draft(version_id)
        record_act(draft, DraftAct.Kind.DISCARDED, actor=actor, now=now, checksum=checksum_of(draft))
        draft.delete()


def faults_in(content: Content, *, following: PolicyVersion | None) -> tuple[Fault, ...]:
    """What cannot stand in a version that follows another one."""
    before = content_of(following).clauses if following else {}
    return decide_faults(content, before=before, known=installation_facts(), time_zones=available_timezones())


def _tidy(clauses: Texts) -> dict[str, tuple[str, str]]:
    """In the catalogue's order, as the shipped texts are; blanks at the ends and in headings are nobody's words."""
    refs = sorted(clauses, key=lambda ref: (_PLACE.get(ref, len(_PLACE)), ref))
    tidied = ((ref, *clauses[ref]) for ref in refs)
    return {ref: (" ".join(heading.split()), text.replace("\r\n", "\n").strip()) for ref, heading, text in tidied}


def _lines(summary: str) -> str:
    """A summary line by line, as it is shown; blanks at the ends of lines and empty lines are nobody's words."""
    return "\n".join(line for line in map(str.strip, summary.splitlines()) if line)


def _write_clauses(draft: PolicyVersion, clauses: Texts) -> None:
    draft.clauses.all().delete()
    Clause.objects.bulk_create(
        Clause(version=draft, ref=ref, position=position, heading=heading, text=text)
        for position, (ref, (heading, text)) in enumerate(clauses.items(), start=1)
    )


def _marks(draft: PolicyVersion, *, summary: str, material: bool) -> dict[str, object]:
    changed: dict[str, object] = {} if summary == draft.summary else {"summary": True}
    return changed if material == draft.material else {**changed, "material": material}


def _said(change: Difference, before: Content, after: Content) -> dict[str, object]:
    """A change as the record keeps it: clauses by id, numbers as they were and as they are."""
    numbers = {name: [before.params.get(name), after.params.get(name)] for name in sorted(change.parameters)}
    return {"clauses": sorted(change.clauses, key=lambda ref: _PLACE.get(ref, -1)), "parameters": numbers}
