"""Policies and their versions as staff see them: lists, what is in force, and the way to a draft's pages."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import Http404, HttpRequest, HttpResponse
from django.template.defaultfilters import date
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.names import names_of
from plumbing.acts import act_page
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge
from policies.admin import drafting, publishing, rehearsals
from policies.admin.pages import address, find, lines_of, tabs
from policies.models import Clause, Policy, PolicyVersion
from policies.operations.drafting import MAY_DRAFT
from policies.rules.clauses import PARAMETERS
from policies.wording import documents

if TYPE_CHECKING:
    _Clauses = admin.StackedInline[Clause, PolicyVersion]
else:  # generic for the type checker only
    _Clauses = admin.StackedInline

View = Callable[[Any, Any, int], HttpResponse]
PAGES: tuple[tuple[str, View], ...] = (
    ("write", drafting.write),
    ("changes", drafting.changes),
    ("rehearsals", rehearsals.rehearsals),
    ("publish", publishing.publish),
)


class Clauses(KeptAsIs, _Clauses):
    model = Clause
    fields = ("ref", "heading", "text")
    ordering = ["position"]
    extra = 0


@admin.register(Policy)
class PolicyAdmin(Styled, KeptAsIs, ModelAdmin[Policy]):
    """The documents, each with its versions and the way to the next one."""

    change_form_template = "admin/policies/policy.html"
    list_display = ["slug", "title", "required_to_order"]
    fields = ["slug", "title", "required_to_order"]
    ordering = ["slug"]

    def get_urls(self) -> list[URLPattern]:
        """The page that begins a draft."""
        view = self.admin_site.admin_view(self.start)
        return [path("<int:pk>/draft/", view, name="policies_policy_draft"), *super().get_urls()]

    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin a draft, and go on writing in it."""
        policy = Policy.objects.filter(pk=pk).first()
        if policy is None:
            raise Http404
        back = reverse("admin:policies_policy_change", args=[pk])
        return act_page(self, request, act=drafting.START, row=policy, subject=str(policy), back=back)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the versions, the newest first, and the draft or the way to one."""
        policy: Policy = context["original"]
        versions = list(policy.versions.select_related("policy").order_by("-number"))
        names = names_of([actor for version in versions for actor in (version.drafted_by, version.published_by)])
        standings = _standings(versions)
        context["versions"] = [
            (version, standings[version.pk], names.get(version.drafted_by or version.published_by, ""))
            for version in versions
        ]
        context["draft"] = next((each for each in versions if each.status == PolicyVersion.Status.DRAFT), None)
        context["may_draft"] = request.user.has_perm(MAY_DRAFT)
        return super().render_change_form(request, context, *args, **kwargs)


class VersionList(ChangeList):
    """One page of versions with what each of them is now and who made it, in three queries more."""

    def get_results(self, request: HttpRequest) -> None:
        """Add `stands`, `writer` and `approver` to each row of the page."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        names = names_of([actor for row in rows for actor in (row.drafted_by, row.published_by)])
        standings = _standings(rows)
        for row in rows:
            row.stands = standings[row.pk]
            row.writer, row.approver = (names.get(actor, actor) for actor in (row.drafted_by, row.published_by))
        self.result_list = rows


