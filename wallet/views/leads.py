"""Where our pages may send a customer to pay."""

from urllib.parse import urlsplit

from django.conf import settings


def form_may_lead_to(url: str) -> bool:
    """Whether browsers let the redirect that answers a form go there: Chromium holds it to form-action."""
    return _origin(url) in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"]


def link_may_lead_to(url: str) -> bool:
    """Whether a link may: encrypted, or to a gateway that the operator named."""
    return url.startswith("https://") or form_may_lead_to(url)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
