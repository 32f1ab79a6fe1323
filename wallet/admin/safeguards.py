"""Wallets that are or were held back: frozen ones, and limits of spending."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.http import UserRequest
from plumbing.acts import Act, ActPages, ActRefused, ReasonForm
from plumbing.adminpages import KeptAsIs, Styled, badge
from plumbing.counting import CappedPaginator
from plumbing.templatetags.amounts import amount
from wallet.admin.people import link_to, user_id_of
from wallet.admin.sheets import Sheet, Values, sheet_url
from wallet.admin.timeline import subject_lines
from wallet.forms.staff import Freeze, StaffLimits
from wallet.models import Safeguard
from wallet.operations import safeguards
from wallet.operations.accounts import balance_of, debt_of
from wallet.operations.audit import OwnWallet

MAY_FREEZE = "wallet.can_freeze"
MAY_LIMIT = "wallet.can_limit"
OWN = "It is your own wallet: another person decides."


def _effect_of_freezing(request: UserRequest, values: Values) -> list[str]:
    customer = values["email"]
    return [
        f"{customer} has {amount(balance_of(customer.pk))} and can neither spend it nor have it paid out: "
        "on the pages and by API alike.",
        "Orders that run go on. Refunds and payments still arrive.",
        "It stays so until somebody unfreezes the wallet, with a reason.",
    ]


def _freeze(request: UserRequest, values: Values) -> str:
    customer, now = values["email"], timezone.now()
    new = safeguards.freeze_by_staff(staff=request.user, user_id=customer.pk, reason=values["reason"], now=now)
    if not new:
        raise ActRefused(f"The wallet of {customer} is frozen already.")
    return f"The wallet of {customer} is frozen."


FREEZE = Sheet(
    slug="freeze",
    name="wallet_freeze",
    title="Freeze a wallet",
    permission=MAY_FREEZE,
    intro="Stop a customer from spending, for instance while a payment is being looked into. "
    "You see the effect before it happens.",
    form=Freeze,
    effect=_effect_of_freezing,
    perform=_freeze,
    button=lambda values: f"Freeze the wallet of {values['email']}",
    grave=True,
)


def _limit(value: Any) -> str:
    return "no limit" if value is None else amount(value)


def _effect_of_limiting(request: UserRequest, values: Values) -> list[str]:
    customer = values["email"]
    if customer == request.user:
        raise ActRefused(OWN)
    now = safeguards.limits_of(customer.pk, timezone.now())
    return [
        f"Our limits for {customer} are {_limits(now.staff_daily, now.staff_monthly)}, "
        f"and will be {_limits(values['daily'], values['monthly'])}, at once.",
        f"Their own limits are {_limits(now.own_daily, now.own_monthly)}; the lower one counts.",
    ]


def _set_limits(request: UserRequest, values: Values) -> str:
    customer = values["email"]
    try:
        safeguards.set_staff_limits(
            staff=request.user,
            user_id=customer.pk,
            daily=values["daily"],
            monthly=values["monthly"],
            reason=values["reason"],
            now=timezone.now(),
        )
    except OwnWallet as own:
        raise ActRefused(OWN) from own
    return f"Limits of {customer}: {_limit(values['daily'])} a day, {_limit(values['monthly'])} a month."


LIMITS = Sheet(
    slug="limits",
    name="wallet_limits",
    title="Set our limits",
    permission=MAY_LIMIT,
    intro="Hold a customer to a limit of spending by day or month, whatever limits they set themselves. "
    "You see the effect before it happens.",
    form=StaffLimits,
    effect=_effect_of_limiting,
    perform=_set_limits,
    button=lambda values: f"Set the limits of {values['email']}",
)
SHEETS = (FREEZE, LIMITS)


def _unfreeze(request: Any, held: Safeguard, values: dict[str, object]) -> str:
    reason, now = str(values["reason"]), timezone.now()
    try:
        if not safeguards.unfreeze(staff=request.user, user_id=held.pk, reason=reason, now=now):
            raise ActRefused("Somebody was faster: it is not frozen any more.")
    except OwnWallet as own:
        raise ActRefused(OWN) from own
    return f"{held.user} can spend again."


def _effect_of_unfreezing(held: Safeguard) -> list[str]:
    owed = debt_of(held.pk)
    said = [
        f"Frozen since {held.frozen_at:%Y-%m-%d %H:%M} UTC: {held.frozen_reason}.",
        f"{held.user} can spend at once.",
    ]
    return [*said, f"They still owe {amount(owed)}; what comes in pays it first."] if owed else said


UNFREEZE: Act[Safeguard] = Act(
    slug="unfreeze",
    title="Unfreeze",
    permission=MAY_FREEZE,
    effect=_effect_of_unfreezing,
    perform=_unfreeze,
    offered=lambda held: held.frozen_at is not None,
    form=ReasonForm,
    grave=True,
)


class Frozen(admin.SimpleListFilter):
    """Frozen wallets alone."""

    title = "frozen"
    parameter_name = "frozen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Frozen now")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset.filter(frozen_at__isnull=False) if self.value() == "yes" else queryset


@admin.register(Safeguard)
class SafeguardAdmin(Styled, KeptAsIs, ActPages[Safeguard]):
    """One row for each customer whose spending is or was held back."""

    row_acts = [UNFREEZE]
    change_list_template = "admin/wallet/list.html"
    change_form_template = "admin/wallet/row.html"
    list_display = ["customer", "standing", "frozen_reason", "ours", "theirs"]
    list_display_links = ["standing"]
    list_filter = [Frozen]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    ordering = ["-user_id"]
    search_fields = ["user__email"]
    search_help_text = "A customer's whole e-mail address"
    fields = [
        "customer",
        "standing",
        ("frozen_at", "frozen_reason"),
        "ours",
        "theirs",
        "later",
        "owes",
    ]
    readonly_fields = ["customer", "standing", "ours", "theirs", "later", "owes"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Safeguard], search_term: str
    ) -> tuple[QuerySet[Safeguard], bool]:
        """By customer, through the key."""
        term = search_term.strip()
        return (queryset.filter(pk=user_id_of(term)) if term else queryset), False

    @admin.display(description="customer")
    def customer(self, held: Safeguard) -> SafeString:
        return link_to(held.user)

    @admin.display(description="state")
    def standing(self, held: Safeguard) -> SafeString:
        return badge("bad", "frozen") if held.frozen_at else badge("good", "open")

    @admin.display(description="our limits")
    def ours(self, held: Safeguard) -> str:
        return _limits(held.staff_daily, held.staff_monthly)

    @admin.display(description="their own limits")
    def theirs(self, held: Safeguard) -> str:
        if held.next_at and held.next_at <= timezone.now():
            return _limits(held.next_daily, held.next_monthly)
        return _limits(held.daily, held.monthly)

    @admin.display(description="their own, later")
    def later(self, held: Safeguard) -> str:
        if held.next_at is None or held.next_at <= timezone.now():
            return "no change"
        return f"{_limits(held.next_daily, held.next_monthly)}, from {held.next_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="owes")
    def owes(self, held: Safeguard) -> str:
        return amount(debt_of(held.pk))

    def get_urls(self) -> list[URLPattern]:
        """The pages that hold a wallet back, before the others."""
        return [*(sheet_url(self, sheet) for sheet in SHEETS), *super().get_urls()]

    def act_subject(self, row: Safeguard) -> str:
        return str(row.user)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the ways to hold a wallet back."""
        tools = [
            (each.title, reverse(f"admin:{each.name}")) for each in SHEETS if request.user.has_perm(each.permission)
        ]
        return super().changelist_view(request, {**(extra_context or {}), "tools": tools})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what happened to it, and what can be done."""
        held: Safeguard = context["original"]
        context["lines"] = subject_lines([("safeguard", held.pk)])
        context["acts"] = _acts_for(request, held)
        return super().render_change_form(request, context, *args, **kwargs)


def _acts_for(request: HttpRequest, held: Safeguard) -> list[tuple[str, str, bool]]:
    """Title, address, whether it is grave."""
    acts = []
    other = getattr(request.user, "pk", None) != held.pk
    if UNFREEZE.offered(held):
        if other and request.user.has_perm(MAY_FREEZE):
            acts.append((UNFREEZE.title, reverse("admin:wallet_safeguard_unfreeze", args=[held.pk]), True))
    elif request.user.has_perm(MAY_FREEZE):
        acts.append((FREEZE.title, f"{reverse('admin:wallet_freeze')}?email={held.user.email}", True))
    if other and request.user.has_perm(MAY_LIMIT):
        acts.append((LIMITS.title, f"{reverse('admin:wallet_limits')}?email={held.user.email}", False))
    return acts


def _limits(daily: Any, monthly: Any) -> str:
    if daily is None and monthly is None:
        return "none"
    return f"{_limit(daily)} a day, {_limit(monthly)} a month"
