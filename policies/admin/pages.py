"""What the pages about one version share: its tabs, its frame, and who did what to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.names import names_of
from policies.models import DraftAct, PolicyVersion
from policies.operations.drafting import MAY_DRAFT
from policies.operations.publishing import MAY_PUBLISH
from policies.rules.clauses import PARAMETER_BY_NAME
from policies.wording import documents

if TYPE_CHECKING:
    from django.contrib.admin.options import ModelAdmin

MAY_LOOK = "policies.view_policyversion"
_TABS = (
    ("write", "Write", MAY_DRAFT, True),
    ("changes", "What changes", MAY_LOOK, False),
    ("rehearsals", "Rehearsal", MAY_LOOK, False),
    ("publish", "Publish", MAY_PUBLISH, True),
    ("discard", "Discard", MAY_DRAFT, True),
)


@dataclass(frozen=True, slots=True)
class Tab:
    title: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody did to a draft. tone: of its mark."""

    at: datetime
    sentence: str
    who: str
    tone: str = ""


def find(pk: int, *, draft: bool) -> PolicyVersion:
    """A version with its policy; with `draft`, one that is not yet published. Raises Http404."""
    version = PolicyVersion.objects.select_related("policy").filter(pk=pk).first()
    if version is None or (draft and version.status != PolicyVersion.Status.DRAFT):
        raise Http404
    return version


def address(slug: str, pk: int) -> str:
    """One of a version's pages."""
    return reverse(f"admin:policies_policyversion_{slug}", args=[pk])


def tabs(request: HttpRequest, version: PolicyVersion, current: str) -> list[Tab]:
    """The pages of a version that this person may open. current: the slug of the one that is open."""
    is_draft = version.status == PolicyVersion.Status.DRAFT
    offered = [each for each in _TABS if (is_draft or not each[3]) and request.user.has_perm(each[2])]
    overview = Tab("Overview", address("change", version.pk), current == "change")
    return [overview, *(Tab(title, address(slug, version.pk), slug == current) for slug, title, *_ in offered)]


def page(
    site: "ModelAdmin[Any]", request: HttpRequest, *, version: PolicyVersion, current: str, title: str, **context: Any
) -> TemplateResponse:
    """One of a version's pages, in the admin's frame. current: its slug, also the name of its template."""
    whole = {
        **site.admin_site.each_context(request),
        "title": title,
        "subtitle": str(version),
        "opts": site.opts,
        "version": version,
        "tabs": tabs(request, version, current),
        "back": address("change", version.pk),
        **context,
    }
    return TemplateResponse(request, f"admin/policies/{current}.html", whole)


def lines_of(version: PolicyVersion) -> list[Line]:
    """Who began, wrote and published a version, the oldest first. Two queries."""
    acts = list(DraftAct.objects.filter(draft_id=version.pk).order_by("id"))
    names = names_of([act.actor for act in acts])
    tones = {DraftAct.Kind.PUBLISHED: "good"}
    return [
        Line(act.at, _sentence(act), names.get(act.actor, act.actor), tones.get(DraftAct.Kind(act.kind), ""))
        for act in acts
    ]


def _sentence(act: DraftAct) -> str:
    if act.kind == DraftAct.Kind.WRITTEN:
        return f"Changed {_and(list(_changed(act.facts)))}."
    if act.kind == DraftAct.Kind.BEGUN:
        return f"Begun as a copy of version {act.facts.get('copied_from')}."
    return f"{act.get_kind_display()}."


def _changed(facts: dict[str, Any]) -> Iterator[str]:
    if refs := facts.get("clauses"):
        yield ", ".join(refs)
    for name, (before, after) in facts.get("parameters", {}).items():
        yield f"{name} from {_value(name, before)} to {_value(name, after)}"
    if facts.get("summary"):
        yield "the summary"
    if "material" in facts:
        yield f"its mark: {'material' if facts['material'] else 'not material'}"


def _value(name: str, value: object) -> str:
    declared = PARAMETER_BY_NAME.get(name)
    return documents.said(declared, {name: value}) if declared and not declared.choices else str(value)


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
