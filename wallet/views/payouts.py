"""Asking for the balance back: how much can be had, what was asked for, and what became of it."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import UserRequest
from plumbing import keyset
from plumbing.secrets import SecretUnreadable
from plumbing.templatetags.amounts import amount as spell
from wallet import operations
from wallet.forms.customer import AskPayout
from wallet.models import Payout
from wallet.operations import payouts as operating
from wallet.views.holds import holds_of

SIZE = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A payout as its owner reads it."""

    payout: Payout
    destination: str


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """The form and the list. A refusal stands at its field and keeps the input; nothing has left the wallet then."""
    form = AskPayout(request.POST or None)
    if request.method == "POST" and form.is_valid() and _ask(request, form):
        messages.success(request, "Your request is with our staff. The amount is held for you and cannot be spent.")
        return redirect("wallet:payouts")
    before = keyset.before_of(request.GET.get("before"))
    page = keyset.page(operating.payouts_of(request.user.pk), before=before, size=SIZE)
    context = {
        "form": form,
        "payable": operating.payable_of(request.user.pk),
        "bonus": operations.balances_of(request.user.pk).bonus,
        "holds": holds_of(request.user.pk),
        "payouts": [Asked(payout, _destination(payout)) for payout in page.rows],
        "older_than": page.older_than,
        "is_first_page": before is None,
    }
    return TemplateResponse(request, "wallet/payouts.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def withdraw(request: UserRequest, payout_id: int) -> HttpResponse:
    """Take a request back before staff decide; the money returns at once. 404 for another's."""
    try:
        payout = operating.withdraw_payout(user_id=request.user.pk, payout_id=payout_id, now=timezone.now())
    except Payout.DoesNotExist as error:
        raise Http404 from error
    except operating.PayoutEnded:
        messages.warning(request, "This request has been decided meanwhile, so that it cannot be withdrawn.")
    else:
        messages.success(request, f"Withdrawn: {spell(payout.amount)} is back in your wallet.")
    return redirect("wallet:payouts")


def _ask(request: UserRequest, form: AskPayout) -> bool:
    """Ask, or put the refusal at its field."""
    given = form.cleaned_data
    try:
        asked = operating.ask_payout(
            user_id=request.user.pk,
            amount=given["amount"],
            destination=given["destination"],
            request_key=given["key"],
            now=timezone.now(),
        )
    except operations.InsufficientFunds:
        form.add_error("amount", f"At most {spell(operating.payable_of(request.user.pk))} can be paid out.")
    except operations.WalletFrozen:
        form.add_error(None, "Your wallet is frozen, so that nothing can be paid out of it.")
    except operations.WalletOwes as debt:
        form.add_error(None, f"You owe {spell(debt.owed)}, so that nothing can be paid out.")
    except operating.TooManyWaiting:
        most = operating.MOST_WAITING
        form.add_error(None, f"{most} requests of yours wait already. Withdraw one, or wait until one is decided.")
    except operations.KeyUsedOtherwise:
        form.renew_key()
        form.add_error(
            None, "This form has sent a request already; it stands below. Send it again to ask for this too."
        )
    else:
        if asked.state != Payout.State.ASKED:
            form.renew_key()
            form.add_error(None, _ended(asked))
    return not form.errors


def _ended(payout: Payout) -> str:
    """What to say to a form that has sent a request which does not wait any more."""
    standing = payout.get_state_display().lower()
    return f"This request was sent before and is {standing}; it stands below. Send the form again to ask anew."


def _destination(payout: Payout) -> str:
    try:
        return operating.destination_of(payout)
    except SecretUnreadable:
        return ""
