"""One order's page: where it stands, why, and what comes next; it follows the delivery by itself."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from orders.reading.page import page_of
from orders.views.fragments import page_or_part


@login_required
@require_safe
def detail(request: UserRequest, order_id: int) -> HttpResponse:
    """The owner's view of an order; 404 for everybody else's (R4, R39, S13). The part asks again until it has ended."""
    now = timezone.now()
    page = page_of(order_id=order_id, user_id=request.user.pk, now=now)
    if page is None:
        raise Http404
    context = {"page": page, "now": now, "again_in": page.ask_again_in(now)}
    return page_or_part(request, "orders/order.html", "live", context)
