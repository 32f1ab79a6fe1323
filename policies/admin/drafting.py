"""The pages on which a draft is begun, written, compared and thrown away."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.http import UserRequest
from accounts.names import names_of
from plumbing.acts import Act, ActRefused, BareForm
from policies import operations, reading
from policies.admin.pages import MAY_LOOK, address, find, page
from policies.forms import DraftForm
from policies.models import Policy, PolicyVersion, version_before
from policies.operations.drafting import MAY_DRAFT
from policies.reading.drafts import sheet_of
from policies.rules.publishing import is_material

if TYPE_CHECKING:
    from django.contrib.admin.options import ModelAdmin

GONE = "It has been published or discarded meanwhile. Nothing was done."


def _start(request: Any, policy: Policy, values: dict[str, object]) -> str:
    try:
        draft = operations.start_draft(staff=request.user, slug=policy.slug, now=timezone.now())
    except operations.DraftExists as exists:
        raise ActRefused(f"{exists.draft} is being written already; {begun_by(exists.draft)} began it.") from exists
    except PolicyVersion.DoesNotExist as nothing:
        raise ActRefused("Nothing of it is published yet that could be copied.") from nothing
    return f"{draft} is begun. Customers see nothing of it before it is published."


def begun_by(draft: PolicyVersion) -> str:
    """Who began a draft, by address."""
    return names_of([draft.drafted_by]).get(draft.drafted_by, draft.drafted_by)


START: Act[Policy] = Act(
    slug="draft",
    title="Start a draft",
    permission=MAY_DRAFT,
    effect=lambda policy: [
        f"The newest published version of “{policy}” is copied: its clauses and every number.",
        "Staff can read the copy and write in it. Customers see nothing of it before another person publishes it.",
    ],
    perform=_start,
    offered=lambda policy: True,
    form=BareForm,
)


def _discard(request: Any, draft: PolicyVersion, values: dict[str, object]) -> str:
    try:
        operations.discard_draft(staff=request.user, version_id=draft.pk, now=timezone.now())
    except operations.NotADraft as gone:
        raise ActRefused(GONE) from gone
    return f"The draft of {draft} is discarded."


DISCARD: Act[PolicyVersion] = Act(
    slug="discard",
    title="Discard",
    permission=MAY_DRAFT,
    effect=lambda draft: [
        f"The draft of {draft} is deleted with its rehearsals. What was written in it cannot be brought back.",
        "The published versions stay as they are.",
    ],
    perform=_discard,
    offered=lambda version: version.status == PolicyVersion.Status.DRAFT,
    form=BareForm,
    grave=True,
)


def write(site: "ModelAdmin[Any]", request: UserRequest, pk: int) -> HttpResponse:
    """Clauses and numbers beside those in force; what cannot stand is said at its field, and nothing typed is lost."""
    if not request.user.has_perm(MAY_DRAFT):
        raise PermissionDenied
    draft = find(pk, draft=True)
    sheet = sheet_of(draft)
    form = DraftForm(request.POST or None, sheet=sheet, revision=operations.revision_of(pk))
    if form.is_valid() and _save(request, pk, form):
        return redirect(address("changes" if "compare" in request.POST else "write", pk))
    return page(site, request, version=draft, current="write", title="Write", form=form, before=sheet.before)


def _save(request: UserRequest, pk: int, form: DraftForm) -> bool:
    said = form.cleaned_data
    try:
        operations.edit_draft(
            staff=request.user,
            version_id=pk,
            summary=said["summary"],
            material=said["material"],
            clauses=form.clauses(),
            params=form.params(),
            revision_shown=said["revision"],
            now=timezone.now(),
        )
    except operations.DraftRefused as refusal:
        form.tell(refusal.faults)
        return False
    except operations.NotADraft:
        form.add_error(None, GONE)
        return False
    messages.success(request, "Saved.")
    return True


def changes(site: "ModelAdmin[Any]", request: HttpRequest, pk: int) -> HttpResponse:
    """What a version changes of the one before it: word by word, number by number."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    version = find(pk, draft=False)
    before = version_before(version)
    found = reading.changes_between(before, version, facts=reading.installation_facts()) if before else None
    return page(
        site,
        request,
        version=version,
        current="changes",
        title="What changes",
        before=before,
        changes=found,
        needs_mark=not version.material and is_material(operations.change_of(version)),
    )
