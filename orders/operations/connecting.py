"""What staff edit of providers: where they are called, or that staff deliver there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.operations import clear_alarm
from orders.models import Provider, Run
from orders.operations.editing import EditRefused
from plumbing.addresses import AddressRefused, check_literal, target_of

MISSING = "A provider that is called has an address."
HAS_RUNS = "It has runs, which are followed as they were begun. Make another provider for this."


def check_provider(values: Mapping[str, Any], *, stored: Provider | None) -> None:
    """Refuse a provider that could not deliver. values: its columns as they would be stored. Raises EditRefused.

    Called at https, or at a host and port that the operator named (OUTBOUND_ALLOW). Nothing is looked up: where a name
    leads is checked at each call. Who delivers does not change under runs.
    """
    by_hand = values["adapter"] == Provider.Adapter.MANUAL.value
    if stored and stored.is_manual != by_hand and Run.objects.filter(provider=stored).exists():
        raise EditRefused({"adapter": HAS_RUNS})
    if by_hand:
        return
    if not values["api_url"]:
        raise EditRefused({"api_url": MISSING})
    try:
        check_literal(target_of(values["api_url"], allow=settings.OUTBOUND_ALLOW))
    except AddressRefused as refusal:
        raise EditRefused({"api_url": f"This address is never called: {refusal}."}) from refusal


@transaction.atomic
def save_provider(*, provider_id: int | None, values: Mapping[str, Any], by: str, now: datetime) -> Provider:
    """Write a provider's edited columns, a new one's with None. Raises EditRefused.

    One that is switched off is not called any more: what staff were told of it is over. by: an actor.

    values: by column name, only what is edited; `api_key` as text, left out to keep the stored one.
    """
    provider = Provider.objects.select_for_update(no_key=True).get(pk=provider_id) if provider_id else Provider()
    known = {"adapter": provider.adapter, "api_url": provider.api_url}
    check_provider({**known, **values}, stored=provider if provider_id else None)
    for name, value in values.items():
        setattr(provider, name, value)
    if provider_id is None:
        provider.save(force_insert=True)
    elif values:
        provider.save(update_fields=list(values))
    if values.get("enabled") is False:
        clear_alarm(key=f"provider:{provider.pk}", now=now, by=by)
    return provider
