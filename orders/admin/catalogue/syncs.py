"""What providers' lists said, the newest first; a list's page counts its changes and applies or dismisses them."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from orders.admin.catalogue.sync_changes import said_of
from orders.models import CatalogueSync, SyncChange
from orders.operations import catalogue
from orders.reading import syncs
from plumbing.acts import Act, ActPages, ActRefused, BareForm
from plumbing.adminpages import KeptAsIs, Styled, badge
from plumbing.counting import EstimatingPaginator
from plumbing.templatetags.amounts import count

State = CatalogueSync.State
TONES = {
    State.OPEN: "warn",
    State.DONE: "good",
    State.SUPERSEDED: "idle",
    State.REFUSED: "bad",
    State.FAILED: "bad",
}


def _effect(sync: CatalogueSync, *, safe: bool) -> list[str]:
    """What would be applied, by kind."""
    found = [(line.label, line.safe if safe else line.waiting) for line in syncs.lines(sync.pk)]
    return [f"{label.capitalize()}: {count(number)}" for label, number in found if number]


def _apply(request: UserRequest, sync: CatalogueSync, *, safe: bool) -> str:
    chosen = syncs.ids_waiting(sync.pk, safe=safe)
    if not chosen:
        raise ActRefused("Nothing of it waits any more.")
    outcome = catalogue.apply_changes(change_ids=chosen, staff=request.user, now=timezone.now())
    left = f" {count(len(outcome.refused))} keep an earlier text: the new one makes a claim." if outcome.refused else ""
    late = f" {count(outcome.overtaken)} were overtaken by a later change." if outcome.overtaken else ""
    return f"{said_of(outcome, asked=len(chosen))}{left}{late}"


def _dismiss(request: UserRequest, sync: CatalogueSync) -> str:
    chosen = syncs.ids_waiting(sync.pk)
    dismissed = catalogue.dismiss_changes(change_ids=chosen, staff=request.user, now=timezone.now())
    return f"{count(dismissed)} dismissed. They are not staged again while the provider says the same."


def _waits(sync: CatalogueSync) -> bool:
    return SyncChange.objects.waiting().filter(sync=sync).exists()


SAFE: Act[CatalogueSync] = Act(
    slug="apply-safe",
    title="Apply all that is safe",
    permission=catalogue.PERMISSION,
    effect=lambda sync: ["What sells nothing new, promises no more and changes no price:", *_effect(sync, safe=True)],
    perform=lambda request, sync, _: _apply(request, sync, safe=True),  # type: ignore[arg-type]  # staff only
    offered=lambda sync: SyncChange.objects.safe().filter(sync=sync).exists(),
    form=BareForm,
)
EVERYTHING: Act[CatalogueSync] = Act(
    slug="apply-all",
    title="Apply everything",
    permission=catalogue.PERMISSION,
    effect=lambda sync: [*_effect(sync, safe=False), "Orders that are under way keep their price and terms."],
    perform=lambda request, sync, _: _apply(request, sync, safe=False),  # type: ignore[arg-type]
    offered=_waits,
    form=BareForm,
    grave=True,
)
DISMISS: Act[CatalogueSync] = Act(
    slug="dismiss-all",
    title="Dismiss everything",
    permission=catalogue.PERMISSION,
    effect=lambda sync: [*_effect(sync, safe=False), "The catalogue stays as it is."],
    perform=lambda request, sync, _: _dismiss(request, sync),  # type: ignore[arg-type]
    offered=_waits,
    form=BareForm,
)
ACTS = (SAFE, EVERYTHING, DISMISS)


@admin.register(CatalogueSync)
class CatalogueSyncAdmin(Styled, KeptAsIs, ActPages[CatalogueSync]):
    """Each list that was read. One that says the same again is the same row, checked later."""

    row_acts = ACTS
    change_list_template = "admin/orders/syncs.html"
    change_form_template = "admin/orders/sync.html"
    list_display = ["fetched_at", "provider", "shown_state", "listed", "waits", "applied", "missing", "checked_at"]
    list_filter = ["state", ("provider", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["provider"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = EstimatingPaginator
    ordering = ["-checked_at", "-id"]
    fields = [("provider", "shown_state"), "why", ("fetched_at", "checked_at"), ("listed", "missing"), "others"]
    readonly_fields = ["shown_state", "why", "others"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CatalogueSync]:
        """With how many of its changes wait and were applied."""
        return super().get_queryset(request).annotate(waiting=_number_of("waiting"), taken=_number_of("applied"))

    @admin.display(description="state", ordering="state")
    def shown_state(self, sync: CatalogueSync) -> SafeString:
        state = State(sync.state)
        odd = badge("bad", "shrank") if sync.finding == catalogue.SHRANK else ""
        return format_html("{} {}", badge(TONES[state], state.label), odd)

    @admin.display(description="why")
    def why(self, sync: CatalogueSync) -> str:
        return catalogue.FINDINGS.get(sync.finding, sync.finding) or "–"

    @admin.display(description="waits")
    def waits(self, sync: CatalogueSync) -> SafeString | str:
        waiting = sync.waiting  # type: ignore[attr-defined]
        if not waiting:
            return "–"
        return format_html('<a href="{}">{}</a>', _changes(sync.pk), count(waiting))

    @admin.display(description="applied")
    def applied(self, sync: CatalogueSync) -> str:
        return count(sync.taken) or "–"  # type: ignore[attr-defined]

    @admin.display(description="not usable")
    def others(self, sync: CatalogueSync) -> str:
        return f"{count(sync.unreadable)} could not be read, {count(sync.left_out)} cannot be sold or are listed twice"

    def act_subject(self, row: CatalogueSync) -> str:
        return f"{row.provider}, list {row.pk}"

    def changelist_view(  # type: ignore[override]  # staff only
        self, request: UserRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Below each provider with when its list is read; that part renews itself while one is being read."""
        sources = syncs.sources(now=timezone.now())
        shown = {
            "sources": sources,
            "under_way": any(source.is_under_way for source in sources),
            "may_ask": request.user.has_perm(catalogue.PERMISSION),
        }
        if request.htmx and self.has_view_permission(request):
            return TemplateResponse(request, "admin/orders/syncs.html#sources", shown)
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With its changes by kind, and the acts that make sense now."""
        sync: CatalogueSync = context["original"]
        context["changes"], context["lines"] = _changes(sync.pk), syncs.lines(sync.pk)
        context["acts"] = self.offered(request, sync)
        return super().render_change_form(request, context, *args, **kwargs)


def _number_of(state: str) -> Subquery:
    """Counted for the rows of a page only: a list may have thousands of changes."""
    changes = SyncChange.objects.filter(sync=OuterRef("pk"), state=state).order_by()
    return Subquery(changes.values("sync").annotate(number=Count("pk")).values("number"))


def _changes(sync_id: int) -> str:
    return f"{reverse('admin:orders_syncchange_changelist')}?sync__id__exact={sync_id}"
