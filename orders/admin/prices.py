"""Prices of single customers and groups."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from orders.models import PriceRule, Route
from orders.operations import editing
from plumbing.adminpages import ModelAdmin, Styled, actor_of, badge
from plumbing.templatetags.amounts import amount


@admin.register(PriceRule)
class PriceRuleAdmin(Styled, ModelAdmin[PriceRule]):
    """What one customer or one group pays instead of the service's rate (decision 19)."""

    list_display = ["id", "service", "user", "group", "shown_rate", "cost", "usual"]
    list_filter = ["group"]
    list_select_related = ["service", "user", "group"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-id"]
    search_fields = ["=service__id", "user__email__startswith"]
    search_help_text = "A service's id, or the beginning of a customer's address"
    autocomplete_fields = ["service", "user"]
    fields = ["service", ("user", "group"), "rate"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceRule]:
        """With the cost of the route that is tried first."""
        first = Route.objects.filter(service=OuterRef("service"), enabled=True).order_by("priority")
        return super().get_queryset(request).annotate(route_cost=Subquery(first.values("cost")[:1]))

    @admin.display(description="rate", ordering="rate")
    def shown_rate(self, rule: PriceRule) -> str:
        return amount(rule.rate)

    @admin.display(description="others pay")
    def usual(self, rule: PriceRule) -> str:
        return amount(rule.service.rate)

    @admin.display(description="cost")
    def cost(self, rule: PriceRule) -> SafeString | str:
        """What the provider takes; below it every order loses money."""
        cost = rule.route_cost  # type: ignore[attr-defined]
        if cost is None or rule.rate > cost:
            return amount(cost)
        return badge("bad", f"{amount(cost)}: a loss")

    def save_model(self, request: HttpRequest, obj: PriceRule, form: Any, change: bool) -> None:
        """Write it, so that price lists made before are renewed."""
        saved = editing.save_price(
            price_id=obj.pk if change else None,
            service_id=obj.service_id,
            user_id=obj.user_id,
            group_id=obj.group_id,
            rate=obj.rate,
            actor=actor_of(request),
            now=timezone.now(),
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: PriceRule) -> None:
        """Take it back, recorded."""
        editing.remove_price(price_id=obj.pk, actor=actor_of(request), now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PriceRule]) -> None:
        """Take back each of the chosen ones, recorded."""
        for rule in queryset:
            self.delete_model(request, rule)
