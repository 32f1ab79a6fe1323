"""A page on which staff type what is to happen, see its effect, and then confirm it: for acts that name a customer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from plumbing.acts import ActRefused

if TYPE_CHECKING:
    from django.contrib.admin.options import ModelAdmin

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One such page.

    slug: the end of its address. name: of its URL, in the admin's namespace. button: what confirming is called. effect:
    sentences shown before, and perform: does it and answers what came of it, both of what was typed; they raise
    ActRefused.
    """

    slug: str
    name: str
    title: str
    permission: str
    intro: str
    form: type[forms.Form]
    effect: Callable[[UserRequest, Values], Sequence[str]]
    perform: Callable[[UserRequest, Values], str | SafeString]
    button: Callable[[Values], str]
    grave: bool = False


def sheet_url(site: "ModelAdmin[Any]", sheet: Sheet) -> URLPattern:
    """The address of a sheet below a model's."""

    def view(request: UserRequest) -> HttpResponse:
        return _page(site, request, sheet)

    return path(f"{sheet.slug}/", site.admin_site.admin_view(view), name=sheet.name)


def _page(site: "ModelAdmin[Any]", request: UserRequest, sheet: Sheet) -> HttpResponse:
    """The form; sent once it shows the effect, sent again with `confirmed` it is done."""
    if not request.user.has_perm(sheet.permission):
        raise PermissionDenied
    back = reverse(f"admin:{site.opts.app_label}_{site.opts.model_name}_changelist")
    asked = request.POST or None
    form = sheet.form(asked, initial={"email": request.GET.get("email", "")})
    effect: Sequence[str] = []
    if form.is_valid() and "change" not in request.POST:
        try:
            if "confirmed" in request.POST:
                messages.success(request, sheet.perform(request, form.cleaned_data))
                return redirect(back)
            effect = sheet.effect(request, form.cleaned_data)
        except ActRefused as refusal:
            form.add_error(None, str(refusal))
    context = {
        **site.admin_site.each_context(request),
        "title": sheet.title,
        "opts": site.opts,
        "sheet": sheet,
        "form": form,
        "effect": effect,
        "button": sheet.button(form.cleaned_data) if effect else "",
        "back": back,
    }
    return TemplateResponse(request, "admin/wallet/sheet.html", context)
