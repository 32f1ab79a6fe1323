"""The claim switched off, as panels do it that send first and write afterwards. For the negative control alone."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from orders.delivery import answers, claiming, dispatch
from orders.delivery.claiming import Claim, Claimed
from orders.models import Provider, Run
from orders.operations import statuses
from orders.providers.classify import Classified

really_claim, really_record = claiming.claim_wave.__wrapped__, answers.record


def only_look(*, provider: Provider, balance: Decimal | None, now: datetime, most: int | None = None) -> Claim:
    """The runs that a claim would take, with nothing of it committed before the first byte leaves."""
    with transaction.atomic():
        claim = really_claim(provider=provider, balance=balance, now=now, most=most)
        transaction.set_rollback(True)
    return claim


def claim_and_record(*, provider_id: int, outcomes: Sequence[tuple[Claimed, Classified]], now: datetime) -> None:
    """Write the claim down when the answers are there, just before them."""
    provider = Provider.objects.get(pk=provider_id)
    with transaction.atomic():
        for claimed, _ in outcomes:
            Run.objects.filter(pk=claimed.run_id).update(state="submitting", attempt=claimed.attempt, lease_until=now)
        claiming._record_wave(provider, [claimed for claimed, _ in outcomes], None, now)
        statuses.refresh(order_ids=[claimed.order_id for claimed, _ in outcomes], actor="system", now=now)
    really_record(provider_id=provider_id, outcomes=outcomes, now=now)


def send_then_write() -> None:
    dispatch.claim_wave = only_look
    answers.record = claim_and_record
