"""Ways to pay, bonus rules and the limits of what staff may do: edited by the owner, each edit recorded."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from plumbing.adminpages import ModelAdmin, ModelForm, NeverDeleted, Styled, badge, edited
from plumbing.templatetags.amounts import amount
from wallet.admin.timeline import subject_lines
from wallet.gateways import GATEWAYS, gateway_of
from wallet.models import BonusRule, MoneyRules, PaymentMethod
from wallet.operations import corrections, terms

ROW = "admin/wallet/row.html"
MOST_FEE = Decimal(50)
MOST_BONUS = Decimal(100)


def percent_of(basis_points: int) -> str:
    """Hundredths of a percent as people write them: 250 → "2.5 %"."""
    return f"{basis_points / 100:g} %"


class MethodForm(ModelForm[PaymentMethod]):
    """Takes the fee in percent, and says at its field what cannot be."""

    percent = forms.DecimalField(
        label="Fee in percent",
        min_value=0,
        max_value=MOST_FEE,
        decimal_places=2,
        help_text="Of the amount, on top of it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["percent"] = Decimal(self.instance.fee_basis_points) / 100

    def clean(self) -> dict[str, Any]:
        """The percentage as the column holds it; a maximum that is one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (percent := cleaned.get("percent")) is not None:
            cleaned["fee_basis_points"] = int(percent * 100)
        least, most = cleaned.get("minimum"), cleaned.get("maximum")
        if least is not None and least <= 0:
            self.add_error("minimum", "Nobody adds nothing.")
        if least is not None and most is not None and most < least:
            self.add_error("maximum", "That is below the minimum.")
        if (fixed := cleaned.get("fee_fixed")) is not None and fixed < 0:
            self.add_error("fee_fixed", "A fee is not negative.")
        return cleaned


class RuleForm(ModelForm[BonusRule]):
    """Takes the bonus in percent."""

    percent = forms.DecimalField(
        label="Bonus in percent",
        min_value=Decimal("0.01"),
        max_value=MOST_BONUS,
        decimal_places=2,
        help_text="Of the amount that is added. It is spent first and never paid out.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["percent"] = Decimal(self.instance.basis_points) / 100

    def clean(self) -> dict[str, Any]:
        """The percentage as the column holds it; an amount that can be added."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if (percent := cleaned.get("percent")) is not None:
            cleaned["basis_points"] = self.instance.basis_points = int(percent * 100)
        if (least := cleaned.get("from_amount")) is not None and least <= 0:
            self.add_error("from_amount", "A bonus begins at some amount.")
        return cleaned


class RulesForm(ModelForm[MoneyRules]):
    """Says at its field what cannot be."""

    def clean(self) -> dict[str, Any]:
        """Amounts that are none below zero."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("second_person_above", "goodwill_monthly"):
            if cleaned.get(name, 0) < 0:
                self.add_error(name, "An amount here is not negative.")
        return cleaned


class Recorded(Styled):
    """Mixed into pages of terms: below the form stands who changed what."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With its record."""
        if row := context.get("original"):
            context["lines"] = subject_lines([(terms.subject_of(type(row)), row.pk)])
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return page


@admin.register(PaymentMethod)
class PaymentMethodAdmin(Recorded, NeverDeleted, ModelAdmin[PaymentMethod]):
    """The terms of each way to pay. They come with the installation; a gateway without its keys is not offered."""

    form = MethodForm
    change_form_template = ROW
    list_display = ["title", "gateway", "standing", "minimum", "maximum", "fee", "position"]
    ordering = ["position", "id"]
    fieldsets = [
        (None, {"fields": ["gateway", "standing", "title", "is_offered", "position"]}),
        ("An amount", {"fields": [("minimum", "maximum")]}),
        ("Fee, paid by the customer on top", {"fields": [("percent", "fee_fixed")]}),
        ("How to pay", {"fields": ["instructions"], "description": "Shown where staff confirm what arrived."}),
    ]
    readonly_fields = ["gateway", "standing"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="offered")
    def standing(self, method: PaymentMethod) -> SafeString:
        if method.gateway not in GATEWAYS or not gateway_of(method.gateway).is_ready():
            return badge("idle", "no: its keys are not set")
        if gateway_of(method.gateway).confirmed_by_staff and not method.instructions.strip():
            return badge("warn", "no: nobody has said how to pay")
        return badge("good", "yes") if method.is_offered else badge("idle", "no: switched off")

    @admin.display(description="fee")
    def fee(self, method: PaymentMethod) -> str:
        parts = [percent_of(method.fee_basis_points)] if method.fee_basis_points else []
        parts += [amount(method.fee_fixed)] if method.fee_fixed else []
        return " and ".join(parts) or "none"

    def save_model(self, request: Any, obj: PaymentMethod, form: MethodForm, change: bool) -> None:
        """Write what was edited, with its record."""
        names = [field.name for field in PaymentMethod._meta.concrete_fields]
        values = edited(form.cleaned_data, names)
        terms.edit_terms(staff=request.user, row=PaymentMethod, pk=obj.pk, values=values, now=timezone.now())


@admin.register(BonusRule)
class BonusRuleAdmin(Recorded, ModelAdmin[BonusRule]):
    """From which amount on a top-up brings how much bonus."""

    form = RuleForm
    change_form_template = ROW
    list_display = ["from_amount", "bonus", "is_active"]
    ordering = ["from_amount"]
    fields = ["from_amount", "percent", "is_active"]

    @admin.display(description="bonus")
    def bonus(self, rule: BonusRule) -> str:
        return percent_of(rule.basis_points)

    def save_model(self, request: Any, obj: BonusRule, form: RuleForm, change: bool) -> None:
        """Write it, with its record."""
        values, now = edited(form.cleaned_data, ["from_amount", "basis_points", "is_active"]), timezone.now()
        if change:
            terms.edit_terms(staff=request.user, row=BonusRule, pk=obj.pk, values=values, now=now)
        else:
            obj.pk = terms.add_bonus_rule(staff=request.user, values=values, now=now).pk

    def delete_model(self, request: Any, obj: BonusRule) -> None:
        """Remove it, recorded."""
        terms.remove_bonus_rule(staff=request.user, rule_id=obj.pk, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[BonusRule]) -> None:
        """Remove each of the chosen ones, recorded."""
        for rule in queryset:
            self.delete_model(request, rule)


@admin.register(MoneyRules)
class MoneyRulesAdmin(Recorded, NeverDeleted, ModelAdmin[MoneyRules]):
    """One row: above what a correction takes two people, and the month's goodwill."""

    form = RulesForm
    change_form_template = ROW
    fields = ["second_person_above", "goodwill_monthly", "given"]
    readonly_fields = ["given"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="given this month")
    def given(self, rules: MoneyRules) -> str:
        return amount(corrections.goodwill_budget(now=timezone.now()).given)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Go to the one row there is."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        return HttpResponseRedirect(reverse("admin:wallet_moneyrules_change", args=[corrections.money_rules().pk]))

    def save_model(self, request: Any, obj: MoneyRules, form: Any, change: bool) -> None:
        """Write what was edited, with its record."""
        values = edited(form.cleaned_data, ["second_person_above", "goodwill_monthly"])
        terms.edit_terms(staff=request.user, row=MoneyRules, pk=obj.pk, values=values, now=timezone.now())
