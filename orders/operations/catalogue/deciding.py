"""Deciding staged changes, by the rule or by staff: applied to the catalogue or dismissed, each with who and when."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import User
from accounts.operations import queue_alarm
from orders.models import CatalogueSync, Provider, Route, Service, SyncChange
from orders.operations.catalogue.board import Board
from orders.operations.catalogue.facts import lock_list
from orders.operations.catalogue.log import Log
from orders.operations.catalogue.making import make_services
from plumbing import sql
from policies.rules.syncing import Kind

if TYPE_CHECKING:
    from orders.models.syncing import SyncChangeQuerySet

PERMISSION = "orders.apply_sync"
NAMED = 20  # services that an alarm names
State = SyncChange.State
Progress = Callable[[int, int], None]

_WRITE = """
UPDATE orders_syncchange AS change
SET state = decided.state, problem = decided.problem, decided_at = %(at)s, decided_by = %(by)s,
    service_id = coalesce(decided.service_id, change.service_id)
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(problems)s::text[], %(services)s::bigint[])
    AS decided (id, state, problem, service_id)
WHERE change.id = decided.id
"""
_PAUSED = """\
{provider} changed what it sells so that these services are not sold any more, until somebody has looked:

{services}

Orders that are under way go on. Accept the new price or type, or deliver them by somebody else: in the admin under
providers' lists, list {sync}.
"""


def nothing_to_tell(done: int, total: int) -> None:
    """For who does not watch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of deciding: how many changes of each kind were applied, how many could not be.

    made: services that are new. retired: services that went off sale. changed, refused, returned: the provider's
    numbers of those that have other terms, that keep an earlier text, and that are sold again.
    """

    applied: Mapping[Kind, int]
    overtaken: int
    made: Sequence[Service]
    changed: Collection[str]
    refused: Collection[str]
    returned: Collection[str]
    retired: Sequence[Service]


def apply_changes(
    *, change_ids: Collection[int], staff: User, now: datetime, progress: Progress = nothing_to_tell
) -> Outcome:
    """Apply what staff chose of one provider's list, also what had been dismissed. Raises PermissionDenied."""
    if not staff.has_perm(PERMISSION):
        raise PermissionDenied(PERMISSION)
    chosen = SyncChange.objects.filter(pk__in=change_ids, state__in=[State.WAITING, State.DISMISSED])
    with transaction.atomic(durable=True):
        return decide(chosen, actor=f"staff:{staff.pk}", now=now, progress=progress)


def apply_safe(*, sync_id: int, actor: str, now: datetime) -> Outcome:
    """Apply those changes of a list that need nobody."""
    with transaction.atomic(durable=True):
        return decide(SyncChange.objects.safe().filter(sync_id=sync_id), actor=actor, now=now)


def dismiss_changes(*, change_ids: Collection[int], staff: User, now: datetime) -> int:
    """Leave the catalogue as it is; answers how many. The same change is not staged again while it stays the same.

    Raises PermissionDenied.
    """
    if not staff.has_perm(PERMISSION):
        raise PermissionDenied(PERMISSION)
    with transaction.atomic(durable=True):
        waiting = SyncChange.objects.waiting().filter(pk__in=change_ids)
        syncs = _locked_lists(waiting.values_list("sync_id", flat=True))
        dismissed = waiting.update(state=State.DISMISSED, decided_at=now, decided_by=f"staff:{staff.pk}")
        _finish(syncs)
    return dismissed


def decide(chosen: "SyncChangeQuerySet", *, actor: str, now: datetime, progress: Progress = nothing_to_tell) -> Outcome:
    """Apply chosen changes in the caller's transaction: lock, apply, record."""
    syncs = _locked_lists(chosen.values_list("sync_id", flat=True))
    outcomes = [_decide_list(sync, chosen.filter(sync=sync), actor, now, progress) for sync in syncs]
    _finish(syncs)
    return _together(outcomes)


def _decide_list(
    sync: CatalogueSync, chosen: "SyncChangeQuerySet", actor: str, now: datetime, progress: Progress
) -> Outcome:
    changes = list(chosen.order_by("id"))
    log = Log(now=now, actor=actor)
    new = [change for change in changes if change.kind == Kind.NEW]
    known = [change for change in changes if change.kind != Kind.NEW]
    made = _make(new, sync.provider, log, actor, now, lambda done: progress(done, len(changes)))
    board = Board(sync.provider, known, log=log, now=now, actor=actor)
    board.apply(known)
    board.save()
    log.write()
    _write(changes, made, actor, now)
    _tell_paused(sync, known, now)
    progress(len(changes), len(changes))
    return _outcome(changes, made, board)


