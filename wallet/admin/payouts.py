"""Payouts as staff see them: what is asked for first, where it is to go for those who pay it, and the decision."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from plumbing.acts import USED_BEFORE, Act, ActPages, ActRefused, ReasonForm
from plumbing.adminpages import KeptAsIs, Styled, badge, id_in
from plumbing.counting import CappedPaginator
from plumbing.secrets import SecretUnreadable
from plumbing.templatetags.amounts import amount, span
from wallet import collecting
from wallet.admin.people import StateFilter, link_to, user_id_of
from wallet.admin.sheets import Sheet, Values, sheet_url
from wallet.admin.timeline import subject_lines
from wallet.forms.staff import PaidOut, RecordPayout
from wallet.models import Payout, TopUp
from wallet.operations import payouts, refusals
from wallet.operations.accounts import balances_of, debt_of

TONES = {"asked": "warn", "sending": "info", "paid": "good", "refused": "idle", "withdrawn": "idle", "failed": "bad"}
OWN = "It is your own money: another person decides."


def _pay_out(request: Any, payout: Payout, values: dict[str, object]) -> str:
    reference, now = str(values["reference"]), timezone.now()
    try:
        payouts.pay_out(staff=request.user, payout_id=payout.pk, reference=reference, now=now)
    except payouts.PayoutEnded as late:
        raise ActRefused(f"Somebody was faster: {late}.") from late
    except payouts.OwnPayout as own:
        raise ActRefused(OWN) from own
    except refusals.WalletFrozen as frozen:
        raise ActRefused("The wallet is frozen. Unfreeze it, or refuse the payout.") from frozen
    except refusals.WalletOwes as debt:
        raise ActRefused(_owes(debt.owed)) from debt
    return f"{amount(payout.amount)} to {payout.user} is paid out; they are told by mail."


def _owes(owed: Decimal) -> str:
    return f"The customer owes {amount(owed)}: refuse the payout, and the money pays the debt."


def _effect_of_paying_out(payout: Payout) -> list[str]:
    bonus = balances_of(payout.user_id).bonus
    stays = (
        f"Bonus is never paid out: {amount(bonus)} of it stays in the wallet, worth nothing to them once they leave."
    )
    return [
        f"You have sent {amount(payout.amount)} to {payout.user}, to the destination on the payout's page.",
        "The amount left the wallet when it was asked for; nothing more moves. The customer is told by mail.",
        *([stays] if bonus else []),
    ]


def _refuse(request: Any, payout: Payout, values: dict[str, object]) -> str:
    reason, now = str(values["reason"]), timezone.now()
    try:
        payouts.refuse_payout(staff=request.user, payout_id=payout.pk, reason=reason, now=now)
    except payouts.PayoutEnded as late:
        raise ActRefused(f"Somebody was faster: {late}.") from late
    except payouts.OwnPayout as own:
        raise ActRefused(OWN) from own
    return f"{amount(payout.amount)} is back in the wallet of {payout.user}; they are told by mail."


def _say_sent(request: Any, payout: Payout, values: dict[str, object]) -> str:
    reference, now = str(values["reference"]), timezone.now()
    try:
        payouts.say_sent(staff=request.user, payout_id=payout.pk, reference=reference, now=now)
    except payouts.PayoutEnded as late:
        raise ActRefused(f"Something was faster: {late}.") from late
    except payouts.OwnPayout as own:
        raise ActRefused(OWN) from own
    return f"{amount(payout.amount)} to {payout.user} has been sent back; they are told by mail."


def _say_not_sent(request: Any, payout: Payout, values: dict[str, object]) -> str:
    try:
        collecting.say_not_sent(staff=request.user, payout=payout, reason=str(values["reason"]), now=timezone.now())
    except collecting.GatewayBusy as busy:
        raise ActRefused("The gateway is being asked this moment. Try again in half a minute.") from busy
    except payouts.PayoutEnded as late:
        raise ActRefused(f"Something was faster: {late}.") from late
    except payouts.OwnPayout as own:
        raise ActRefused(OWN) from own
    return f"{amount(payout.amount)} is back in the wallet of {payout.user}; they are told by mail."


def _is_being_sent(payout: Payout) -> bool:
    return payout.state == Payout.State.SENDING


def _waits(payout: Payout) -> bool:
    return payout.state == Payout.State.ASKED


class RefuseForm(ReasonForm):
    """Why it is refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "The customer reads it. It is kept with your name."


