"""The ledger as staff see it: read, searched through indexes, never edited."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from plumbing.counting import EstimatingPaginator
from plumbing.keyset import before_of
from wallet.models import Account, Entry, Transfer

if TYPE_CHECKING:
    _Accounts = admin.ModelAdmin[Account]
    _Transfers = admin.ModelAdmin[Transfer]
    _Entries = admin.ModelAdmin[Entry]
    _Legs = admin.TabularInline[Entry, Transfer]
    _Any = admin.options.BaseModelAdmin[Any]
else:  # generic for the type checker only
    _Accounts = _Transfers = _Entries = admin.ModelAdmin
    _Legs = admin.TabularInline
    _Any = object


class ReadOnly(_Any):
    """The database refuses every edit; the pages do not offer one."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnly, _Accounts):
    list_display = ["id", "user", "kind", "code", "balance"]
    list_select_related = ["user"]
    list_filter = ["kind"]
    search_fields = ["user__email"]
    search_help_text = "A whole e-mail address, or the code of a shared account"
    ordering = ["-id"]
    show_full_result_count = False
    paginator = EstimatingPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        """Whole values only: each is one index look-up."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return (queryset.filter(user__email=term.lower()) if "@" in term else queryset.filter(code=term)), False


class Legs(ReadOnly, _Legs):
    model = Entry
    fields = readonly_fields = ("account", "amount", "balance_after")
    ordering = ["id"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).select_related("account")


@admin.register(Transfer)
class TransferAdmin(ReadOnly, _Transfers):
    list_display = ["id", "at", "kind", "key", "subject_type", "subject_id", "actor", "reason"]
    search_fields = ["key"]
    search_help_text = "A whole key (order:10000:charge), or an order's number"
    ordering = ["-id"]
    show_full_result_count = False
    paginator = EstimatingPaginator
    inlines = [Legs]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str
    ) -> tuple[QuerySet[Transfer], bool]:
        """By key or by subject, each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if number := before_of(term):
            return queryset.filter(subject_type="order", subject_id=number), False
        return queryset.filter(key=term), False


@admin.register(Entry)
class EntryAdmin(ReadOnly, _Entries):
    list_display = ["id", "transfer", "account", "amount", "balance_after"]
    list_select_related = ["transfer", "account"]
    search_fields = ["transfer__key"]
    search_help_text = "A whole e-mail address, or a transfer's whole key"
    ordering = ["-id"]
    show_full_result_count = False
    paginator = EstimatingPaginator

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        """A customer's entries are found by account ids, so that the index (account, id desc) serves them in order."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            accounts = Account.objects.filter(user__email=term.lower()).values_list("id", flat=True)
            return queryset.filter(account_id__in=list(accounts)), False
        return queryset.filter(transfer__key=term), False
