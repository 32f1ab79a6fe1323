"""The page on which a second person publishes a draft: what is missing, what was read, from when."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from policies import operations, reading
from policies.admin.pages import address, find, page
from policies.forms import PublishForm
from policies.models import PolicyVersion
from policies.operations.publishing import MAY_PUBLISH
from policies.wording import drafts as wording

if TYPE_CHECKING:
    from django.contrib.admin.options import ModelAdmin

MINUTE = timedelta(minutes=1)


def publish(site: "ModelAdmin[Any]", request: UserRequest, pk: int) -> HttpResponse:
    """The checklist and the form; what is refused is said where it belongs, and nothing typed is lost."""
    if not request.user.has_perm(MAY_PUBLISH):
        raise PermissionDenied
    draft, now = find(pk, draft=True), timezone.now()
    seen = operations.prospect(staff=request.user, version_id=pk, now=now)
    form = PublishForm(request.POST or None, initial={"checksum": seen.checksum, "revision": seen.revision})
    if form.is_valid() and (published := _publish(request, form, seen, now=now)):
        messages.success(request, _announced(published))
        return redirect(address("change", pk))
    before = seen.before
    return page(
        site,
        request,
        version=draft,
        current="publish",
        title="Publish",
        form=form,
        seen=seen,
        checks=[(each, wording.condition(each)) for each in seen.conditions],
        first=_next_minute(seen.earliest),
        zone=timezone.get_current_timezone_name(),
        changes=reading.changes_between(before, draft, facts=reading.installation_facts()) if before else None,
    )


def _publish(
    request: UserRequest, form: PublishForm, seen: operations.Prospect, *, now: datetime
) -> PolicyVersion | None:
    said = form.cleaned_data
    try:
        return operations.publish(
            staff=request.user,
            version_id=seen.draft.pk,
            slug_typed=said["slug"],
            checksum_shown=said["checksum"],
            revision_shown=said["revision"],
            effective_from=form.moment(earliest=seen.earliest),
            now=now,
        )
    except operations.DraftRefused as refusal:
        form.tell(refusal.faults)
    except operations.NotADraft:
        form.add_error(None, "Somebody has published or discarded it meanwhile.")
    return None


def _next_minute(moment: datetime) -> datetime:
    """What can be typed: boxes for dates know no seconds."""
    return moment.replace(second=0, microsecond=0) + MINUTE


def _announced(version: PolicyVersion) -> SafeString:
    slug = version.policy.slug
    return format_html(
        '{} is published and never changes again. <a href="{}">Its permanent page</a>, <a href="{}">the version in '
        "force</a>.",
        version,
        reverse("policies:version", args=[slug, version.number]),
        reverse("policies:current", args=[slug]),
    )
