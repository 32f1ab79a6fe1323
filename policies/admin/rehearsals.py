"""The page on which a draft is tried on the past: asked for, watched, read."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.http import UserRequest
from accounts.names import names_of
from policies import operations
from policies.admin.pages import MAY_LOOK, address, find, page
from policies.forms import RehearseForm
from policies.models import PolicyVersion
from policies.operations import rehearsing
from policies.operations.drafting import MAY_DRAFT
from policies.reading import rehearsals as reading

if TYPE_CHECKING:
    from django.contrib.admin.options import ModelAdmin

KEPT = 5  # of a draft's rehearsals are listed


def rehearsals(site: "ModelAdmin[Any]", request: UserRequest, pk: int) -> HttpResponse:
    """The newest rehearsal of a version and, for a draft, the form that asks for another. The panel renews itself."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    version = find(pk, draft=False)
    form = RehearseForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _ask(request, pk, form):
        return redirect(address("rehearsals", pk))
    shown = reading.shown(pk, checksum=operations.checksum_of(version), limit=KEPT)
    answer = page(
        site,
        request,
        version=version,
        current="rehearsals",
        title="Rehearsal",
        form=form,
        newest=shown[0] if shown else None,
        earlier=shown[1:],
        who=names_of([each.rehearsal.asked_by for each in shown]),
        may_ask=version.status == PolicyVersion.Status.DRAFT and request.user.has_perm(MAY_DRAFT),
    )
    if request.htmx:
        answer.template_name = "admin/policies/rehearsals.html#panel"
    return answer


def _ask(request: UserRequest, pk: int, form: RehearseForm) -> bool:
    """Ask for one. Of two who ask together the database lets one through."""
    if not request.user.has_perm(MAY_DRAFT):
        raise PermissionDenied
    decisions = form.cleaned_data["decisions"]
    try:
        rehearsing.ask(staff=request.user, version_id=pk, decisions=decisions, now=timezone.now())
    except (rehearsing.AlreadyRehearsing, IntegrityError):
        form.add_error(None, "A rehearsal of this draft is under way. Its result will stand here.")
    except operations.NotADraft:
        form.add_error(None, "It has been published or discarded meanwhile.")
    else:
        messages.success(request, "The rehearsal begins within seconds. You may leave this page.")
        return True
    return False
