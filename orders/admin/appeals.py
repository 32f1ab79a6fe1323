"""Appeals as staff see them: the oldest first, each with its receipt and its order's timeline, upheld or overturned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

import policies.operations as policies
from accounts.models import User
from accounts.names import names_of
from orders.admin.evidence import Line, lines_of
from orders.models import Order
from orders.operations import overturning, settling
from orders.reading.receipt import Receipt, receipts_on
from plumbing.acts import Act, ActPages, ActRefused
from plumbing.adminpages import KeptAsIs, Styled, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount, span
from policies import wording
from policies.models import Appeal
from policies.operations.appeals import MAY_DECIDE

TONES = {"": "warn", Appeal.Result.UPHELD.value: "idle", Appeal.Result.OVERTURNED.value: "good"}


class AnswerForm(forms.Form):
    """Why, in words that the customer reads."""

    required_css_class = "required"
    reason = forms.CharField(
        max_length=500,
        help_text="The customer reads this on the receipt and in a mail. Your name is kept, and they do not see it.",
        widget=forms.Textarea,
    )


class OverturnForm(AnswerForm):
    """And what should have been paid back for the order in all."""

    field_order = ["amount", "reason"]
    amount = forms.DecimalField(label="Paid back in all", max_digits=18, decimal_places=5)


def form_for(order: Order) -> type[OverturnForm]:
    """The form with the undelivered part filled in and the bounds of this very order."""

    class Prefilled(OverturnForm):
        amount = forms.DecimalField(
            label="Paid back in all",
            initial=max(order.refunded, settling.undelivered_part(order)),
            min_value=order.refunded,
            max_value=order.charge,
            max_digits=18,
            decimal_places=5,
            help_text=f"For the order in all: {amount(order.refunded)} went back already, {amount(order.charge)} was "
            "charged. What is new in it goes to the wallet. Filled in is the part that was not delivered.",
        )

    return Prefilled


def _order_of(appeal: Appeal) -> Order:
    return Order.objects.select_related("service", "user").get(pk=appeal.decision.subject_id)


def _uphold(request: HttpRequest, appeal: Appeal, values: dict[str, object]) -> str:
    staff, reason = cast("User", request.user), str(values["reason"])
    try:
        overturning.uphold(staff=staff, appeal_id=appeal.pk, reason=reason, now=timezone.now())
    except (policies.AppealDecided, overturning.SamePerson) as refusal:
        raise ActRefused(_refusal(refusal)) from refusal
    return "Upheld. The decision stands, and the customer is told by mail."


def _overturn(request: HttpRequest, appeal: Appeal, values: dict[str, object]) -> str:
    staff, granted = cast("User", request.user), cast("Decimal", values["amount"])
    reason = str(values["reason"])
    try:
        overturning.overturn(staff=staff, appeal_id=appeal.pk, amount=granted, reason=reason, now=timezone.now())
    except (policies.AppealDecided, overturning.SamePerson) as refusal:
        raise ActRefused(_refusal(refusal)) from refusal
    except overturning.NotGranted as refusal:
        raise ActRefused(wording.reason(refusal.reason)) from refusal
    return f"Overturned. {amount(granted)} is paid back in all, and the customer is told by mail."


def _refusal(refusal: Exception) -> str:
    if isinstance(refusal, policies.AppealDecided):
        return "Somebody was faster: this appeal has been decided. Nothing happened now."
    return "You had a part in this case: it is your own order or your own decision. Somebody else has to look at it."


def _effect_of_overturning(appeal: Appeal) -> Sequence[str]:
    order = _order_of(appeal)
    return [
        f"The difference to the {amount(order.refunded)} that went back already is paid to {order.user}, once.",
        "A new decision in your name replaces this one; both stay readable. It is final.",
        "Money is never taken away by an appeal, and the order's status stays as it is.",
    ]


UPHOLD: Act[Appeal] = Act(
    slug="uphold",
    title="Uphold: the decision stands",
    permission=MAY_DECIDE,
    effect=lambda appeal: [
        "No money moves. The customer is told your reason, and cannot appeal against this decision again."
    ],
    perform=_uphold,
    offered=lambda appeal: not appeal.result,
    form=AnswerForm,
)
OVERTURN: Act[Appeal] = Act(
    slug="overturn",
    title="Overturn: pay back more",
    permission=MAY_DECIDE,
    effect=_effect_of_overturning,
    perform=_overturn,
    offered=lambda appeal: not appeal.result,
    form=OverturnForm,
    grave=True,
)
ACTS = (UPHOLD, OVERTURN)


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody who decides an appeal looks at. barred: whether this person had a part in it."""

    receipt: Receipt
    lines: Sequence[Line]
    barred: bool


