"""One payment into the wallet: how to pay it, where it stands, its receipt; and finding one that is missed."""

from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import UserRequest
from plumbing import limits
from wallet.forms.customer import FindPayment
from wallet.gateways import GATEWAYS, gateway_of
from wallet.models import TopUp
from wallet.operations import payments
from wallet.reading import top_ups as reading
from wallet.views import leads
from wallet.views.holds import holds_of

OPEN = (TopUp.State.CREATED, TopUp.State.PENDING)
FRESH = timedelta(minutes=10)  # while somebody may be paying just now
ASK_SECONDS, ASK_LATER_SECONDS = 2, 20
CHECKS_AN_HOUR = 10


@login_required
@require_safe
def detail(request: UserRequest, reference: str) -> HttpResponse:
    """A payment of one's own; 404 for another's. It asks for its part again until the payment has ended."""
    return TemplateResponse(request, "wallet/top_up.html", _context(request, reference))


@login_required
@require_safe
def state(request: UserRequest, reference: str) -> HttpResponse:
    """The part of the page that follows what happens."""
    return TemplateResponse(request, "wallet/top_up.html#state", _context(request, reference))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def missing(request: UserRequest) -> HttpResponse:
    """Find a payment by what the customer knows of it, and have its gateway asked again."""
    form = FindPayment(request.POST or None)
    context = {"form": form, "holds": holds_of(request.user.pk)}
    if request.method == "POST" and form.is_valid():
        found = payments.find_payment(user_id=request.user.pk, reference=form.cleaned_data["reference"])
        context |= {"looked": True, "found": found, "asked_again": found is not None and _ask_again(request, found)}
        context |= {"titles": reading.titles()}
    return TemplateResponse(request, "wallet/missing.html", context, status=422 if form.errors else 200)


def _context(request: UserRequest, reference: str) -> dict[str, object]:
    top_up = payments.top_ups_of(request.user.pk).filter(reference=reference).first()
    if top_up is None:
        raise Http404
    method = reading.method_of(top_up)
    fresh = timezone.now() - top_up.created_at < FRESH
    return {
        "top_up": top_up,
        "method": method,
        "method_title": method.title if method else top_up.gateway.capitalize(),
        "by_hand": top_up.gateway in GATEWAYS and gateway_of(top_up.gateway).confirmed_by_staff,
        "waits": top_up.state in OPEN,
        "pay_url": top_up.pay_url if leads.link_may_lead_to(top_up.pay_url) else "",
        "again_in": ASK_SECONDS if fresh else ASK_LATER_SECONDS,
        "rejection": reading.rejection_of(top_up) if top_up.state == TopUp.State.REJECTED else "",
        "kept": max(top_up.credited - top_up.lost, Decimal(0)),
    }


def _ask_again(request: UserRequest, top_up: TopUp) -> bool:
    """Whether the gateway is asked: not more than a few times an hour, and not where there is nothing to ask."""
    if not limits.allow(key=f"payment-check:{request.user.pk}", limit=CHECKS_AN_HOUR, period_seconds=3600):
        return False
    return payments.check_again(user_id=request.user.pk, top_up_id=top_up.pk, now=timezone.now())
