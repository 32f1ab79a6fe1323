"""A small page for one act on one row: what it will do, why, and the button. The admin's form for what is no edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

Row = TypeVar("Row", bound=Model)


class ActRefused(Exception):
    """It could not be done; the text says why, to staff. field: of the form, where it is about one."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field


USED_BEFORE = "This form has done something else already, and nothing happened now. Open the page anew to do this too."


class BareForm(forms.Form):
    """Nothing to fill in."""

    required_css_class = "required"


class ReasonForm(BareForm):
    """Every act that changes what a customer gets says why."""

    reason = forms.CharField(
        max_length=200, help_text="What you know and from where. It is kept with your name.", widget=forms.Textarea
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Generic[Row]):
    """One thing staff may do to a row.

    slug: the end of its address, and of its URL's name. permission: as "orders.handle_order". effect: sentences shown
    before. perform: does it and answers what came of it; raises ActRefused. offered: whether it makes sense for a row.
    start: what the form begins with; a hidden field may carry what the person sees of the row, to compare it later.
    """

    slug: str
    title: str
    permission: str
    effect: Callable[[Row], Sequence[str]]
    perform: Callable[[HttpRequest, Row, dict[str, object]], str]
    offered: Callable[[Row], bool]
    form: type[forms.Form] = ReasonForm
    start: Callable[[Row], Mapping[str, object]] = lambda row: {}
    grave: bool = False  # moves money or may deliver twice: the button says so by its colour


def act_page(
    site: "ModelAdmin[Any]", request: HttpRequest, *, act: Act[Row], row: Row, subject: str, back: str
) -> HttpResponse:
    """Show an act's page, or do it and go back. subject: what it is about; back: the page it belongs to.

    Not inside the admin's own transaction: some acts make a network call, and operations commit by themselves.
    """
    if not request.user.has_perm(act.permission):
        raise PermissionDenied
    offered = act.offered(row)
    form = act.form(request.POST) if request.method == "POST" else act.form(initial=dict(act.start(row)))
    if offered and form.is_valid():
        try:
            outcome = act.perform(request, row, form.cleaned_data)
        except ActRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            site.log_change(request, row, f"{act.title}: {outcome}")
            messages.success(request, outcome)
            return HttpResponseRedirect(back)
    context = {
        **site.admin_site.each_context(request),
        "title": act.title,
        "subtitle": subject,
        "opts": site.opts,
        "act": act,
        "effect": act.effect(row) if offered else [],
        "offered": offered,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "admin/act.html", context)
