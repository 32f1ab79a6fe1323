"""What is on sale: the list with its search, and one service in full. Readable without an account."""

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from accounts.models import User
from orders.forms import ServiceSearch
from orders.reading import catalogue, switches
from orders.views.fragments import page_or_part

WINDOW = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Services by category with search and filters (R46, R48), at the visitor's own prices."""
    search = ServiceSearch(request.GET)
    wanted = search.wanted()
    window = catalogue.services(wanted, customer=customer_of(request), size=WINDOW, after=search.place)
    context = {
        "wanted": wanted,
        "window": window,
        "selling": switches.is_selling,
        "first_window": search.place is None,
        "platforms": catalogue.platforms(),
        "categories": catalogue.categories(platform=wanted.platform),
        "next_query": _query(request, after=window.after),
        "first_query": _query(request, after=None),
    }
    return page_or_part(request, "orders/services.html", "list", context)


@require_safe
def detail(request: HttpRequest, service_id: int) -> HttpResponse:
    """One service: what is really delivered, how fast, on which terms, and what it is not (R13, R19, R46 to R50)."""
    listed = catalogue.service(service_id, customer=customer_of(request))
    if listed is None:
        raise Http404
    return TemplateResponse(request, "orders/service.html", {"listed": listed, "selling": switches.is_selling})


def customer_of(request: HttpRequest) -> User | None:
    """The logged-in customer, or None for a visitor."""
    return request.user if isinstance(request.user, User) else None


def _query(request: HttpRequest, *, after: int | None) -> str:
    """This search from another place: the query string, without the fields that filter nothing."""
    query = request.GET.copy()
    query.pop("after", None)
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    if after is not None:
        query["after"] = str(after)
    return query.urlencode()
