"""The staff page that says how often forecasts held, service by service."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from orders.models import ServiceHistory
from orders.reading.forecasts_kept import AIM_PERCENT, forecasts_kept, together
from plumbing.adminpages import KeptAsIs, ModelAdmin


@admin.register(ServiceHistory)
class ForecastAdmin(KeptAsIs, ModelAdmin[ServiceHistory]):
    """What a tick measured is read by rules; people read what became of the forecasts made of it."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        services = forecasts_kept(now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": "How often forecasts held",
            "opts": self.opts,
            "services": services,
            "all": together(services),
            "aim": AIM_PERCENT,
        }
        return TemplateResponse(request, "admin/orders/forecasts.html", context)
