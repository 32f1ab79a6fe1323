"""The adapters to those who deliver: which one speaks to a provider."""

from orders import models
from orders.providers.api_v2 import ApiV2
from orders.providers.base import Provider
from plumbing.outbound import outbound


def adapter_for(provider: models.Provider) -> Provider:
    """The adapter of a provider's row, with the row's deadlines and concurrency.

    Raises plumbing.secrets.SecretUnreadable when its key cannot be decrypted.
    """
    return ApiV2(
        url=provider.api_url,
        key=provider.api_key.reveal(),
        way=outbound(),
        request_ids=provider.request_ids,
        add_deadline=provider.add_deadline,
        balance_deadline=provider.balance_deadline,
        poll_deadline=provider.poll_deadline,
        poll_concurrency=provider.poll_concurrency,
    )