PAY_OUT: Act[Payout] = Act(
    slug="pay",
    title="Mark as paid",
    permission=payouts.PERMISSION,
    effect=_effect_of_paying_out,
    perform=_pay_out,
    offered=_waits,
    form=PaidOut,
)
REFUSE: Act[Payout] = Act(
    slug="refuse",
    title="Refuse",
    permission=payouts.PERMISSION,
    effect=lambda payout: [
        f"{amount(payout.amount)} goes back into the wallet of {payout.user} at once; what they owe is paid from it.",
        "The customer is told by mail, with your reason.",
    ],
    perform=_refuse,
    offered=_waits,
    form=RefuseForm,
)
SENT: Act[Payout] = Act(
    slug="sent",
    title="It was sent",
    permission=payouts.PERMISSION,
    effect=lambda payout: [
        f"You have seen on the gateway's own page that {amount(payout.amount)} has gone to {payout.user}.",
        "The gateway is not asked for it again, nothing more moves, and the customer is told by mail.",
    ],
    perform=_say_sent,
    offered=_is_being_sent,
    form=PaidOut,
)
NOT_SENT: Act[Payout] = Act(
    slug="not-sent",
    title="It was not sent",
    permission=payouts.PERMISSION,
    effect=lambda payout: [
        f"You have seen on the gateway's own page that {amount(payout.amount)} has not gone to {payout.user}. "
        "A try without an answer may have been carried out all the same: look there first.",
        "The amount goes back into the wallet at once and is not sent again; the customer is told by mail.",
    ],
    perform=_say_not_sent,
    offered=_is_being_sent,
    form=ReasonForm,
    grave=True,
)
ACTS = (PAY_OUT, REFUSE, SENT, NOT_SENT)


def _effect_of_recording(request: UserRequest, values: Values) -> list[str]:
    customer, sent = values["email"], values["amount"]
    if customer.pk == request.user.pk:
        raise ActRefused(OWN)
    payable = payouts.payable_of(customer.pk)
    if sent > payable:
        raise ActRefused(f"{customer} has only {amount(payable)} of cash, which does not cover {amount(sent)}.")
    return [
        f"{amount(sent)} leaves the wallet of {customer} for good, because you have paid it to them already.",
        f"{amount(payable - sent)} of cash is left. The reference {values['reference']} is on their page.",
    ]


def _record(request: UserRequest, values: Values) -> str | SafeString:
    try:
        made = payouts.record_payout(
            staff=request.user,
            user_id=values["email"].pk,
            amount=values["amount"],
            reference=values["reference"],
            reason=values["reason"],
            key=values["key"],
            now=timezone.now(),
        )
    except refusals.InsufficientFunds as short:
        raise ActRefused(f"The wallet has only {amount(short.balance)} of cash.") from short
    except refusals.KeyUsedOtherwise as used:
        raise ActRefused(USED_BEFORE) from used
    except payouts.OwnPayout as own:
        raise ActRefused(OWN) from own
    page = reverse("admin:wallet_payout_change", args=[made.pk])
    return format_html('Recorded as <a href="{}">payout {}</a>.', page, made.pk)


RECORD = Sheet(
    slug="record",
    name="wallet_record_payout",
    title="Record a payout",
    permission=payouts.PERMISSION,
    intro="Record money that you have paid to a customer already, so that their wallet says so. "
    "You see the effect before it happens.",
    form=RecordPayout,
    effect=_effect_of_recording,
    perform=_record,
    button=lambda values: f"Record {amount(values['amount'])}",
    grave=True,
)


class Waiting(StateFilter):
    """Those that somebody has to pay or refuse, unless asked otherwise."""

    states = Payout.State.choices[1:]
    waits = (Payout.State.ASKED,)
    waits_said = "Waiting for our staff"


