"""The evidence pack of any order, for staff who answer a chargeback: on one page, and as a file."""

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from orders.reading.evidence import Pack, staff_pack

PERMISSIONS = ("orders.view_order", "policies.view_decision", "wallet.view_transfer")


def page(request: HttpRequest, order_id: int) -> HttpResponse:
    """The pack with internal events, who acted, and the providers."""
    pack = _pack(request, order_id)
    back = reverse("admin:orders_order_change", args=[order_id])
    as_json = reverse("admin:orders_order_evidence_json", args=[order_id])
    context = {"pack": pack, "now": timezone.now(), "back": back, "as_json": as_json}
    return TemplateResponse(request, "orders/evidence.html", context)


def file(request: HttpRequest, order_id: int) -> FileResponse:
    """The same as JSON."""
    pack = _pack(request, order_id)
    return FileResponse(pack.as_file(now=timezone.now()), as_attachment=True, filename=pack.file_name)


def _pack(request: HttpRequest, order_id: int) -> Pack:
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    pack = staff_pack(order_id=order_id, now=timezone.now())
    if pack is None:
        raise Http404
    return pack
