"""What happens around every request, and belongs to no app."""

import zoneinfo
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

GetResponse = Callable[[HttpRequest], HttpResponse]


API_PATHS = ("/api/", "/webhooks/")
NOTHING_FROM_THE_DEVICE = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)


class PermissionsPolicy:
    """Says that no page of ours ever asks for camera, place, payment and the like."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", NOTHING_FROM_THE_DEVICE)
        return response


class ApiShortcut:
    """Answers calls under /api/ and /webhooks/ at once: whatever stands below it in MIDDLEWARE is for pages only.

    A program brings a key and no cookie, so session, login, CSRF and messages would be work for nothing, and a cookie
    that an API accepted could be abused by another site (decision 19). Headers set above it still apply.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(API_PATHS):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return JsonResponse({"error": "Not found"}, status=404)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response


class UserTimeZone:
    """Shows times in the user's own zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(user.time_zone)):
            return self.get_response(request)


class PrivatePages:
    """Lets no shared cache keep the pages of somebody who is logged in, and no browser show them again unasked.

    `no-store` would also take away the way back to a half-filled form. A page that says otherwise itself is left alone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and getattr(request, "user", None) and request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class StaffNeedSecondFactor:
    """Keeps staff without a second factor out of the admin (decision 26, ASVS 6.3.3)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        inside = settings.STAFF_MFA_REQUIRED and request.path.startswith(reverse("admin:index"))
        if inside and user is not None and user.is_staff and not is_mfa_enabled(user):
            messages.warning(request, "Staff need a second factor. Set one up to go on.")
            return redirect("mfa_activate_totp")
        return self.get_response(request)