@admin.register(PolicyVersion)
class PolicyVersionAdmin(Styled, KeptAsIs, ModelAdmin[PolicyVersion]):
    """Versions: what is in force, what is to come, what is being written."""

    change_list_template = "admin/policies/versions.html"
    change_form_template = "admin/policies/version.html"
    list_display = ["name", "standing", "takes_effect", "drafted", "published"]
    list_select_related = ["policy"]
    list_filter = ["policy", "status"]
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    ordering = ["policy__slug", "-number"]
    fields = [
        "policy",
        "number",
        "standing",
        "summary",
        "material",
        ("effective_from", "published_at"),
        ("drafted", "published"),
        "checksum",
        "numbers",
    ]
    readonly_fields = ["standing", "drafted", "published", "numbers"]
    inlines = [Clauses]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows what each version is now."""
        return VersionList

    @admin.display(description="version", ordering="number")
    def name(self, version: PolicyVersion) -> str:
        return str(version)

    @admin.display(description="state")
    def standing(self, version: PolicyVersion) -> SafeString:
        return badge(*(getattr(version, "stands", None) or _standings([version])[version.pk]))

    @admin.display(description="takes effect", ordering="effective_from")
    def takes_effect(self, version: PolicyVersion) -> str:
        return date(timezone.localtime(version.effective_from), "j M Y, H:i T") if version.effective_from else "–"

    @admin.display(description="begun by")
    def drafted(self, version: PolicyVersion) -> str:
        return _who(version, "writer", version.drafted_by)

    @admin.display(description="published by")
    def published(self, version: PolicyVersion) -> str:
        return _who(version, "approver", version.published_by)

    @admin.display(description="numbers")
    def numbers(self, version: PolicyVersion) -> SafeString:
        """Each parameter as the text says it, with its clause."""
        slug = version.policy.slug
        told = (
            (each.name, documents.said(each, version.params), each.clause.id)
            for each in PARAMETERS
            if each.clause.policy == slug
        )
        rows = format_html_join("", "<li><code>{}</code> {} <code>{}</code></li>", told)
        return format_html('<ul class="staff-checks">{}</ul>', rows)

    def get_urls(self) -> list[URLPattern]:
        """The pages of a version besides its own."""
        pages = [
            path(f"<int:pk>/{slug}/", self._opened(view), name=f"policies_policyversion_{slug}") for slug, view in PAGES
        ]
        discard = self.admin_site.admin_view(self.discard)
        return [
            *pages,
            path("<int:pk>/discard/", discard, name="policies_policyversion_discard"),
            *super().get_urls(),
        ]

    def _opened(self, view: View) -> Callable[..., HttpResponse]:
        def opened(request: HttpRequest, pk: int) -> HttpResponse:
            return view(self, request, pk)

        return self.admin_site.admin_view(opened)

    def discard(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Throw a draft away, and go back to its policy."""
        version = find(pk, draft=False)
        back = reverse("admin:policies_policy_change", args=[version.policy_id])
        return act_page(self, request, act=drafting.DISCARD, row=version, subject=str(version), back=back)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the version's other pages, and what was done to it."""
        version: PolicyVersion = context["original"]
        context["tabs"] = tabs(request, version, "change")
        context["lines"] = lines_of(version)
        return super().render_change_form(request, context, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the way to each policy's draft."""
        tools = _tools() if request.user.has_perm(MAY_DRAFT) else []
        return super().changelist_view(request, {**(extra_context or {}), "tools": tools})


def _tools() -> list[tuple[str, str]]:
    """Each policy's draft, or the page that begins one. Two queries."""
    drafts = dict(PolicyVersion.objects.filter(status=PolicyVersion.Status.DRAFT.value).values_list("policy_id", "pk"))
    return [
        (f"Go on with the draft: {policy}", address("write", drafts[policy.pk]))
        if policy.pk in drafts
        else (f"Start a draft: {policy}", reverse("admin:policies_policy_draft", args=[policy.pk]))
        for policy in Policy.objects.order_by("slug")
    ]


def _standings(versions: list[PolicyVersion]) -> dict[int, tuple[str, str]]:
    """Tone and word for each version at this moment. One query."""
    now = timezone.now()
    current = set(PolicyVersion.objects.in_force(now).values_list("pk", flat=True))
    return {version.pk: _standing(version, is_current=version.pk in current, now=now) for version in versions}


def _standing(version: PolicyVersion, *, is_current: bool, now: Any) -> tuple[str, str]:
    if version.status == PolicyVersion.Status.DRAFT:
        return "warn", "Draft"
    if is_current:
        return "good", "In force"
    return ("info", "To come") if version.effective_from and version.effective_from > now else ("idle", "Replaced")


def _who(version: PolicyVersion, known: str, actor: str) -> str:
    return str(getattr(version, known, None) or names_of([actor]).get(actor, actor) or "–")