@admin.register(Payout)
class PayoutAdmin(Styled, KeptAsIs, ActPages[Payout]):
    """Money on its way to its owner."""

    row_acts = ACTS
    change_list_template = "admin/wallet/list.html"
    change_form_template = "admin/wallet/row.html"
    list_display = ["id", "standing", "how_much", "customer", "way", "asked_at", "age"]
    list_filter = [Waiting]
    list_select_related = ["user", "top_up"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-id"]
    search_fields = ["id"]
    search_help_text = "A payout's number, a customer's whole e-mail address, or a top-up's reference"
    fields = [
        "standing",
        "customer",
        "how_much",
        "debt",
        "way",
        "where_to",
        ("asked_at", "ended_at"),
        "reference",
        "reason",
        ("tries", "due_at", "last_error"),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Payout], search_term: str
    ) -> tuple[QuerySet[Payout], bool]:
        """By number, by customer, by top-up: each through its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if "@" in term:
            return queryset.filter(user_id=user_id_of(term)), False
        if (number := id_in(term)) is not None:
            return queryset.filter(pk=number), False
        return queryset.filter(top_up__in=TopUp.objects.filter(reference=term.upper())), False

    def get_fields(self, request: HttpRequest, obj: Payout | None = None) -> list[Any]:
        """Tries and errors belong to payouts that a gateway sends, destinations to the others."""
        by_gateway = obj is not None and obj.top_up_id is not None
        hidden = "where_to" if by_gateway else ("tries", "due_at", "last_error")
        may_read = request.user.has_perm(payouts.PERMISSION)
        return [name for name in self.fields if name != hidden and (may_read or name != "where_to")]

    def get_readonly_fields(self, request: HttpRequest, obj: Payout | None = None) -> list[str]:
        """All of them. Where it is to go is decrypted for those alone who pay it."""
        self_made = ["standing", "customer", "how_much", "debt", "way"]
        return [*self_made, "where_to"] if request.user.has_perm(payouts.PERMISSION) else self_made

    @admin.display(description="state", ordering="state")
    def standing(self, payout: Payout) -> SafeString:
        return badge(TONES[payout.state], "Waiting" if _waits(payout) else payout.get_state_display())

    @admin.display(description="customer")
    def customer(self, payout: Payout) -> SafeString:
        return link_to(payout.user)

    @admin.display(description="amount")
    def how_much(self, payout: Payout) -> str:
        return amount(payout.amount)

    @admin.display(description="owes us")
    def debt(self, payout: Payout) -> str:
        """What the customer owes now; while they do, a payout that waits is refused and not paid."""
        owed = debt_of(payout.user_id)
        return _owes(owed) if owed and _waits(payout) else amount(owed) if owed else "nothing"

    @admin.display(description="way")
    def way(self, payout: Payout) -> SafeString | str:
        if payout.top_up is None:
            return "by hand"
        page = reverse("admin:wallet_topup_change", args=[payout.top_up_id])
        return format_html('back by {}, <a href="{}">{}</a>', payout.top_up.gateway, page, payout.top_up.reference)

    @admin.display(description="open for")
    def age(self, payout: Payout) -> str:
        return span((payout.ended_at or timezone.now()) - payout.asked_at)

    @admin.display(description="destination")
    def where_to(self, payout: Payout) -> str:
        """The customer's words, decrypted."""
        try:
            return payouts.destination_of(payout) or "not said"
        except SecretUnreadable:
            return "cannot be decrypted with FIELD_KEYS; ask the customer again"

    def get_urls(self) -> list[URLPattern]:
        """The page that records one, before the others."""
        return [sheet_url(self, RECORD), *super().get_urls()]

    def act_subject(self, row: Payout) -> str:
        return f"Payout {row.pk}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the way to record one."""
        may = request.user.has_perm(payouts.PERMISSION)
        tools = [(RECORD.title, reverse(f"admin:{RECORD.name}"))] if may else []
        return super().changelist_view(request, {**(extra_context or {}), "tools": tools})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what happened to it, and the acts for whom they are."""
        payout: Payout = context["original"]
        context["lines"] = subject_lines([("payout", payout.pk)])
        other = getattr(request.user, "pk", None) != payout.user_id
        context["acts"] = self.offered(request, payout) if other else []
        return super().render_change_form(request, context, *args, **kwargs)
