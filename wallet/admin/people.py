"""Who a row about money belongs to, as staff know them: by address."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User

NOBODY = -1  # an id that no user has


def link_to(user: User) -> SafeString:
    """A customer's address, leading to their page."""
    return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[user.pk]), user.email)


def user_id_of(address: str) -> int:
    """Who has this whole address, found by its index; NOBODY if nobody has."""
    return User.objects.filter(email=address.lower()).values_list("pk", flat=True).first() or NOBODY


class StateFilter(admin.SimpleListFilter):
    """By state, where the rows that wait for somebody come first and history is asked for.

    waits: the states that are shown unless another is asked for, empty to show all.
    """

    title = "state"
    parameter_name = "state"
    states: Iterable[tuple[str, str]] = ()
    waits: tuple[str, ...] = ()
    waits_said = "Waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*([("all", "All")] if self.waits else []), *self.states]

    def choices(self, changelist: Any) -> Any:
        """Calls the default by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": self.waits_said if self.waits else first["display"]}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        wanted = self.value()
        if wanted is None:
            return queryset.filter(state__in=self.waits) if self.waits else queryset
        return queryset if wanted == "all" else queryset.filter(state=wanted)
