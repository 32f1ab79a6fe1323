"""A small page for one act on one row: what it will do, why, and the button. The admin's form for what is no edit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from plumbing.adminpages import ModelAdmin

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


class ActPages(ModelAdmin[Row]):
    """An admin with a page for each act, below the page of its row."""

    row_acts: ClassVar[Sequence[Act[Any]]]

    def get_urls(self) -> list[URLPattern]:
        """Those of the acts before the admin's own."""
        view = self.admin_site.admin_view(self.act)
        pages = [path(f"<int:pk>/{act.slug}/", view, {"act": act}, self._name(act)) for act in self.row_acts]
        return [*pages, *super().get_urls()]

    def act(self, request: HttpRequest, pk: int, act: Act[Row]) -> HttpResponse:
        """Show an act's page, or do it."""
        rows = self.get_queryset(request).filter(pk=pk)
        if isinstance(self.list_select_related, list):  # what a line of the list needs, an act's page needs
            rows = rows.select_related(*self.list_select_related)
        row: Row | None = rows.first()
        if row is None:
            raise Http404
        return act_page(
            self, request, act=self.act_on(act, row), row=row, subject=self.act_subject(row), back=self.act_back(row)
        )

    def act_on(self, act: Act[Row], row: Row) -> Act[Row]:
        """The act as it is for this row."""
        return act

    def act_subject(self, row: Row) -> str:
        """What an act is about, in a few words."""
        return str(row)

    def act_back(self, row: Row) -> str:
        """Where it leads when it is done."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def offered(self, request: HttpRequest, row: Row) -> list[tuple[str, str, bool]]:
        """The acts that make sense now, for whom they are: title, address, whether it is grave."""
        return [
            (act.title, reverse(f"admin:{self._name(act)}", args=[row.pk]), act.grave)
            for act in self.row_acts
            if request.user.has_perm(act.permission) and act.offered(row)
        ]

    def _name(self, act: Act[Row]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.slug}"