def _locked_lists(sync_ids: Collection[int]) -> list[CatalogueSync]:
    """The lists, locked by provider: what is read of a provider's list is decided by one at a time."""
    syncs = list(CatalogueSync.objects.filter(pk__in=sync_ids).order_by("provider_id", "id"))
    providers = {provider_id: lock_list(provider_id) for provider_id in sorted({sync.provider_id for sync in syncs})}
    for sync in syncs:
        sync.provider = providers[sync.provider_id]
    return syncs


def _make(
    changes: Sequence[SyncChange],
    provider: Provider,
    log: Log,
    actor: str,
    now: datetime,
    progress: Callable[[int], None],
) -> dict[int, Service]:
    """Make services of what is new, unless somebody has made a route to it meanwhile."""
    routed = Route.objects.filter(provider=provider, provider_service__in=[each.provider_service for each in changes])
    taken = set(routed.values_list("provider_service", flat=True)) if changes else set()
    free = [change for change in changes if change.provider_service not in taken]
    for change in changes:
        overtaken = change.provider_service in taken
        state, problem = (State.SUPERSEDED, "It has a route already.") if overtaken else (State.APPLIED, "")
        change.decide(state, at=now, by=actor, problem=problem)
    return make_services(free, provider_id=provider.pk, log=log, progress=progress)


def _write(changes: Sequence[SyncChange], made: Mapping[int, Service], actor: str, now: datetime) -> None:
    """Write what was decided, all in one statement."""
    values = {
        "at": now,
        "by": actor,
        "ids": [change.pk for change in changes],
        "states": [change.state for change in changes],
        "problems": [change.problem for change in changes],
        "services": [made[change.pk].pk if change.pk in made else None for change in changes],
    }
    if changes:
        sql.execute(_WRITE, values)


def _finish(syncs: Sequence[CatalogueSync]) -> None:
    """A list of which nothing waits is done."""
    waiting = Exists(SyncChange.objects.waiting().filter(sync=OuterRef("pk")))
    lists = CatalogueSync.objects.filter(pk__in=[sync.pk for sync in syncs], state=CatalogueSync.State.OPEN)
    lists.filter(~waiting).update(state=CatalogueSync.State.DONE)


def _tell_paused(sync: CatalogueSync, changes: Sequence[SyncChange], now: datetime) -> None:
    """Tell staff what is not sold any more, once a list."""
    paused = [change for change in changes if change.kind == Kind.PAUSE and change.state == State.APPLIED]
    if paused:
        named = [f"- {change.service_id} {change.name}" for change in paused[:NAMED]]
        named += [f"- and {len(paused) - NAMED} more"] if len(paused) > NAMED else []
        body = _PAUSED.format(provider=sync.provider, services="\n".join(named), sync=sync.pk)
        subject = f"Services of {sync.provider} are paused: {len(paused)}"
        queue_alarm(subject=subject, body=body, key=f"catalogue:{sync.pk}:paused", now=now)


def _outcome(changes: Sequence[SyncChange], made: Mapping[int, Service], board: Board) -> Outcome:
    applied = [change for change in changes if change.state == State.APPLIED]
    return Outcome(
        applied=Counter(Kind(change.kind) for change in applied),
        overtaken=sum(change.state == State.SUPERSEDED for change in changes),
        made=list(made.values()),
        changed=board.changed,
        refused={change.provider_service for change in changes if change.state == State.REFUSED},
        returned={change.provider_service for change in applied if change.kind == Kind.BACK},
        retired=board.retired,
    )


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    applied: Counter[Kind] = Counter()
    for outcome in outcomes:
        applied.update(outcome.applied)
    return Outcome(
        applied=applied,
        overtaken=sum(outcome.overtaken for outcome in outcomes),
        made=[service for outcome in outcomes for service in outcome.made],
        changed={number for outcome in outcomes for number in outcome.changed},
        refused={number for outcome in outcomes for number in outcome.refused},
        returned={number for outcome in outcomes for number in outcome.returned},
        retired=[service for outcome in outcomes for service in outcome.retired],
    )
