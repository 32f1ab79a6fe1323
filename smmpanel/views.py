"""The public pages of no app: home and what explains the panel, theme and health."""

import sys

from django.conf import settings
from django.db.utils import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template import loader
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from policies import reading
from smmpanel import health

THEMES = ("auto", "light", "dark")
A_YEAR = 365 * 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, for whom, and how delivery and refunds work (R8)."""
    return TemplateResponse(request, "smmpanel/home.html")


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    """Queue, delivery, refunds and refill, with the numbers in force (R8)."""
    return TemplateResponse(request, "smmpanel/how_it_works.html", {"numbers": reading.numbers(now=timezone.now())})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Who runs this, what it is and what it is not (R54, R56)."""
    return TemplateResponse(request, "smmpanel/about.html", {"operator": settings.OPERATOR})


@require_safe
def responsible_use(request: HttpRequest) -> HttpResponse:
    """How to order with care, and where to set a limit (R57, refund.12.2)."""
    return TemplateResponse(request, "smmpanel/responsible_use.html")


@csrf_exempt  # changes nothing but the look, and must work for visitors who have no cookie yet
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or auto in a cookie and go back (R60). Works without JavaScript."""
    response = HttpResponseRedirect(_local(request.POST.get("next", "")))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=A_YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
        )
    return response


def _local(address: str) -> str:
    """Where to go back to: a path of this site as it was given, or else home."""
    is_path = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_path else "/"


def broken(request: HttpRequest) -> HttpResponse:
    """A page that could not be made: a fault of ours, or a database that is away or whose locks are taken.

    Then nothing was committed that the same form, sent again, would do twice.
    """
    away = isinstance(sys.exception(), OperationalError | InterfaceError)
    status, headers = (503, {"Retry-After": "10"}) if away else (500, {})
    return HttpResponse(loader.get_template(f"{status}.html").render(), status=status, headers=headers)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, is migrated, and its clock agrees with ours. Redis may be away: nothing is lost by it."""
    try:
        problems = _problems()
    except DatabaseError:
        problems = ["database"]
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)


def _problems() -> list[str]:
    migrations = ["migrations"] if health.pending_migrations() else []
    return migrations + (["clock"] if health.skew_seconds() > health.MOST_SKEW_SECONDS else [])
