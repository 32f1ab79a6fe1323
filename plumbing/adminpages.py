"""What staff pages share: admin classes that take a type, rows nobody edits, badges, who acts."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

__all__ = [
    "BIGGEST_ID",
    "KeptAsIs",
    "ModelAdmin",
    "ModelForm",
    "NeverDeleted",
    "Styled",
    "TabularInline",
    "actor_of",
    "badge",
    "edited",
    "id_in",
]

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.forms import ModelForm
else:  # Django's own, generic for the type checker only

    class _Generic:
        def __class_getitem__(cls, _):
            return cls

    class ModelAdmin(_Generic, admin.ModelAdmin):
        """A model's pages."""

    class TabularInline(_Generic, admin.TabularInline):
        """Rows below a page's row."""

    class ModelForm(_Generic, forms.ModelForm):
        """A model's form."""


BIGGEST_ID = 2**63 - 1


class Styled:
    """Mixed into an admin whose pages show badges and facts."""

    class Media:
        css = {"all": ["css/tokens.css", "css/staff.css"]}


class KeptAsIs:
    """Mixed into an admin whose rows are written by operations alone: looked at, never added, edited or deleted."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NeverDeleted:
    """Mixed into an admin whose rows others point to for good."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def actor_of(request: HttpRequest) -> str:
    """Who acts, as events and changes name them."""
    return f"staff:{request.user.pk}"


def badge(tone: str, text: str) -> SafeString:
    """A coloured word. tone: good, warn, bad, info, idle, or an order status."""
    return format_html('<span class="badge badge-{}">{}</span>', tone, text)


def id_in(text: str) -> int | None:
    """The id that somebody searches for, None if the text is no possible id."""
    if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= BIGGEST_ID:
        return int(text)
    return None


def edited(cleaned: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Those of a form's values whose columns somebody edited."""
    return {name: cleaned[name] for name in names if name in cleaned}
