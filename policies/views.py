"""The published policies as pages and files, readable without an account. A draft is no page here."""

from urllib.parse import urljoin

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from policies import feeds, reading
from policies.texts import KEPT_BY_ORDERS

FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All documents: what is in force, since when, and what is coming (S1)."""
    shelves = reading.shelves(reading.editions(), now=timezone.now())
    return TemplateResponse(request, "policies/index.html", {"shelves": shelves})


@require_safe
def current(request: HttpRequest, slug: str) -> HttpResponse:
    """The version in force (R1, S1)."""
    return _page(request, reading.current(slug=slug, now=timezone.now()))


@require_safe
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version, at an address that holds for ever."""
    return _page(request, reading.numbered(slug=slug, number=number, now=timezone.now()))


def _page(request: HttpRequest, document: reading.Document | None) -> HttpResponse:
    if document is None:
        raise Http404
    return TemplateResponse(request, "policies/document.html", {"document": document})


@require_safe
def text(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version as plain text, its checksum in the last line (D52)."""
    document = reading.numbered(slug=slug, number=number, now=timezone.now())
    if document is None:
        raise Http404
    page, file = (
        urljoin(settings.SITE_URL, reverse(f"policies:{name}", args=[slug, number])) for name in ("version", "json")
    )
    body = reading.as_text(document, address=page, json_address=file)
    return HttpResponse(body, content_type="text/plain; charset=utf-8")


@require_safe
def hashed(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The bytes that a version's checksum is computed over, so that anybody can compute it again (D52)."""
    found = reading.published(slug=slug, number=number)
    if found is None:
        raise Http404
    return HttpResponse(reading.as_json(found), content_type="application/json", headers={"Cache-Control": FOR_GOOD})


@require_safe
def difference(request: HttpRequest, slug: str, older: int, newer: int) -> HttpResponse:
    """What differs between two published versions, words and numbers (S50)."""
    before, after = (reading.published(slug=slug, number=number) for number in (older, newer))
    if before is None or after is None or older == newer:
        raise Http404
    changes = reading.changes_between(before, after, facts=reading.installation_facts())
    context = {"changes": changes, "is_kept_by_orders": slug in KEPT_BY_ORDERS, "summary": reading.summary_of(after)}
    return TemplateResponse(request, "policies/difference.html", context)


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Every version that was ever published, the newest first (S50)."""
    context = {"editions": reading.newest_first(reading.editions()), "now": timezone.now()}
    return TemplateResponse(request, "policies/changes.html", context)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The same list for feed readers (S50)."""
    body = feeds.atom(reading.newest_first(reading.editions()), site=settings.SITE_URL, site_name=settings.SITE_NAME)
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")


@require_safe
def clause_map(request: HttpRequest) -> HttpResponse:
    """Which clause is applied by which rule, and which tests hold it (R6)."""
    return TemplateResponse(request, "policies/map.html", {"parts": reading.clause_map()})
