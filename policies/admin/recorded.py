"""Acceptances and decisions as staff see them: to read and to search, never to edit."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from plumbing.adminpages import KeptAsIs
from plumbing.counting import EstimatingPaginator
from policies import wording
from policies.models import Acceptance, Decision

if TYPE_CHECKING:
    _Acceptances = admin.ModelAdmin[Acceptance]
    _Decisions = admin.ModelAdmin[Decision]
else:  # generic for the type checker only
    _Acceptances = _Decisions = admin.ModelAdmin


@admin.register(Acceptance)
class AcceptanceAdmin(KeptAsIs, _Acceptances):
    list_display = ["user", "version", "at", "context", "standing"]
    list_select_related = ["user", "version__policy"]
    list_filter = ["context", "standing"]
    search_fields = ["user__email__startswith"]
    search_help_text = "The beginning of an e-mail address"
    ordering = ["-id"]
    show_full_result_count = False
    paginator = EstimatingPaginator


@admin.register(Decision)
class DecisionAdmin(KeptAsIs, _Decisions):
    """What was decided, on which facts, under which clauses: found by what it is about."""

    list_display = [
        "id",
        "subject_type",
        "subject_id",
        "rule",
        "outcome",
        "amount",
        "clause_refs",
        "decided_at",
        "actor",
    ]
    list_filter = ["outcome", "automated"]
    search_fields = ["subject_id"]
    search_help_text = "An order's number, or a kind and a number: order 10000"
    ordering = ["-id"]
    show_full_result_count = False
    paginator = EstimatingPaginator
    list_select_related = ["policy_version__policy"]
    fields = ("grounds", *(field.name for field in Decision._meta.fields if field.name not in ("id", "detail")))
    readonly_fields = ("grounds",)

    @admin.display(description="Decided because")
    def grounds(self, decision: Decision) -> SafeString:
        """The reasons as the customer reads them."""
        told = ((each.clause_id, each.sentence) for each in wording.decision(decision.detail))
        return format_html_join("", "<p>{}: {}</p>", told)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Decision], search_term: str
    ) -> tuple[QuerySet[Decision], bool]:
        """By subject, through its index; a number alone is an order's."""
        *kind, number = search_term.split() or [""]
        if not search_term.strip():
            return queryset, False
        if not (number.isascii() and number.isdecimal() and len(number) < 19):
            return queryset.none(), False
        return queryset.filter(subject_type=kind[0] if kind else "order", subject_id=int(number)), False
