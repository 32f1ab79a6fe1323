"""The orders list: tabs, search and pages, rows that follow what happens by themselves."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from orders.reading import index as reading
from orders.views.fragments import page_or_part
from plumbing import keyset

SIZE = 50
TITLES = {"all": "All", "pending": "Pending", "running": "Running", "completed": "Completed", "short": "Ended short"}


@login_required
@require_safe
def index(request: UserRequest) -> HttpResponse:
    """The customer's orders, newest first; the rows ask again while one of them is live (P9, S13)."""
    chosen = request.GET.get("status", "all")
    tab = chosen if chosen in TITLES else "all"
    words = request.GET.get("q", "").replace("\x00", "")[:200]
    before = keyset.before_of(request.GET.get("before"))
    page = reading.orders(user_id=request.user.pk, tab=tab, words=words, before=before, size=SIZE)
    context = {
        "page": page,
        "tabs": [(TITLES[each.name], each) for each in reading.tabs(user_id=request.user.pk)],
        "tab": tab,
        "words": words,
        "before": before,
    }
    return page_or_part(request, "orders/index.html", "list", context)
