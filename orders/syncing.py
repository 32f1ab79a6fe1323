"""Reading a provider's list over the network, with no transaction open, and a tick's pass at it."""

from datetime import datetime

from django.conf import settings

from orders.models import Provider
from orders.operations import catalogue
from orders.providers import adapter_for
from orders.providers.base import Balance, Catalogue, Failed
from plumbing.secrets import SecretUnreadable


def lists_due(*, now: datetime) -> list[int]:
    """The providers whose list is to be read."""
    return list(Provider.objects.list_due(now).order_by("pk").values_list("pk", flat=True))


def read_list(*, provider_id: int, now: datetime) -> None:
    """Read a list, stage what differs, and apply what needs nobody. Harmless while somebody else reads it."""
    if not catalogue.claim(provider_id=provider_id, now=now):
        return
    try:
        listed = fetch(Provider.objects.get(pk=provider_id))
        if isinstance(listed, Failed):
            catalogue.note_failure(provider_id=provider_id, problem=listed.problem, now=now)
            return
        staged = catalogue.stage(provider_id=provider_id, listed=listed.services, unreadable=listed.unreadable, now=now)
        catalogue.apply_safe(sync_id=staged.sync_id, actor="system", now=now)
    finally:
        catalogue.release(provider_id=provider_id, now=now)


def fetch(provider: Provider) -> Catalogue | Failed:
    """The provider's list, unless its money is not ours: rates in another currency would be sold as ours."""
    try:
        adapter = adapter_for(provider)
    except SecretUnreadable:
        return Failed("its stored key cannot be decrypted")
    balance = adapter.balance()
    if isinstance(balance, Balance) and balance.currency not in ("", settings.CURRENCY):
        return Failed(f"its rates are in {balance.currency}, this installation sells in {settings.CURRENCY}")
    return adapter.services()