class Answered(admin.SimpleListFilter):
    """Open ones unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Appeal.Result.choices)

    def choices(self, changelist: Any) -> Any:
        """Calls the default by what it shows."""
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(result=self.value() or "")


@admin.register(Appeal)
class AppealAdmin(Styled, KeptAsIs, ActPages[Appeal]):
    """What customers want a person to look at again. They are told nothing before somebody has decided."""

    row_acts = ACTS
    list_display = ["what", "on_order", "customer", "said", "age", "standing"]
    list_filter = [Answered]
    list_select_related = ["decision", "opened_by"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["opened_at", "id"]
    search_fields = ["=decision__subject_id"]
    search_help_text = "An order's number"
    fields = ["standing", "on_order", "customer", "words", "opened_at", ("answered_by", "decided_at"), "reason"]
    readonly_fields = ["standing", "on_order", "customer", "answered_by"]
    change_form_template = "admin/orders/appeal.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        """Those about orders, which is what these pages decide."""
        found: QuerySet[Appeal] = super().get_queryset(request)
        return found.filter(decision__subject_type="order").select_related("decision", "opened_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Appeal], search_term: str
    ) -> tuple[QuerySet[Appeal], bool]:
        """By order, which an index holds."""
        if not search_term.strip():
            return queryset, False
        number = id_in(search_term.strip())
        return (queryset.none() if number is None else queryset.filter(decision__subject_id=number)), False

    @admin.display(description="decided")
    def what(self, appeal: Appeal) -> str:
        said = wording.outcome(appeal.decision.outcome, rule=appeal.decision.rule)
        return f"{said}, {amount(appeal.decision.amount)}" if appeal.decision.amount else said

    @admin.display(description="order")
    def on_order(self, appeal: Appeal) -> SafeString:
        number = appeal.decision.subject_id
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=[number]), number)

    @admin.display(description="customer")
    def customer(self, appeal: Appeal) -> SafeString:
        address = reverse("admin:accounts_user_change", args=[appeal.opened_by_id])
        return format_html('<a href="{}">{}</a>', address, appeal.opened_by.email)

    @admin.display(description="says")
    def said(self, appeal: Appeal) -> str:
        return Truncator(appeal.words).chars(80)

    @admin.display(description="open for")
    def age(self, appeal: Appeal) -> str:
        return span((appeal.decided_at or timezone.now()) - appeal.opened_at)

    @admin.display(description="state")
    def standing(self, appeal: Appeal) -> SafeString:
        return badge(TONES[appeal.result], appeal.get_result_display() if appeal.result else "Open")

    @admin.display(description="decided by")
    def answered_by(self, appeal: Appeal) -> str:
        return names_of([appeal.decided_by]).get(appeal.decided_by, appeal.decided_by or "–")

    def act_on(self, act: Act[Appeal], row: Appeal) -> Act[Appeal]:
        """What an order's amounts allow stands in the form."""
        return replace(act, form=form_for(_order_of(row))) if act is OVERTURN else act

    def act_subject(self, row: Appeal) -> str:
        return f"Appeal about order {row.decision.subject_id}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the receipt, the timeline, and the acts for whom they are."""
        appeal: Appeal = context["original"]
        context["case"] = _case(appeal, cast("User", request.user))
        context["may_decide"] = not appeal.result and request.user.has_perm(MAY_DECIDE)
        context["acts"] = self.offered(request, appeal)
        return super().render_change_form(request, context, *args, **kwargs)


def _case(appeal: Appeal, staff: User) -> Case:
    order = _order_of(appeal)
    receipts = receipts_on(order, now=timezone.now())
    return Case(
        receipt=next(receipt for receipt in receipts if receipt.decision.pk == appeal.decision_id),
        lines=lines_of(order),
        barred=not overturning.may_decide(staff=staff, decision=appeal.decision, order=order),
    )
