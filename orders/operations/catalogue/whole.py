"""Taking over a provider's list as a whole: everything staged that may be believed, applied at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from orders.models import Provider, SyncChange
from orders.models.syncing import SyncChangeQuerySet
from orders.operations import claims
from orders.operations.catalogue.deciding import Outcome, Progress, decide, nothing_to_tell
from orders.operations.catalogue.facts import guards_of
from orders.operations.catalogue.making import NO_PLACE
from orders.operations.catalogue.opening import GONE
from orders.operations.catalogue.staging import SHRANK, Staged, stage
from policies.rules.catalogue import LeftOut, RemoteService


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What an import did, in numbers of services.

    created: new ones. unplaced: of these, inactive until someone names platform and metric. claiming: of these,
    inactive because a text makes a claim. refused: kept an earlier text, because the new one makes a claim. missing:
    not in the list, which had shrunk too far to be believed, so nothing was done about them. left_out: what cannot be
    sold. finding: why the whole list is not believed.
    """

    sync_id: int
    created: int
    unplaced: int
    claiming: int
    refused: int
    changed: int
    unchanged: int
    gone: int
    paused: int
    returned: int
    missing: int
    left_out: Sequence[LeftOut]
    finding: str


def apply_catalogue(
    *,
    provider_id: int,
    remote: Sequence[RemoteService],
    now: datetime,
    actor: str,
    markup: Decimal | None = None,
    unreadable: Collection[str] = (),
    progress: Progress = nothing_to_tell,
) -> SyncResult:
    """Make our catalogue say what the provider's list says, but for what the list is not believed in.

    markup: percent on top of the provider's rate, instead of the provider's own. unreadable: ids of entries that are
    listed but make no sense; they are left as they are. progress: told how many of how many changes have been dealt
    with. Orders keep the terms they were placed on. Applying the same list twice changes nothing the second time.
    """
    guards = guards_of(Provider.objects.get(pk=provider_id))
    guards = guards if markup is None else replace(guards, markup=markup)
    staged = stage(provider_id=provider_id, listed=remote, unreadable=unreadable, now=now, guards=guards)
    with transaction.atomic(durable=True):
        outcome = decide(believed(staged.sync_id), actor=actor, now=now, progress=progress)
    return _result(staged, outcome, usable=len(remote) - len(staged.diff.left_out))


def believed(sync_id: int) -> SyncChangeQuerySet:
    """What waits of a list, without what it is not believed in."""
    return SyncChange.objects.waiting().filter(sync_id=sync_id).exclude(finding=SHRANK)


def _result(staged: Staged, outcome: Outcome, *, usable: int) -> SyncResult:
    touched = {*outcome.changed, *outcome.returned}
    gone = sum(service.inactive_reason == GONE for service in outcome.retired)
    return SyncResult(
        sync_id=staged.sync_id,
        created=len(outcome.made),
        unplaced=sum(NO_PLACE in service.inactive_reason for service in outcome.made),
        claiming=sum(claims.MAKES_A_CLAIM in service.inactive_reason for service in outcome.made),
        refused=len(outcome.refused),
        changed=len(outcome.changed),
        unchanged=max(usable - len(outcome.made) - len(touched), 0),
        gone=gone,
        paused=len(outcome.retired) - gone,
        returned=len(outcome.returned),
        missing=staged.diff.missing if staged.diff.shrank or staged.diff.refused else 0,
        left_out=staged.diff.left_out,
        finding=staged.diff.refused,
    )
