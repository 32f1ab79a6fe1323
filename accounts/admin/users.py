"""Users as staff see them: found by address, suspended with a reason; passwords and keys are never shown."""

from typing import TYPE_CHECKING

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  both register what is taken back below
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import operations
from accounts.forms import known_zones
from accounts.http import UserRequest
from accounts.models import ApiKey, CustomerGroup, User, UserEvent
from plumbing.adminpages import id_in
from plumbing.counting import EstimatingPaginator

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[User]
    _Groups = admin.ModelAdmin[CustomerGroup]
    _Factors = admin.ModelAdmin[Authenticator]
    _Rows = admin.TabularInline[models.Model, User]
else:  # generic for the type checker only
    _Admin = _Groups = _Factors = admin.ModelAdmin
    _Rows = admin.TabularInline


class ReadOnlyRows(_Rows):
    """Rows below a user that nobody edits here."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ApiKeys(ReadOnlyRows):
    model = ApiKey
    verbose_name_plural = "API keys"
    fields = readonly_fields = ("prefix", "label", "created_at", "seen_at", "revoked_at")
    ordering = ["-id"]


class Events(ReadOnlyRows):
    model = UserEvent
    fields = readonly_fields = ("at", "kind", "actor", "reason")
    ordering = ["-id"]


class ReasonForm(ActionForm):
    """The box beside the list of actions."""

    reason = forms.CharField(required=False, max_length=200, label="Reason (the customer reads it):")


@admin.register(User)
class UserAdmin(_Admin):
    """Who may come in. Nobody is added or deleted here: people sign up, and money keeps its owner."""

    list_display = ["id", "email", "name", "group", "is_staff", "is_active", "suspended_at", "joined_at"]
    list_display_links = ["id", "email"]
    list_filter = ["is_staff", "is_active", ("suspended_at", admin.EmptyFieldListFilter), "group"]
    list_select_related = ["group"]
    list_per_page = 50
    show_full_result_count = False
    paginator = EstimatingPaginator
    ordering = ["-id"]
    search_fields = ["email__startswith"]
    search_help_text = "The beginning of an e-mail address, or an id"
    fields = [
        "email",
        ("name", "time_zone", "language"),
        "group",
        ("is_active", "is_staff"),
        "groups",
        ("suspended_at", "suspended_reason"),
        ("joined_at", "last_login"),
    ]
    readonly_fields = ["email", "suspended_at", "suspended_reason", "joined_at", "last_login"]
    filter_horizontal = ["groups"]
    inlines = [ApiKeys, Events]
    action_form = ReasonForm
    actions = ["suspend", "reinstate"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Find by id or by the beginning of the address.

        Addresses are stored in lower case, so that this is a range of the unique column's index. Admin's `=email`
        would compare upper(email), which no index holds, and read the whole table.
        """
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        if (number := id_in(term)) is not None:
            return queryset.filter(pk=number), False
        return queryset.filter(email__startswith=term), False

    def formfield_for_dbfield(
        self, db_field: "models.Field[object, object]", request: HttpRequest, **kwargs: object
    ) -> forms.Field | None:
        """Offer only time zones that can be shown."""
        if db_field.name == "time_zone":
            return forms.ChoiceField(choices=[(zone, zone) for zone in known_zones()])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Who is staff, and in which group, is for those to say who may change groups."""
        rights = [] if request.user.has_perm("auth.change_group") else ["is_active", "is_staff", "groups"]
        return [*self.readonly_fields, *rights]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        """Named by the actions below (decision 27)."""
        return request.user.has_perm("accounts.suspend_user")

    @admin.action(description="Suspend (give a reason)", permissions=["suspend"])
    def suspend(self, request: UserRequest, queryset: QuerySet[User]) -> None:
        """Suspend the chosen customers, and say who could not be."""
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, "Nobody was suspended: a suspension needs a reason.")
            return
        done, staff = 0, []
        for user in queryset:
            try:
                done += operations.suspend(user_id=user.pk, reason=reason, actor=_actor(request), now=timezone.now())
            except operations.IsStaff:
                staff.append(user.email)
        messages.success(request, f"{done} of {len(queryset)} suspended.")
        if staff:
            messages.warning(request, f"Staff are not suspended but deactivated: {', '.join(staff)}")

    @admin.action(description="Reinstate", permissions=["suspend"])
    def reinstate(self, request: UserRequest, queryset: QuerySet[User]) -> None:
        """Let the chosen customers order again."""
        now, actor = timezone.now(), _actor(request)
        done = sum(operations.unsuspend(user_id=user.pk, actor=actor, now=now) for user in queryset)
        messages.success(request, f"{done} of {len(queryset)} reinstated.")


@admin.register(CustomerGroup)
class CustomerGroupAdmin(_Groups):
    """Groups of customers that share a price list."""

    list_display = ["name"]
    ordering = ["name"]
    search_fields = ["name"]


admin.site.unregister(EmailAddress)  # its search scans, and a user's own pages do what it does
admin.site.unregister(Authenticator)  # its form shows the secret


@admin.register(Authenticator)
class SecondFactorAdmin(_Factors):
    """Second factors, to be removed for a person who lost theirs. The secret is not shown."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-id"]
    search_fields = ["user__email__startswith"]
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return False


def _actor(request: UserRequest) -> str:
    return f"staff:{request.user.pk}"
