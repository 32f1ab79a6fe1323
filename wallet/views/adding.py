"""Adding funds: what it costs and brings while typing, and the way to the payment."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import UserRequest
from policies.rules.payments import Quote
from wallet import collecting, operations
from wallet.forms.customer import AddFunds
from wallet.models import TopUp
from wallet.operations import payments
from wallet.reading import top_ups as reading
from wallet.views import leads
from wallet.views.holds import Holds, holds_of

RECENT = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form comes to now. quoted: None until amount and way to pay make sense. error: at the amount."""

    quoted: Quote | None
    error: str
    balance: Decimal
    holds: Holds

    @property
    def goes_to_debt(self) -> Decimal:
        """What of the amount pays what is owed."""
        return min(self.quoted.amount, self.holds.owed) if self.quoted else Decimal(0)

    @property
    def balance_after(self) -> Decimal:
        """What can be spent once the payment has arrived."""
        brings = self.quoted.amount + self.quoted.bonus if self.quoted else Decimal(0)
        return self.balance + brings - self.goes_to_debt


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: UserRequest) -> HttpResponse:
    """The form. Sent, it leads to the gateway, or to the page that says how to pay; a refusal keeps the input."""
    form = _form(request)
    if request.method != "POST":
        return _page(request, form)
    if form.is_valid() and "show" not in request.POST:
        top_up = _start(request, form)
        if top_up is not None:
            return _onwards(top_up)
    return _page(request, form, status=422 if form.errors else 200)


@login_required
@require_POST
def quote(request: UserRequest) -> HttpResponse:
    """The part of the form that follows the typing."""
    form = _form(request)
    context = {"draft": _draft(request, form), "form": form, "swapped": True}
    return TemplateResponse(request, "wallet/add.html#following", context)


def _form(request: UserRequest) -> AddFunds:
    given = {name: request.GET[name] for name in ("amount", "gateway") if name in request.GET}
    return AddFunds(request.POST or None, methods=collecting.methods_ready(), initial=given)


def _draft(request: UserRequest, form: AddFunds) -> Draft:
    """Quote what is typed, or what the address asked for; say what is wrong with it once the field was left."""
    quoted, error = None, ""
    if not form.is_bound:
        form = AddFunds({"gateway": form.chosen, **form.initial}, methods=collecting.methods_ready())
    form.is_valid()
    wanted, gateway = form.cleaned_data.get("amount"), form.cleaned_data.get("gateway")
    if wanted and gateway:
        try:
            quoted = payments.quote_top_up(gateway=gateway, amount=wanted)
        except payments.TopUpRefused as refused:
            error = str(refused)
    error = error or " ".join(map(str, form.errors.get("amount", [])))
    return Draft(
        quoted,
        error if form.has_touched("amount") else "",
        operations.balance_of(request.user.pk),
        holds_of(request.user.pk),
    )


def _start(request: UserRequest, form: AddFunds) -> TopUp | None:
    """Begin the payment, or put the refusal at its field."""
    try:
        return collecting.start_payment(
            user_id=request.user.pk,
            gateway=form.cleaned_data["gateway"],
            amount=form.cleaned_data["amount"],
            request_key=form.cleaned_data["key"],
            now=timezone.now(),
        )
    except payments.TopUpRefused as refused:
        form.add_error(refused.field, str(refused))
    except operations.KeyUsedOtherwise:
        form.renew_key()
        form.add_error(None, "This form has begun a payment already; it stands below. Send it again to begin this one.")
    return None


def _onwards(top_up: TopUp) -> HttpResponse:
    """To the gateway at once where browsers let a form lead there; else to our page, which has a link to it."""
    if top_up.state == TopUp.State.PENDING and leads.form_may_lead_to(top_up.pay_url):
        return HttpResponseRedirect(top_up.pay_url)
    return redirect("wallet:top-up", top_up.reference)


def _page(request: UserRequest, form: AddFunds, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "draft": _draft(request, form),
        "holds": holds_of(request.user.pk),
        "methods": collecting.methods_ready(),
        "bonus_rules": reading.bonus_rules(),
        "recent": payments.top_ups_of(request.user.pk)[:RECENT],
        "titles": reading.titles(),
    }
    return TemplateResponse(request, "wallet/add.html", context, status=status)
