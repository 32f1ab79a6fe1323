"""What is only read: results of verifying the books, and the record of everything done about money."""

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.names import names_of
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import count
from wallet.admin.people import link_to, user_id_of
from wallet.admin.words import sentence_of
from wallet.models import Event, LedgerCheck

ROWS_SHOWN = 20  # of those that differ; the whole list is in the report


@admin.register(LedgerCheck)
class LedgerCheckAdmin(Styled, KeptAsIs, ModelAdmin[LedgerCheck]):
    """Each run of `manage.py verify_ledger` that was kept."""

    list_display = ["at", "outcome", "read", "took"]
    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = ["-id"]
    fields = ["at", "outcome", "read", "took", "checks"]
    readonly_fields = ["outcome", "read", "took", "checks"]

    @admin.display(description="outcome")
    def outcome(self, check: LedgerCheck) -> SafeString:
        return badge("bad", f"{count(check.differing)} rows differ") if check.differing else badge("good", "ok")

    @admin.display(description="entries")
    def read(self, check: LedgerCheck) -> str:
        return count(check.entries)

    @admin.display(description="took")
    def took(self, check: LedgerCheck) -> str:
        return f"{check.milliseconds / 1000:.1f} s"

    @admin.display(description="report")
    def checks(self, check: LedgerCheck) -> SafeString:
        """Each check with its outcome, and the rows that differ."""
        lines = format_html_join("", "<li>{} {}{}</li>", (_line(result) for result in check.report.get("checks", [])))
        return format_html('<ul class="staff-checks">{}</ul>', lines)


def _line(result: dict[str, object]) -> tuple[SafeString, object, SafeString | str]:
    differing = result.get("differing")
    rows = differing if isinstance(differing, list) else []
    shown = badge("bad", "differs") if rows or not result.get("ok", True) else badge("good", "ok")
    if not rows:
        return shown, result.get("title", ""), ""
    listed = "\n".join(json.dumps(row, default=str) for row in rows[:ROWS_SHOWN])
    more = f"\nand {len(rows) - ROWS_SHOWN} more" if len(rows) > ROWS_SHOWN else ""
    return shown, result.get("title", ""), format_html('<pre class="staff-answer">{}{}</pre>', listed, more)


class EventList(ChangeList):
    """One page of the record with the addresses of who acted, in one query more."""

    def get_results(self, request: HttpRequest) -> None:
        """Add `who` to each row of the page."""
        super().get_results(request)
        names = names_of([event.actor for event in self.result_list])
        for event in self.result_list:
            event.who = names.get(event.actor, event.actor)


@admin.register(Event)
class EventAdmin(Styled, KeptAsIs, ModelAdmin[Event]):
    """Who did what about money besides moving it, when and why."""

    list_display = ["at", "said", "subject", "customer", "who"]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["user__email"]
    search_help_text = "A customer's whole e-mail address, or a subject and its number: payout 12"
    fields = ["at", "said", "subject", "customer", "actor", "reason", "facts"]
    readonly_fields = ["said", "subject", "customer"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows who acted."""
        return EventList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """By customer or by subject, each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user_id=user_id_of(term)), False
        kind, _, number = term.rpartition(" ")
        return queryset.filter(subject_type=kind.replace(" ", "_"), subject_id=id_in(number) or 0), False

    @admin.display(description="what")
    def said(self, event: Event) -> str:
        return sentence_of(event)

    @admin.display(description="who")
    def who(self, event: Event) -> str:
        return str(getattr(event, "who", event.actor))

    @admin.display(description="about")
    def subject(self, event: Event) -> str:
        return f"{event.subject_type.replace('_', ' ')} {event.subject_id}"

    @admin.display(description="customer")
    def customer(self, event: Event) -> SafeString | str:
        return link_to(event.user) if event.user else "–"
