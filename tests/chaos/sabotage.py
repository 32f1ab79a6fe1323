"""Each safety switched off, as panels do without it. For negative controls alone: what is counted then must fail."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from orders.api import v2
from orders.delivery import answers, claiming, dispatch, reconcile
from orders.delivery.claiming import Claim, Claimed
from orders.models import Provider, Run
from orders.operations import statuses
from orders.providers.base import Answer
from orders.providers.classify import Classified, classify
from policies.rules.vocabulary import Submission

VARIABLE = "CHAOS_WITHOUT"  # tells the panel's processes which safety they are without

really_claim, really_record = claiming.claim_wave.__wrapped__, answers.record


def switch_off() -> None:
    """Do without the safety that the environment names, in this process."""
    SAFETIES[os.environ[VARIABLE]]()


def send_then_write() -> None:
    """Without the claim: nothing is committed before the first byte leaves."""
    dispatch.claim_wave = only_look
    answers.record = claim_and_record


def only_look(*, provider: Provider, balance: Decimal | None, now: datetime, most: int | None = None) -> Claim:
    """The runs that a claim would take, with nothing of it committed."""
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


def send_again_what_failed() -> None:
    """Without *unknown*: whatever brought no order's number was not sent, and is sent again."""
    dispatch.classify = hopeful


def hopeful(answer: Answer, *, ours: Sequence[str] = ()) -> Classified:
    said = classify(answer, ours=ours)
    return replace(said, submission=Submission.NOT_SENT) if said.submission is Submission.UNKNOWN else said


def trust_workers() -> None:
    """Without leases that run out: what a dead worker had claimed stays claimed."""
    reconcile.EXPIRED = "SELECT NULL::bigint WHERE false"


def forget_request_keys() -> None:
    """Without the caller's own ids: each request is a new order."""
    v2._request_key = lambda params, request: None


# What a worker or web process does without. `durability` is the database server's own, see `stand`.
SAFETIES: Mapping[str, Callable[[], None]] = {
    "claim": send_then_write,
    "unknown": send_again_what_failed,
    "lease": trust_workers,
    "request_key": forget_request_keys,
}
