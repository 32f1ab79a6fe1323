"""Orders as staff see them: found without a scan, read to the last detail, acted on only where a person is needed."""

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from orders.admin import attention, packs, runs
from orders.admin.evidence import evidence_on
from orders.admin.run_acts import RUN_ACTS
from orders.links import fingerprints
from orders.models import Flag, Order, Provider, Run
from orders.operations.flags import UNDECIDED
from plumbing.acts import Act, act_page
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount, count
from policies import wording

_ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")


class OrderList(ChangeList):
    """One page of orders with what their rows show, in two queries more however many there are."""

    def get_results(self, request: HttpRequest) -> None:
        """Add `delivered` and `flagged` to each order of the page."""
        super().get_results(request)
        ids = [order.pk for order in self.result_list]
        done = Run.objects.first_runs().filter(order_id__in=ids).values_list("order_id")
        delivered = dict(done.annotate(done=Sum(Coalesce("delivery__delivered", "delivered"))))
        flagged = set(
            Flag.objects.filter(order_id__in=ids, resolved_at__isnull=True).values_list("order_id", flat=True)
        )
        for order in self.result_list:
            order.delivered = delivered.get(order.pk, 0)
            order.flagged = order.pk in flagged


class NeedsPerson(admin.SimpleListFilter):
    """Orders with an open flag."""

    title = "needs a person"
    parameter_name = "flagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Yes")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() != "1":
            return queryset
        return queryset.filter(pk__in=Flag.objects.filter(resolved_at__isnull=True).values("order_id"))


@admin.register(Order)
class OrderAdmin(Styled, KeptAsIs, ModelAdmin[Order]):
    """Every order. Money and status are read here and written by operations."""

    change_form_template = "admin/orders/order.html"
    list_display = ["id", "customer", "sold", "standing", "progress", "charged", "paid_back", "placed_at"]
    list_filter = ["status", NeedsPerson, "channel"]
    list_select_related = ["user", "service"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["id"]
    search_help_text = "An order's number, a provider's order number, a customer's whole e-mail address, or a link"
    fieldsets = [
        (None, {"fields": [("standing", "cause"), "customer", "sold", "link", ("quantity", "units", "tolerance")]}),
        ("Money", {"fields": [("charged", "paid_back", "at_rate")]}),
        ("When", {"fields": [("placed_at", "ended_at", "cancel_requested_at", "waiting_since")]}),
        ("Why it does not move", {"fields": [("held_reason", "paused_reason")], "classes": ["collapse"]}),
        ("Terms, frozen when placed", {"classes": ["collapse"], "fields": [
            ("type", "platform", "metric"),
            ("refill", "refill_days", "refill_max", "refill_cap_percent", "refill_auto"),
            ("cancel", "instant", "pace_per_hour", "average_minutes", "start_window_hours"),
            ("refund_policy", "support_policy"), "fields",
        ]}),
        ("How it came and goes", {"classes": ["collapse"], "fields": [
            ("channel", "request_key"), "request_hash", ("provider", "provider_service"), "fingerprint",
        ]}),
    ]  # fmt: skip
    readonly_fields = ["standing", "customer", "sold", "charged", "paid_back", "at_rate"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that knows how much is delivered."""
        return OrderList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Look up what an index holds: ids, a whole address, a link by its fingerprint. Nothing is scanned."""
        term = search_term.strip()
        number = id_in(term)
        if not term:
            return queryset, False
        if number is not None:
            # Their ids first: an OR over two tables would read both of them whole.
            return queryset.filter(pk__in=[number, *_orders_known_upstream_as(number)]), False
        if _ADDRESS.fullmatch(term):
            owner = User.objects.filter(email=term.lower()).values_list("pk", flat=True).first()
            return (queryset.none() if owner is None else queryset.filter(user_id=owner)), False
        try:
            return queryset.filter(fingerprint__in=set(fingerprints(term).values())), False
        except ValueError:  # no address that could be read
            return queryset.none(), False

    @admin.display(description="customer")
    def customer(self, order: Order) -> SafeString:
        address = reverse("admin:accounts_user_change", args=[order.user_id])
        return format_html('<a href="{}">{}</a>', address, order.user.email)

    @admin.display(description="service")
    def sold(self, order: Order) -> SafeString:
        address = reverse("admin:orders_service_change", args=[order.service_id])
        return format_html('<a href="{}">{}</a> {}', address, order.service_id, order.service.name)

    @admin.display(description="status", ordering="status")
    def standing(self, order: Order) -> SafeString:
        shown = badge(order.status, wording.status(order.status))
        return (
            format_html("{} {}", shown, badge("warn", "needs a person")) if getattr(order, "flagged", False) else shown
        )

    @admin.display(description="delivered")
    def progress(self, order: Order) -> str:
        return f"{count(order.delivered)} of {count(order.units)}"  # type: ignore[attr-defined]

    @admin.display(description="charge")
    def charged(self, order: Order) -> str:
        return amount(order.charge)

    @admin.display(description="refunded")
    def paid_back(self, order: Order) -> str:
        return amount(order.refunded) if order.refunded else "–"

    @admin.display(description="rate")
    def at_rate(self, order: Order) -> str:
        return amount(order.rate)

    def get_urls(self) -> list[URLPattern]:
        """The evidence pack, and a page for each act on one of its runs."""
        view = self.admin_site.admin_view
        evidence = [
            path("<int:order_id>/evidence/", view(packs.page), name="orders_order_evidence"),
            path("<int:order_id>/evidence.json", view(packs.file), name="orders_order_evidence_json"),
        ]
        pages = [
            path(
                f"run/<int:pk>/{act.slug}/",
                view(self.act_on_run),
                {"act": act},
                f"orders_order_run_{act.slug}",
            )
            for act in RUN_ACTS
        ]
        return [*evidence, *pages, *super().get_urls()]

    def act_on_run(self, request: HttpRequest, pk: int, act: Act[Run]) -> HttpResponse:
        """Link, send again, give up or end a run that waits for a person."""
        run = Run.objects.select_related("order__user", "provider").filter(pk=pk).first()
        if run is None:
            raise Http404
        back = attention.way_back(request, reverse("admin:orders_order_change", args=[run.order_id]))
        return act_page(self, request, act=act, row=run, subject=f"Order {run.order_id}, part {run.number}", back=back)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the evidence, and the acts for whom they are."""
        order: Order = context["original"]
        context["evidence"] = evidence_on(order=order, now=timezone.now())
        context["may_act"] = request.user.has_perm(runs.PERMISSION)
        context["may_see_money"] = request.user.has_perm("wallet.view_transfer")
        context["may_see_decisions"] = request.user.has_perm("policies.view_decision")
        context["may_see_pack"] = request.user.has_perms(packs.PERMISSIONS)
        context["undecided"] = UNDECIDED
        return super().render_change_form(request, context, *args, **kwargs)


def _orders_known_upstream_as(number: int) -> list[int]:
    """Orders with a run that a provider knows by this number: one look-up a provider in the unique index."""
    providers = list(Provider.objects.values_list("pk", flat=True))
    found = Run.objects.filter(provider_id__in=providers, provider_order_id=number)
    return list(found.values_list("order_id", flat=True))
