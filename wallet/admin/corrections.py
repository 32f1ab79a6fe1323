"""Corrections of wallets as staff ask for them and decide on them, and goodwill."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from plumbing.acts import USED_BEFORE, Act, ActPages, ActRefused, BareForm, ReasonForm
from plumbing.adminpages import KeptAsIs, Styled, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount
from wallet.admin.people import StateFilter, link_to, user_id_of
from wallet.admin.sheets import Sheet, Values, sheet_url
from wallet.admin.timeline import subject_lines
from wallet.forms.staff import CorrectWallet, GiveGoodwill
from wallet.models import Adjustment
from wallet.operations import corrections, refusals
from wallet.operations.audit import OwnWallet

TONES = {"waiting": "warn", "done": "good", "refused": "idle"}


def _effect_of_correcting(request: UserRequest, values: Values) -> list[str]:
    customer, by = values["email"], values["amount"]
    effect = corrections.effect_of_adjustment(staff=request.user, user_id=customer.pk, amount=by, now=timezone.now())
    if not effect.covered:
        raise ActRefused(f"{customer} has only {amount(effect.before)} of cash, which does not cover {amount(-by)}.")
    limit = amount(corrections.money_rules().second_person_above)
    own = customer.pk == request.user.pk
    why = "It is your own wallet" if own else f"It is above {limit}"
    waits = f"{why}: nothing moves before another person approves it."
    return [
        f"{customer} has {amount(effect.before)} of cash and will have {amount(effect.after)}.",
        f"On the statement: Correction, {amount(by)}. {values['reason']}",
        waits if effect.needs_second_person else "It happens at once. A mistake is put right by another correction.",
    ]


def _correct(request: UserRequest, values: Values) -> str | SafeString:
    customer = values["email"]
    try:
        made = corrections.adjust(
            staff=request.user,
            user_id=customer.pk,
            amount=values["amount"],
            reason=values["reason"],
            key=values["key"],
            now=timezone.now(),
        )
    except refusals.InsufficientFunds as short:
        raise ActRefused(f"{customer} has only {amount(short.balance)} of cash.") from short
    except refusals.KeyUsedOtherwise as used:
        raise ActRefused(USED_BEFORE) from used
    page = reverse("admin:wallet_adjustment_change", args=[made.pk])
    said = "waits for another person" if made.state == Adjustment.State.WAITING else "is done"
    return format_html('<a href="{}">Correction {}</a> of {} {}.', page, made.pk, amount(made.amount), said)


CORRECT = Sheet(
    slug="correct",
    name="wallet_correct",
    title="Correct a wallet",
    permission=corrections.MAY_ADJUST,
    intro="Change a customer's cash where something went wrong that no other page puts right. "
    "You see the effect before it happens.",
    form=CorrectWallet,
    effect=_effect_of_correcting,
    perform=_correct,
    button=lambda values: f"Correct by {amount(values['amount'])}",
    grave=True,
)


def _effect_of_goodwill(request: UserRequest, values: Values) -> list[str]:
    customer, gift = values["email"], values["amount"]
    if customer.pk == request.user.pk:
        raise ActRefused("Nobody gives goodwill to themselves.")
    budget = corrections.goodwill_budget(now=timezone.now())
    if gift > budget.left:
        raise ActRefused(_beyond(budget))
    return [
        f"{customer} gets {amount(gift)} of bonus: it is spent first and never paid out.",
        f"On the statement: Goodwill. {corrections.OUTSIDE}{values['reason']}",
        f"{amount(budget.left - gift)} of this month's {amount(budget.monthly)} is left then.",
    ]


def _give(request: UserRequest, values: Values) -> str | SafeString:
    now = timezone.now()
    try:
        given = corrections.give_goodwill(
            staff=request.user,
            user_id=values["email"].pk,
            amount=values["amount"],
            reason=values["reason"],
            key=values["key"],
            now=now,
        )
    except corrections.BudgetExceeded as beyond:
        raise ActRefused(_beyond(corrections.goodwill_budget(now=now))) from beyond
    except OwnWallet as own:
        raise ActRefused("Nobody gives goodwill to themselves.") from own
    except refusals.KeyUsedOtherwise as used:
        raise ActRefused(USED_BEFORE) from used
    page = reverse("admin:wallet_transfer_change", args=[given.pk])
    return format_html('Given as <a href="{}">transfer {}</a>.', page, given.pk)


def _beyond(budget: corrections.Budget) -> str:
    return f"Of this month's {amount(budget.monthly)}, {amount(budget.left)} is left. The owner sets the budget."


GOODWILL = Sheet(
    slug="goodwill",
    name="wallet_goodwill",
    title="Give goodwill",
    permission=corrections.MAY_GIVE,
    intro="Give a customer some bonus that no policy owes them, out of this month's budget. "
    "You see the effect, and what is left of the budget, before it happens.",
    form=GiveGoodwill,
    effect=_effect_of_goodwill,
    perform=_give,
    button=lambda values: f"Give {amount(values['amount'])}",
)


def _approve(request: Any, adjustment: Adjustment, values: dict[str, object]) -> str:
    try:
        corrections.approve_adjustment(staff=request.user, adjustment_id=adjustment.pk, now=timezone.now())
    except refusals.InsufficientFunds as short:
        raise ActRefused(f"The wallet has only {amount(short.balance)} of cash. The correction still waits.") from short
    except (corrections.SamePerson, corrections.AlreadyDecided) as refusal:
        raise ActRefused(_refusal(refusal)) from refusal
    return f"{amount(adjustment.amount)} for {adjustment.user} is booked."


def _refuse(request: Any, adjustment: Adjustment, values: dict[str, object]) -> str:
    reason, now = str(values["reason"]), timezone.now()
    try:
        corrections.refuse_adjustment(staff=request.user, adjustment_id=adjustment.pk, reason=reason, now=now)
    except (corrections.SamePerson, corrections.AlreadyDecided) as refusal:
        raise ActRefused(_refusal(refusal)) from refusal
    return f"The correction of {amount(adjustment.amount)} for {adjustment.user} is refused."


def _refusal(refusal: Exception) -> str:
    if isinstance(refusal, corrections.SamePerson):
        return "You asked for it, or it is your wallet: another person decides."
    return f"Somebody was faster: {refusal}."


def _asked(adjustment: Adjustment) -> str:
    return f"{adjustment.asked_by} asked for {amount(adjustment.amount)} for {adjustment.user}: {adjustment.reason}"


def _waits(adjustment: Adjustment) -> bool:
    return adjustment.state == Adjustment.State.WAITING


def _effect_of_approving(adjustment: Adjustment) -> list[str]:
    cash = corrections.cash_of(adjustment.user_id)
    return [
        _asked(adjustment),
        f"The wallet has {amount(cash)} of cash and will have {amount(cash + adjustment.amount)}.",
    ]


APPROVE: Act[Adjustment] = Act(
    slug="approve",
    title="Approve",
    permission=corrections.MAY_DECIDE,
    effect=_effect_of_approving,
    perform=_approve,
    offered=_waits,
    form=BareForm,
    grave=True,
)
REFUSE: Act[Adjustment] = Act(
    slug="refuse",
    title="Refuse",
    permission=corrections.MAY_DECIDE,
    effect=lambda adjustment: [_asked(adjustment), "Nothing moves, and the correction is closed."],
    perform=_refuse,
    offered=_waits,
    form=ReasonForm,
)
ACTS = (APPROVE, REFUSE)


class Waiting(StateFilter):
    """Those that wait for a second person, unless asked otherwise."""

    states = Adjustment.State.choices[1:]
    waits = (Adjustment.State.WAITING,)


@admin.register(Adjustment)
class AdjustmentAdmin(Styled, KeptAsIs, ActPages[Adjustment]):
    """Corrections: who asked, who decided, why."""

    row_acts = ACTS
    change_list_template = "admin/wallet/list.html"
    change_form_template = "admin/wallet/row.html"
    list_display = ["id", "standing", "by_how_much", "customer", "reason", "asked_by"]
    list_filter = [Waiting]
    list_select_related = ["user", "asked_by"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["id"]
    search_help_text = "A correction's number, or a customer's whole e-mail address"
    fields = [
        "standing",
        "customer",
        "by_how_much",
        "reason",
        ("asked_by", "asked_at"),
        ("decided_by", "decided_at"),
        "refusal",
    ]
    readonly_fields = ["standing", "customer", "by_how_much"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Adjustment], search_term: str
    ) -> tuple[QuerySet[Adjustment], bool]:
        """By number or by customer, each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user_id=user_id_of(term)), False
        return queryset.filter(pk=id_in(term) or 0), False

    @admin.display(description="state", ordering="state")
    def standing(self, adjustment: Adjustment) -> SafeString:
        waits = adjustment.state == Adjustment.State.WAITING
        return badge(TONES[adjustment.state], "Waiting" if waits else adjustment.get_state_display())

    @admin.display(description="customer")
    def customer(self, adjustment: Adjustment) -> SafeString:
        return link_to(adjustment.user)

    @admin.display(description="amount")
    def by_how_much(self, adjustment: Adjustment) -> str:
        return amount(adjustment.amount)

    def get_urls(self) -> list[URLPattern]:
        """The pages that begin a correction or goodwill, before the others."""
        return [sheet_url(self, CORRECT), sheet_url(self, GOODWILL), *super().get_urls()]

    def act_subject(self, row: Adjustment) -> str:
        return f"Correction {row.pk}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the ways to begin one."""
        tools = [(sheet.title, reverse(f"admin:{sheet.name}")) for sheet in _sheets_of(request)]
        return super().changelist_view(request, {**(extra_context or {}), "tools": tools})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what happened to it, and the acts for whom they are."""
        adjustment: Adjustment = context["original"]
        context["lines"] = subject_lines([("adjustment", adjustment.pk)])
        other = getattr(request.user, "pk", None) not in (adjustment.asked_by_id, adjustment.user_id)
        context["acts"] = self.offered(request, adjustment) if other else []
        return super().render_change_form(request, context, *args, **kwargs)


def _sheets_of(request: HttpRequest) -> list[Sheet]:
    return [sheet for sheet in (CORRECT, GOODWILL) if request.user.has_perm(sheet.permission)]
