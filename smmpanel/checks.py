"""What `manage.py check` says of settings: what cannot work, and with `--deploy` what is only good for a demo."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ValidationError
from django.core.validators import validate_email


@register(Tags.security, deploy=True)
def check_no_sandbox(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Refuse pretended payments where real customers are: what the sandbox calls paid is credited."""
    if not settings.SANDBOX_URL or settings.DEMO:
        return []
    return [
        Error(
            "SANDBOX_URL is set, but this is no demo: everybody could fill a wallet without paying.",
            hint="Remove SANDBOX_URL and SANDBOX_SECRET.",
            id="smmpanel.E001",
        )
    ]


@register()
def check_addresses(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Refuse to start with an address that no mail can come from or go to: it would be noticed by the first alarm."""
    addresses = {"SUPPORT_EMAIL": settings.SUPPORT_EMAIL, "ALARM_EMAIL": settings.ALARM_EMAIL}
    return [
        Error(f"{name} is no e-mail address: {address!r}", id="smmpanel.E002")
        for name, address in addresses.items()
        if not _is_address(address) and (address or name == "SUPPORT_EMAIL")
    ]


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
