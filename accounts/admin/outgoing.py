"""Mail on its way, as staff see it: what waits, went or was parked, and why; never the text, which may hold a login."""

from typing import TYPE_CHECKING, ClassVar

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import operations
from accounts.http import UserRequest
from accounts.models import Outgoing
from plumbing.counting import EstimatingPaginator

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Outgoing]
    _Filter = admin.SimpleListFilter
else:  # generic for the type checker only
    _Admin, _Filter = admin.ModelAdmin, admin.SimpleListFilter

STATES = {
    "waiting": Q(sent_at__isnull=True, parked_at__isnull=True),
    "parked": Q(parked_at__isnull=False),
    "sent": Q(sent_at__isnull=False),
}


class State(_Filter):
    """How far a message is; parked ones need a person."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Outgoing]) -> QuerySet[Outgoing]:
        chosen = STATES.get(self.value() or "")
        return queryset.filter(chosen) if chosen else queryset


@admin.register(Outgoing)
class OutgoingAdmin(_Admin):
    """Read only; a parked message may be sent again."""

    list_display = ["id", "to", "subject", "state", "tries", "created_at", "due_at", "last_error"]
    list_filter = [State]
    list_per_page = 50
    show_full_result_count = False
    paginator = EstimatingPaginator
    ordering = ["-id"]
    search_fields: ClassVar[list[str]] = ["to"]
    search_help_text = "A whole e-mail address"
    fields = [
        ("id", "kind", "key"),
        ("to", "user"),
        "subject",
        ("created_at", "due_at", "give_up_at"),
        ("tries", "last_error"),
        ("sent_at", "parked_at"),
        ("again_at", "again_by"),
    ]
    readonly_fields = ["id"]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Outgoing]:
        """Without the texts: nobody here reads them, and a list of 50 would carry them all."""
        return super().get_queryset(request).defer("body", "html")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Outgoing], search_term: str
    ) -> tuple[QuerySet[Outgoing], bool]:
        """Whole addresses only: one index look-up."""
        term = search_term.strip().lower()
        return (queryset.filter(to=term) if term else queryset), False

    @admin.display(description="state")
    def state(self, message: Outgoing) -> str:
        """In one word; a waiting message that was tried before says so by its tries and its error."""
        if message.sent_at:
            return "sent"
        return "parked" if message.parked_at else "waiting"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Outgoing | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Outgoing | None = None) -> bool:
        return False

    def has_resend_permission(self, request: HttpRequest) -> bool:
        """Named by the action below (decision 27)."""
        return request.user.has_perm("accounts.can_resend_mail")

    @admin.action(description="Send again (parked ones)", permissions=["resend"])
    def send_again(self, request: UserRequest, queryset: QuerySet[Outgoing]) -> None:
        """Let the chosen parked messages be tried anew, and say how many were none."""
        done, now = 0, timezone.now()
        chosen = list(queryset.order_by("pk").values_list("pk", flat=True))
        for outgoing_id in chosen:
            try:
                operations.send_again(staff=request.user, outgoing_id=outgoing_id, now=now)
            except operations.NotParked:
                continue
            done += 1
        messages.success(request, f"{done} of {len(chosen)} will be sent again.")
        if done < len(chosen):
            messages.warning(request, "Only parked messages are sent again by hand.")
