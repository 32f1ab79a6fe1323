"""Categories and the list of what changed in the catalogue, as staff see and edit them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.models import CatalogueChange, Category
from orders.operations import editing
from plumbing.adminpages import KeptAsIs, ModelAdmin, ModelForm, NeverDeleted, Styled, actor_of, id_in
from plumbing.counting import EstimatingPaginator


class CategoryForm(ModelForm[Category]):
    """Refuses a heading that makes a claim."""

    def clean_name(self) -> str:
        """Ask the same check that saving asks."""
        if errors := editing.check_category(self.cleaned_data["name"]):
            raise forms.ValidationError(errors["name"])
        return str(self.cleaned_data["name"])


@admin.register(Category)
class CategoryAdmin(Styled, NeverDeleted, ModelAdmin[Category]):
    """Headings of the services page, in their order."""

    form = CategoryForm
    list_display = ["name", "position", "on_sale", "all_services"]
    list_per_page = 100
    ordering = ["position", "id"]
    search_fields = ["name"]
    fields = ["name", "position"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        """With how many services are under each."""
        selling = Count("services", filter=Q(services__active=True))
        return super().get_queryset(request).annotate(selling=selling, listed=Count("services"))

    @admin.display(description="on sale", ordering="selling")
    def on_sale(self, category: Category) -> int:
        return category.selling  # type: ignore[attr-defined, no-any-return]

    @admin.display(description="services", ordering="listed")
    def all_services(self, category: Category) -> SafeString:
        address = reverse("admin:orders_service_changelist")
        listed = category.listed  # type: ignore[attr-defined]
        return format_html('<a href="{}?category__id__exact={}">{}</a>', address, category.pk, listed)

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Write it; renaming is a change of each of its services."""
        saved = editing.save_category(
            category_id=obj.pk if change else None,
            name=obj.name,
            position=obj.position,
            actor=actor_of(request),
            now=timezone.now(),
        )
        obj.pk = saved.pk


@admin.register(CatalogueChange)
class CatalogueChangeAdmin(Styled, KeptAsIs, ModelAdmin[CatalogueChange]):
    """What changed in the catalogue, the newest first. The newest id is the catalogue's version."""

    list_display = ["id", "at", "kind", "service", "what", "actor"]
    list_display_links = None
    list_filter = ["kind"]
    list_select_related = ["service"]
    list_per_page = 50
    show_full_result_count = False
    paginator = EstimatingPaginator
    ordering = ["-id"]
    search_fields = ["=service__id"]
    search_help_text = "A service's id"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A service's page links here."""
        return lookup == "service__id__exact" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description="before and after")
    def what(self, change: CatalogueChange) -> str:
        names = [*change.before, *(name for name in change.after if name not in change.before)]
        return "; ".join(f"{name}: {_side(change.before, name)} → {_side(change.after, name)}" for name in names[:4])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CatalogueChange], search_term: str
    ) -> tuple[QuerySet[CatalogueChange], bool]:
        """By service, which an index holds; nothing else is searched."""
        if not search_term.strip():
            return queryset, False
        number = id_in(search_term.strip())
        return (queryset.none() if number is None else queryset.filter(service_id=number)), False


def _side(values: dict[str, object], name: str) -> str:
    text = "–" if values.get(name) in ("", None) else str(values[name])
    return text if len(text) <= 60 else f"{text[:60]}…"
