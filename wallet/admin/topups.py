"""Payments of customers and what gateways told us, as staff see them: found without a scan, read to the last detail."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plumbing.acts import ActPages
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, badge
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount
from wallet.admin import words
from wallet.admin.people import StateFilter, link_to, user_id_of
from wallet.admin.timeline import subject_lines
from wallet.admin.topup_acts import ACTS
from wallet.models import GatewayEvent, PaymentMethod, TopUp
from wallet.operations import payouts

TONES = {"created": "idle", "pending": "info", "paid": "good", "review": "warn"}
TONES |= {"expired": "idle", "rejected": "idle", "reversed": "bad"}
SHORTLY = {"pending": "Waiting", "review": "Under review", "reversed": "Taken back"}
NEEDS_PERSON = Q(state=TopUp.State.REVIEW) | Q(state=TopUp.State.PENDING, gateway=payouts.BY_HAND)


class State(StateFilter):
    """By state, and those that a person has to look at."""

    states = (("person", "Needs a person"), *TopUp.State.choices)

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(NEEDS_PERSON) if self.value() == "person" else super().queryset(request, queryset)


class Gateway(admin.SimpleListFilter):
    """By gateway; Django's own filter would read every row to know which there are."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(PaymentMethod.objects.order_by("position").values_list("gateway", "title"))

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(gateway=self.value()) if self.value() else queryset


@admin.register(TopUp)
class TopUpAdmin(Styled, KeptAsIs, ActPages[TopUp]):
    """Every payment that customers were asked for."""

    row_acts = ACTS
    change_list_template = "admin/wallet/list.html"
    change_form_template = "admin/wallet/row.html"
    list_display = ["reference", "standing", "how_much", "customer", "gateway", "created_at"]
    list_filter = [State, Gateway]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["reference"]
    search_help_text = "A reference, a customer's whole e-mail address, or the gateway's id of a payment"
    fieldsets = [
        (None, {"fields": ["standing", "customer", "reference", ("gateway", "payment_id")]}),
        ("Asked for", {"fields": [("how_much", "fee_on_top", "to_pay", "brings")]}),
        ("Came of it", {"fields": [("arrived", "bank_reference"), ("in_wallet", "lost", "can_go_back")]}),
        ("When", {"fields": [("created_at", "expires_at", "paid_at"), ("check_at", "checks")]}),
    ]
    readonly_fields = ["standing", "customer", "how_much", "fee_on_top", "to_pay", "brings", "arrived", "in_wallet"]
    readonly_fields += ["lost", "can_go_back"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TopUp], search_term: str
    ) -> tuple[QuerySet[TopUp], bool]:
        """Look up what an index holds: a reference, a customer, a payment's id at each gateway."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user_id=user_id_of(term)), False
        known = TopUp.objects.filter(reference=term.upper()).values_list("pk", flat=True)
        return queryset.filter(pk__in=[*known, *_known_by_gateways(term)]), False

    @admin.display(description="state", ordering="state")
    def standing(self, top_up: TopUp) -> SafeString:
        shown = badge(TONES[top_up.state], SHORTLY.get(top_up.state, top_up.get_state_display()))
        if top_up.state != TopUp.State.REVIEW:
            return shown
        return format_html("{} {}", shown, words.finding(top_up.finding))

    @admin.display(description="customer")
    def customer(self, top_up: TopUp) -> SafeString:
        return link_to(top_up.user)

    @admin.display(description="amount")
    def how_much(self, top_up: TopUp) -> str:
        return amount(top_up.amount)

    @admin.display(description="fee on top")
    def fee_on_top(self, top_up: TopUp) -> str:
        return amount(top_up.fee)

    @admin.display(description="to pay")
    def to_pay(self, top_up: TopUp) -> str:
        return amount(top_up.total)

    @admin.display(description="bonus with it")
    def brings(self, top_up: TopUp) -> str:
        return amount(top_up.bonus)

    @admin.display(description="arrived")
    def arrived(self, top_up: TopUp) -> str:
        if top_up.received is None:
            return "–"
        if top_up.received_currency == top_up.currency:
            return amount(top_up.received)
        return f"{top_up.received.normalize():f} {top_up.received_currency}"

    @admin.display(description="credited")
    def in_wallet(self, top_up: TopUp) -> str:
        return amount(top_up.credited)

    @admin.display(description="taken back from us")
    def lost(self, top_up: TopUp) -> str:
        return amount(top_up.lost)

    @admin.display(description="can still be sent back")
    def can_go_back(self, top_up: TopUp) -> str:
        return amount(payouts.left_to_send_back(top_up))

    def act_subject(self, row: TopUp) -> str:
        return row.reference

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what happened to it, and the acts that make sense now, for whom they are."""
        top_up: TopUp = context["original"]
        sent = [("payout", pk) for pk in top_up.payouts.values_list("pk", flat=True)]
        told = list(top_up.events.defer("body").order_by("id"))
        context["lines"] = subject_lines([("top_up", top_up.pk), *sent], told)
        context["advice"] = words.finding_advice(top_up.finding) if top_up.state == TopUp.State.REVIEW else ""
        context["acts"] = self.offered(request, top_up)
        return super().render_change_form(request, context, *args, **kwargs)


