"""What needs a person, the oldest first: where staff begin their day."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.forms import CharField
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.admin import words
from orders.models import Flag
from orders.operations import flags
from plumbing.acts import Act, ActRefused, act_page
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, actor_of, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import span

PERMISSION = "orders.handle_order"


def _dismiss(request: HttpRequest, flag: Flag, values: dict[str, object]) -> str:
    reason, by, now = str(values["reason"]), actor_of(request), timezone.now()
    try:
        flags.dismiss_flag(flag_id=flag.pk, by=by, reason=reason, now=now)
    except flags.AlreadyResolved as late:
        raise ActRefused("It has been closed already.") from late
    except flags.StillUndecided as undecided:
        raise ActRefused(
            "It waits for a decision, which is made on the page of its order or of its appeal."
        ) from undecided
    return f"Dismissed: {words.flag(flag.kind)}."


DISMISS: Act[Flag] = Act(
    slug="dismiss",
    title="Dismiss",
    permission=PERMISSION,
    effect=lambda flag: [
        f"{words.flag_advice(flag.kind)}",
        "Dismissing says that nothing more is to be done. Nothing is sent and no money moves.",
    ],
    perform=_dismiss,
    offered=lambda flag: flag.resolved_at is None and flag.kind != flags.APPEALED,
)


class ReasonForm(ActionForm):
    """The box beside the list of actions."""

    reason = CharField(required=False, max_length=200, label="Reason:")


class State(admin.SimpleListFilter):
    """Open ones unless asked otherwise: the others are history."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("resolved", "Resolved")]

    def choices(self, changelist: Any) -> Any:
        """Calls the default by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(resolved_at__isnull=self.value() != "resolved")


class Kind(admin.SimpleListFilter):
    """By what is odd, in words."""

    title = "what"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, said) for kind, (said, _) in words.FLAGS.items()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Flag)
class FlagAdmin(Styled, KeptAsIs, ModelAdmin[Flag]):
    """Needs a person. Raised by the engine once while it lasts, closed by a decision or by dismissing it."""

    list_display = ["what", "on_order", "age", "raised_at", "resolved_at", "resolved_by", "resolution"]
    list_filter = [State, Kind]
    list_select_related = ["order", "run"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["raised_at", "id"]
    search_fields = ["=order__id"]
    search_help_text = "An order's number"
    fields = ["what", "on_order", "advice", "facts", "raised_at", ("resolved_at", "resolved_by"), "resolution"]
    readonly_fields = ["what", "on_order", "advice"]
    action_form = ReasonForm
    actions = ["dismiss"]
    change_form_template = "admin/orders/flag.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Flag], search_term: str
    ) -> tuple[QuerySet[Flag], bool]:
        """By order, which an index holds."""
        if not search_term.strip():
            return queryset, False
        number = id_in(search_term.strip())
        return (queryset.none() if number is None else queryset.filter(order_id=number)), False

    @admin.display(description="what")
    def what(self, flag: Flag) -> SafeString:
        return badge("idle" if flag.resolved_at else "warn", words.flag(flag.kind))

    @admin.display(description="order")
    def on_order(self, flag: Flag) -> SafeString:
        address = reverse("admin:orders_order_change", args=[flag.order_id])
        return format_html('<a href="{}">{}</a>', address, flag.order_id)

    @admin.display(description="to do")
    def advice(self, flag: Flag) -> str:
        return words.flag_advice(flag.kind)

    @admin.display(description="open for")
    def age(self, flag: Flag) -> str:
        return span((flag.resolved_at or timezone.now()) - flag.raised_at)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Named by the action below (decision 27)."""
        return request.user.has_perm(PERMISSION)

    @admin.action(description="Dismiss (give a reason)", permissions=["handle"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Flag]) -> None:
        """Dismiss the chosen flags, and say which could not be."""
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Nothing was dismissed: it needs a reason.")
            return
        chosen, refused = list(queryset), []
        for flag in chosen:
            try:
                _dismiss(request, flag, {"reason": reason})
            except ActRefused as refusal:
                refused.append(f"Order {flag.order_id}: {refusal}")
        messages.success(request, f"{len(chosen) - len(refused)} of {len(chosen)} dismissed.")
        for sentence in refused:
            messages.warning(request, sentence)

    def get_urls(self) -> list[URLPattern]:
        """A page to dismiss one."""
        view = self.admin_site.admin_view(self.dismiss_one)
        return [path("<int:pk>/dismiss/", view, name="orders_flag_dismiss"), *super().get_urls()]

    def dismiss_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say why nothing is to be done about it."""
        flag = Flag.objects.filter(pk=pk).first()
        if flag is None:
            raise Http404
        back = reverse("admin:orders_order_change", args=[flag.order_id])
        return act_page(self, request, act=DISMISS, row=flag, subject=f"Order {flag.order_id}", back=back)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the way to dismiss it."""
        flag: Flag = context["original"]
        context["dismissable"] = DISMISS.offered(flag) and self.has_handle_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)
