"""What needs a person, the oldest first: where staff begin their day."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orders.admin import attention, words
from orders.models import Flag
from orders.operations import flags
from plumbing.acts import Act, ActRefused, ReasonForm, act_page
from plumbing.adminpages import KeptAsIs, ModelAdmin, Styled, actor_of, badge, id_in

PERMISSION = "orders.handle_order"
MOST_AT_ONCE = 100


def _dismiss(request: HttpRequest, flag: Flag, values: dict[str, object]) -> str:
    reason, by, now = str(values["reason"]), actor_of(request), timezone.now()
    try:
        flags.dismiss_flag(flag_id=flag.pk, by=by, reason=reason, now=now)
    except flags.AlreadyResolved as late:
        raise ActRefused("It has been closed already.") from late
    except flags.StillUndecided as undecided:
        raise ActRefused(
            "It waits for a decision, which is made on the page of its order or of its appeal."
        ) from undecided
    return f"Dismissed: {words.flag(flag.kind)}."


DISMISS: Act[Flag] = Act(
    slug="dismiss",
    title="Dismiss",
    permission=PERMISSION,
    effect=lambda flag: [
        f"{words.flag_advice(flag.kind)}",
        "Dismissing says that nothing more is to be done. Nothing is sent and no money moves.",
    ],
    perform=_dismiss,
    offered=lambda flag: flag.resolved_at is None and flag.kind != flags.APPEALED,
)


class ChosenForm(ReasonForm):
    """Why, and which flags: those that the person saw."""

    flag = forms.TypedMultipleChoiceField(coerce=int, widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, flags_chosen: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["flag"].choices = [(pk, str(pk)) for pk in flags_chosen]  # type: ignore[attr-defined]
        self.fields["flag"].initial = list(flags_chosen)


@admin.register(Flag)
class FlagAdmin(Styled, KeptAsIs, ModelAdmin[Flag]):
    """Needs a person. Raised by the engine once while it lasts, closed by a decision or by dismissing it."""

    fields = ["what", "on_order", "advice", "facts", "raised_at", ("resolved_at", "resolved_by"), "resolution"]
    readonly_fields = ["what", "on_order", "advice"]
    change_form_template = "admin/orders/flag.html"

    @admin.display(description="what")
    def what(self, flag: Flag) -> SafeString:
        return badge("idle" if flag.resolved_at else "warn", words.flag(flag.kind))

    @admin.display(description="order")
    def on_order(self, flag: Flag) -> SafeString:
        address = reverse("admin:orders_order_change", args=[flag.order_id])
        return format_html('<a href="{}">{}</a>', address, flag.order_id)

    @admin.display(description="to do")
    def advice(self, flag: Flag) -> str:
        return words.flag_advice(flag.kind)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Named by the action below (decision 27)."""
        return request.user.has_perm(PERMISSION)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The page *needs a person* stands where the list of a model stands."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Needs a person",
            "opts": self.opts,
            "media": self.media,
            **attention.context_of(request),
        }
        return TemplateResponse(request, "admin/orders/needs_person.html", context)

    def get_urls(self) -> list[URLPattern]:
        """Pages to dismiss one, and the chosen ones."""
        view = self.admin_site.admin_view
        return [
            path("dismiss/", view(self.dismiss_chosen), name="orders_flag_dismiss_chosen"),
            path("<int:pk>/dismiss/", view(self.dismiss_one), name="orders_flag_dismiss"),
            *super().get_urls(),
        ]

    def dismiss_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say why nothing is to be done about it."""
        flag = Flag.objects.select_related("run").filter(pk=pk).first()
        if flag is None:
            raise Http404
        back = attention.way_back(request, reverse("admin:orders_order_change", args=[flag.order_id]))
        return act_page(self, request, act=DISMISS, row=flag, subject=f"Order {flag.order_id}", back=back)

    def dismiss_chosen(self, request: HttpRequest) -> HttpResponse:
        """Say once why nothing is to be done about several."""
        if not self.has_handle_permission(request):
            raise PermissionDenied
        asked = request.POST if request.method == "POST" else request.GET
        back = attention.way_back(request, attention.address("reports"))
        numbers = [number for text in asked.getlist("flag")[:MOST_AT_ONCE] if (number := id_in(text)) is not None]
        chosen = list(Flag.objects.filter(pk__in=numbers, resolved_at__isnull=True).order_by("pk"))
        if not chosen:
            messages.warning(request, "Nothing was dismissed: choose what nothing is to be done about.")
            return HttpResponseRedirect(back)
        form = ChosenForm(request.POST or None, flags_chosen=numbers)
        if form.is_valid():
            self._dismiss_each(request, chosen, form.cleaned_data)
            return HttpResponseRedirect(back)
        return TemplateResponse(request, "admin/act.html", self._asking(request, chosen, form, back))

    def _dismiss_each(self, request: HttpRequest, chosen: Sequence[Flag], values: dict[str, object]) -> None:
        refused = []
        for flag in chosen:
            try:
                self.log_change(request, flag, f"{DISMISS.title}: {_dismiss(request, flag, values)}")
            except ActRefused as refusal:
                refused.append(f"Order {flag.order_id}: {refusal}")
        messages.success(request, f"{len(chosen) - len(refused)} of {len(chosen)} dismissed.")
        for sentence in refused:
            messages.warning(request, sentence)

    def _asking(self, request: HttpRequest, chosen: Sequence[Flag], form: ChosenForm, back: str) -> dict[str, Any]:
        kinds = Counter(words.flag(flag.kind) for flag in chosen)
        return {
            **self.admin_site.each_context(request),
            "title": f"Dismiss {len(chosen)}",
            "subtitle": "Needs a person",
            "opts": self.opts,
            "act": DISMISS,
            "effect": [
                "Of orders " + ", ".join(str(flag.order_id) for flag in chosen) + ".",
                *(f"{number} × {said}" for said, number in kinds.items()),
                "Dismissing says that nothing more is to be done. Nothing is sent and no money moves.",
            ],
            "offered": True,
            "form": form,
            "back": back,
        }

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the way to dismiss it."""
        flag: Flag = context["original"]
        context["dismissable"] = DISMISS.offered(flag) and self.has_handle_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)
