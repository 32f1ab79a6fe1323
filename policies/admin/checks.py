"""Results of replaying decisions, as staff read them."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge
from plumbing.templatetags.amounts import count
from policies.models import ReplayCheck


@admin.register(ReplayCheck)
class ReplayCheckAdmin(Styled, KeptAsIs, ModelAdmin[ReplayCheck]):
    """Each replay of stored decisions that was kept: every night's, and those of whole runs by hand."""

    list_display = ["at", "outcome", "read", "took"]
    list_per_page = 50
    ordering = ["-id"]
    fields = ["at", "outcome", "read", "took", "decisions"]
    readonly_fields = ["outcome", "read", "took", "decisions"]

    @admin.display(description="outcome")
    def outcome(self, check: ReplayCheck) -> SafeString:
        if not check.differing:
            return badge("good", "ok")
        return badge("bad", f"{count(check.differing)} {'differs' if check.differing == 1 else 'differ'}")

    @admin.display(description="decisions")
    def read(self, check: ReplayCheck) -> str:
        return count(check.checked)

    @admin.display(description="took")
    def took(self, check: ReplayCheck) -> str:
        return f"{check.milliseconds / 1000:.1f} s"

    @admin.display(description="what differs")
    def decisions(self, check: ReplayCheck) -> SafeString | str:
        """The first that differ: each with its page, and what was stored beside what comes out now."""
        if not check.report:
            return "Nothing: each came out as it was stored."
        return format_html(
            '<ul class="staff-checks">{}</ul>',
            format_html_join("", '<li><a href="{}">Decision {}</a> on {}{}</li>', map(_told, check.report)),
        )


def _told(row: dict[str, Any]) -> tuple[str, int, str, SafeString]:
    lines = [f"{each['what']}: stored {each['stored']}, now {each['replayed']}" for each in row["differences"]]
    address = reverse("admin:policies_decision_change", args=[row["decision"]])
    return address, row["decision"], row["subject"], format_html('<pre class="staff-answer">{}</pre>', "\n".join(lines))
