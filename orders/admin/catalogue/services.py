"""Services with their routes, as staff see and edit them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.models import Route, Service
from orders.operations import claims, editing
from plumbing.adminpages import (
    ModelAdmin,
    ModelForm,
    NeverDeleted,
    Styled,
    TabularInline,
    actor_of,
    badge,
    edited,
    id_in,
)
from plumbing.templatetags.amounts import amount

_TEXTS = ("description", "delivers", "claims_reason", "claims_allowed_by")
_REFILL_LIMITS = ("refill_days", "refill_max", "refill_cap_percent")


class ReasonForm(ActionForm):
    """The box beside the list of actions."""

    reason = forms.CharField(required=False, max_length=200, label="Reason, for taking off sale:")


class ServiceForm(ModelForm[Service]):
    """Puts what the catalogue's rules refuse at the field it is about."""

    class Meta:
        labels = {"claims_reason": "Let it stand, because", "claims_allowed_by": "let stand by"}
        widgets = {"claims_reason": forms.TextInput(attrs={"class": "vLargeTextField"})}
        help_texts = {
            "claims_reason": "Only where a text above is refused. Holds for exactly these texts, in your name."
        }

    def clean(self) -> dict[str, Any]:
        """Ask the same check that saving asks. Whose form has no field for it may not let a claim stand."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        columns = {field.name: getattr(self.instance, field.name, None) for field in Service._meta.concrete_fields[1:]}
        may_allow = "claims_reason" in self.fields
        errors = editing.check_service({**columns, **cleaned}, stored=columns, may_allow_claims=may_allow)
        for name, sentence in errors.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, sentence)
        return cleaned


class RouteForm(ModelForm[Route]):
    """One route. Whether two share a priority is the formset's to see: it has them all, also those being exchanged."""

    def validate_unique(self) -> None:
        """See the formset."""

    def validate_constraints(self) -> None:
        """See the formset."""


class Routes(TabularInline[Route, Service]):
    """How a service reaches providers, the lowest priority number first."""

    model = Route
    form = RouteForm
    extra = 0
    fields = ["priority", "provider", "provider_service", "cost", "capacity", "enabled"]
    ordering = ["priority"]


@admin.register(Service)
class ServiceAdmin(Styled, NeverDeleted, ModelAdmin[Service]):
    """What is sold. A service that has been sold stays for good: it is taken off sale, never deleted."""

    form = ServiceForm
    list_display = ["id", "name", "shown_rate", "margin", "on_sale", "platform", "metric", "type", "category"]
    list_display_links = ["id", "name"]
    list_filter = ["active", "platform", "metric", "type", ("routes__provider", admin.RelatedOnlyFieldListFilter)]
    list_filter += ["category"]
    list_select_related = ["category"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["id"]
    search_fields = ["name"]
    search_help_text = "An id, or words of the name"
    inlines = [Routes]
    action_form = ReasonForm
    actions = ["put_on_sale", "take_off_sale"]
    save_on_top = True
    readonly_fields = ["margin", "changes", "claims_allowed_by"]
    fieldsets = [
        (None, {"fields": ["name", "category", ("platform", "metric", "type"), *_TEXTS]}),
        ("Price", {"fields": [("rate", "margin")]}),
        ("Quantity", {"fields": [("min_quantity", "max_quantity")]}),
        ("Pace", {"fields": ["instant", ("pace_per_hour", "average_minutes"), "start_window_hours"]}),
        ("Parts", {"fields": ["dripfeed", ("run_size", "run_interval_minutes"), "daily_cap"]}),
        ("Cancel and refill", {"fields": ["cancel", ("refill", "refill_auto"), _REFILL_LIMITS]}),
        ("On sale", {"fields": ["active", "inactive_reason", "changes"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        """With the cost of the route that is tried first."""
        first = Route.objects.filter(service=OuterRef("pk"), enabled=True).order_by("priority")
        return (
            super()
            .get_queryset(request)
            .annotate(cost=Subquery(first.values("cost")[:1]), cost_in=Subquery(first.values("provider__currency")[:1]))
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Service | None = None) -> list[str]:
        """Who may not let a claim stand sees why somebody did."""
        return [*self.readonly_fields, *([] if request.user.has_perm(claims.PERMISSION) else ["claims_reason"])]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Service], search_term: str
    ) -> tuple[QuerySet[Service], bool]:
        """A number is an id; anything else is words of the name."""
        number = id_in(search_term.strip())
        if number is not None:
            return queryset.filter(pk=number), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="rate", ordering="rate")
    def shown_rate(self, service: Service) -> str:
        return amount(service.rate)

    @admin.display(description="margin")
    def margin(self, service: Service) -> SafeString | str:
        """What is left of the rate when the provider tried first is paid; a loss is loud."""
        cost: Decimal | None = getattr(service, "cost", None)
        if cost is None:
            return "no cost known"
        if getattr(service, "cost_in", "") not in ("", settings.CURRENCY):
            return f"costs {cost} {service.cost_in}"  # type: ignore[attr-defined]
        left = service.rate - cost
        share = f" ({left / service.rate:.0%})" if service.rate else ""
        return badge("good" if left > 0 else "bad", f"{amount(left)}{share}")

    @admin.display(description="on sale", ordering="active")
    def on_sale(self, service: Service) -> SafeString:
        if service.active:
            return badge("good", "on sale")
        return (
            badge("warn", "makes a claim") if claims.MAKES_A_CLAIM in service.inactive_reason else badge("idle", "off")
        )

    @admin.display(description="changes")
    def changes(self, service: Service) -> SafeString | str:
        if service.pk is None:
            return "none yet"
        address = reverse("admin:orders_cataloguechange_changelist")
        return format_html(
            '<a href="{}?service__id__exact={}">What was changed, when and by whom</a>', address, service.pk
        )

    @admin.action(description="Put on sale", permissions=["change"])
    def put_on_sale(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """Put the chosen services on sale."""
        self._switch(request, queryset, active=True)

    @admin.action(description="Take off sale", permissions=["change"])
    def take_off_sale(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        """Take the chosen services off sale, with the reason from the box."""
        self._switch(request, queryset, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Service], *, active: bool) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        reason = "" if active else request.POST.get("reason", "").strip()
        came = editing.switch_services(
            service_ids=ids, active=active, reason=reason, actor=actor_of(request), now=timezone.now()
        )
        word = "put on sale" if active else "taken off sale"
        messages.success(request, f"{came.changed} of {len(ids)} {word}; {came.already} were so already.")
        if came.unready:
            messages.warning(
                request, f"{came.unready} have no metric or no enabled route or make a claim, and stay off."
            )

    def save_model(self, request: HttpRequest, obj: Service, form: ServiceForm, change: bool) -> None:
        """Write what was edited, with its record."""
        names = form.changed_data if change else list(form.fields)
        saved = editing.save_service(
            service_id=obj.pk if change else None,
            values=edited(form.cleaned_data, names),
            actor=actor_of(request),
            now=timezone.now(),
            staff=request.user,  # type: ignore[arg-type]  # the admin lets nobody in without a login
        )
        obj.pk = saved.pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Write the routes."""
        routes: Sequence[Route] = formset.save(commit=False)
        removed = [route.pk for route in formset.deleted_objects]
        editing.save_routes(
            service_id=form.instance.pk, routes=routes, removed=removed, actor=actor_of(request), now=timezone.now()
        )
