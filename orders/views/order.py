"""One order's page: where it stands, why, and what comes next; it follows by itself. And taking the order back."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from orders.models import Order
from orders.operations import cancelling, refilling
from orders.reading.page import page_of
from orders.views.fragments import page_or_part
from policies import wording

DONE = "The order is canceled. What was not delivered is paid back to your wallet."
REFILLING = "We are asking the provider for a refill. This page says what comes of it."
ASKED = "We are asking the provider to cancel it, and nothing more of it is sent. This page says what comes of it."


@login_required
@require_safe
def detail(request: UserRequest, order_id: int) -> HttpResponse:
    """The owner's view of an order; 404 for everybody else's (R4, R39, S13). The part asks again until it has ended."""
    now = timezone.now()
    page = page_of(order_id=order_id, user_id=request.user.pk, now=now)
    if page is None:
        raise Http404
    context = {
        "page": page,
        "now": now,
        "again_in": page.ask_again_in(now),
        "refill": refilling.foresee(page.order, now=now),
    }
    return page_or_part(request, "orders/order.html", "live", context)


@login_required
@require_POST
def refill(request: UserRequest, order_id: int) -> HttpResponse:
    """Ask for a refill (R42). The page that follows says what came of it."""
    try:
        refilling.request_refill(user_id=request.user.pk, order_id=order_id, now=timezone.now())
    except Order.DoesNotExist as error:
        raise Http404 from error
    except refilling.NotNow as refused:
        messages.warning(request, wording.reason(refused.reason))
    else:
        messages.success(request, REFILLING)
    return HttpResponseRedirect(reverse("orders:detail", args=[order_id]))


@login_required
@require_POST
def cancel(request: UserRequest, order_id: int) -> HttpResponse:
    """Take back an order, or ask its provider to (R3). The page that follows says what came of it."""
    try:
        done = cancelling.cancel_order(user_id=request.user.pk, order_id=order_id, now=timezone.now())
    except Order.DoesNotExist as error:
        raise Http404 from error
    except cancelling.TooLate as refused:
        messages.warning(request, f"It was too late to cancel. {wording.reason(refused.reason)}")
    else:
        messages.success(request, DONE if done else ASKED)
    return HttpResponseRedirect(reverse("orders:detail", args=[order_id]))