class Handled(admin.SimpleListFilter):
    """Those that wait to be handled."""

    title = "handled"
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not yet")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(due_at__isnull=False) if self.value() == "no" else queryset


@admin.register(GatewayEvent)
class GatewayEventAdmin(Styled, KeptAsIs, ModelAdmin[GatewayEvent]):
    """What gateways told us with a right signature, as it came."""

    change_list_template = "admin/wallet/list.html"
    list_display = ["id", "received_at", "gateway", "kind", "of", "came_to"]
    list_filter = [Handled, Gateway]
    list_select_related = ["top_up"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["event_id"]
    search_help_text = "A top-up's reference, or the gateway's id of an event or a payment"
    fields = [
        ("gateway", "kind"),
        "event_id",
        "payment_id",
        "of",
        ("received_at", "handled_at", "due_at", "tries"),
        "outcome",
        "as_it_came",
    ]
    readonly_fields = ["of", "as_it_came"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[GatewayEvent]:
        """Without the bodies, which a list does not show."""
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GatewayEvent], search_term: str
    ) -> tuple[QuerySet[GatewayEvent], bool]:
        """By top-up, by event, by payment: each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        top_up = TopUp.objects.filter(reference=term.upper()).values_list("pk", flat=True).first()
        if top_up is not None:
            return queryset.filter(top_up_id=top_up), False
        events = GatewayEvent.objects.filter(gateway__in=_gateways()).filter(Q(event_id=term) | Q(payment_id=term))
        return queryset.filter(pk__in=list(events.values_list("pk", flat=True)[:1000])), False

    @admin.display(description="top-up")
    def of(self, event: GatewayEvent) -> SafeString | str:
        if event.top_up is None:
            return event.reference or "–"
        page = reverse("admin:wallet_topup_change", args=[event.top_up_id])
        return format_html('<a href="{}">{}</a>', page, event.top_up.reference)

    @admin.display(description="came to")
    def came_to(self, event: GatewayEvent) -> SafeString | str:
        if event.due_at:
            return badge("warn", f"not handled, {event.tries} tries")
        return event.outcome.replace("_", " ") or "–"

    @admin.display(description="as it came")
    def as_it_came(self, event: GatewayEvent) -> SafeString:
        """Its body, indented where it is whole JSON."""
        try:
            text = json.dumps(json.loads(event.body), indent=2, ensure_ascii=False)
        except ValueError:
            text = event.body
        return format_html('<pre class="staff-answer staff-body">{}</pre>', text)


def _gateways() -> list[str]:
    return list(PaymentMethod.objects.values_list("gateway", flat=True))


def _known_by_gateways(payment_id: str) -> list[int]:
    """Top-ups with a payment that a gateway knows by this id: one look-up a gateway in the unique index."""
    found = TopUp.objects.filter(gateway__in=_gateways(), payment_id=payment_id).exclude(payment_id="")
    return list(found.values_list("pk", flat=True))
