"""What a provider's list changes, one row a difference: looked through, filtered, applied or dismissed by staff."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from orders.models import Route, SyncChange
from orders.models.syncing import LABELS
from orders.operations import catalogue
from orders.reading import syncs
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount, count
from policies.rules.syncing import Kind

State = SyncChange.State
TONES = {
    State.WAITING: "warn",
    State.APPLIED: "good",
    State.DISMISSED: "idle",
    State.REFUSED: "bad",
    State.SUPERSEDED: "idle",
}
KIND_TONES = {Kind.NEW: "info", Kind.GONE: "warn", Kind.PAUSE: "bad", Kind.BACK: "good"}


class StateFilter(admin.SimpleListFilter):
    """Those that wait unless asked otherwise: the others are history."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        others = [(state.value, state.label.capitalize()) for state in State if state is not State.WAITING]
        return [*others, ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Calls the default by what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "Waits"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        chosen = self.value() or State.WAITING.value
        return queryset if chosen == "all" else queryset.filter(state=chosen)


class KindFilter(admin.SimpleListFilter):
    """By what it is about, in words."""

    title = "what"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.value, label.capitalize()) for kind, label in LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(kind=self.value()) if self.value() else queryset


class SafeFilter(admin.SimpleListFilter):
    """Who decides it."""

    title = "decided by"
    parameter_name = "safe"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The rule: it is safe"), ("no", "A person")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(safe=self.value() == "yes") if self.value() else queryset


@admin.register(SyncChange)
class SyncChangeAdmin(Styled, KeptAsIs, ModelAdmin[SyncChange]):
    """The differences of all lists; a list's own page leads to its own."""

    list_display = ["kind_shown", "number", "sold_as", "told", "shown_state", "decided"]
    list_display_links = None
    list_filter = [StateFilter, KindFilter, SafeFilter, ("sync__provider", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["sync__provider"]
    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-sync_id", "id"]
    search_fields = ["name"]
    search_help_text = "The provider's number of a service, or words of its name"
    actions = ["apply_chosen", "dismiss_chosen"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncChange]:
        """With what the provider takes now."""
        routes = Route.objects.filter(service=OuterRef("service"), provider=OuterRef("sync__provider"))
        cost = routes.filter(provider_service=OuterRef("provider_service")).values("cost")[:1]
        return super().get_queryset(request).annotate(cost=Subquery(cost))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A list's page links here."""
        return lookup == "sync__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SyncChange], search_term: str
    ) -> tuple[QuerySet[SyncChange], bool]:
        """A number may be the provider's; words are of the name."""
        term = search_term.strip()
        if term.isdecimal():
            return queryset.filter(Q(provider_service=term) | Q(name__icontains=term)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="what", ordering="kind")
    def kind_shown(self, change: SyncChange) -> SafeString:
        kind = Kind(change.kind)
        return badge(KIND_TONES.get(kind, "idle"), LABELS[kind])

    @admin.display(description="number", ordering="provider_service")
    def number(self, change: SyncChange) -> str:
        return change.provider_service

    @admin.display(description="service", ordering="name")
    def sold_as(self, change: SyncChange) -> SafeString | str:
        if change.service_id is None:
            return change.name
        address = reverse("admin:orders_service_change", args=[change.service_id])
        return format_html('<a href="{}">{}</a>', address, change.name)

    @admin.display(description="before → after")
    def told(self, change: SyncChange) -> str:
        cost: Decimal | None = getattr(change, "cost", None)
        costs = f"; it costs {amount(cost)}" if change.kind == Kind.PRICE and cost is not None else ""
        finding = f". {catalogue.FINDINGS[change.finding]}" if change.finding else ""
        return f"{syncs.told(change)}{costs}{finding}"

    @admin.display(description="state", ordering="state")
    def shown_state(self, change: SyncChange) -> SafeString:
        state = State(change.state)
        safe = badge("info", "safe") if change.safe and state is State.WAITING else ""
        return format_html("{} {} {}", badge(TONES[state], state.label), safe, change.problem)

    @admin.display(description="when", ordering="decided_at")
    def decided(self, change: SyncChange) -> SafeString | str:
        if change.decided_at is None:
            return "–"
        when = date_format(timezone.localtime(change.decided_at), "DATETIME_FORMAT")
        return format_html('{} <span class="staff-who">{}</span>', when, change.decided_by)

    def has_apply_permission(self, request: HttpRequest) -> bool:
        """Named by the actions below (decision 27)."""
        return request.user.has_perm(catalogue.PERMISSION)

    @admin.action(description="Apply the chosen changes", permissions=["apply"])
    def apply_chosen(self, request: UserRequest, queryset: QuerySet[SyncChange]) -> None:
        """Apply them, and say which could not be."""
        chosen = list(queryset.values_list("pk", flat=True))
        outcome = catalogue.apply_changes(change_ids=chosen, staff=request.user, now=timezone.now())
        tell(self, request, outcome, asked=len(chosen))

    @admin.action(description="Dismiss the chosen changes", permissions=["apply"])
    def dismiss_chosen(self, request: UserRequest, queryset: QuerySet[SyncChange]) -> None:
        """Leave the catalogue as it is."""
        chosen = list(queryset.values_list("pk", flat=True))
        dismissed = catalogue.dismiss_changes(change_ids=chosen, staff=request.user, now=timezone.now())
        messages.success(request, f"{count(dismissed)} of {count(len(chosen))} dismissed.")


def tell(site: "ModelAdmin[Any]", request: HttpRequest, outcome: catalogue.Outcome, *, asked: int) -> None:
    """Say what came of applying changes."""
    messages.success(request, said_of(outcome, asked=asked))
    if outcome.refused:
        sentence = f"{count(len(outcome.refused))} keep an earlier text: the new one makes a claim."
        messages.warning(request, sentence)
    if outcome.overtaken:
        messages.warning(
            request, f"{count(outcome.overtaken)} were overtaken by a later change; the next reading compares anew."
        )


def said_of(outcome: catalogue.Outcome, *, asked: int) -> str:
    """One sentence on what was applied."""
    kinds = [kind for kind in Kind if outcome.applied.get(kind)]
    by_kind = ", ".join(f"{LABELS[kind]}: {count(outcome.applied[kind])}" for kind in kinds)
    total = sum(outcome.applied.values())
    return f"{count(total)} of {count(asked)} applied{f' ({by_kind})' if by_kind else ''}."
