"""What every template may know about the installation."""

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from policies import reading


def site(request: HttpRequest) -> dict[str, object]:
    """The installation's own words, and the theme the visitor chose (R60)."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "site_name": settings.SITE_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "currency": settings.CURRENCY,
        "demo": settings.DEMO,
        "staff_second_factor_off": not settings.STAFF_MFA_REQUIRED,
        "policy_changes": _policy_changes,
        "theme": theme if theme in ("light", "dark") else "auto",
    }


def _policy_changes() -> tuple[reading.Edition, ...]:
    """Versions that have yet to take effect (S51). Called by the pages of customers only."""
    return reading.board.coming(now=timezone.now())
