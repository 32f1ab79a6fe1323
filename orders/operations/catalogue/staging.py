"""Staging what a provider's list says against what we sell: rows that wait, and an alarm where it is not believed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from accounts.operations import clear_alarm, queue_alarm
from orders.models import CatalogueSync, SyncChange
from orders.operations.catalogue.facts import Way, guards_of, lock_list, ways_of
from orders.operations.catalogue.log import BATCH
from plumbing import canonical
from policies.rules.catalogue import RemoteService
from policies.rules.syncing import Change, Diff, Guards, Kind, compare

KEPT = timedelta(days=30)  # how long changes that a later list replaced can be looked up
SHRANK = "list_shrank"
SAID = ("checked_at", "listed", "unreadable", "left_out", "missing", "list_sha256")
State = CatalogueSync.State
FINDINGS = {
    "empty_list": "The list is empty.",
    "nothing_readable": "No entry of the list can be read.",
    SHRANK: "So much is missing from the list that it is not believed: what is missing stays on sale.",
    "below_margin": "At its price too little would be left.",
}


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of reading a list. diff: all that differs, also what was dismissed before and is not staged again.

    waiting: how many differences wait. news: whether any of it is new since the last reading.
    """

    sync_id: int
    diff: Diff
    waiting: int
    news: bool


def stage(
    *,
    provider_id: int,
    listed: Sequence[RemoteService],
    unreadable: Collection[str],
    now: datetime,
    guards: Guards | None = None,
) -> Staged:
    """Compare a list with what we sell, and stage what differs. Nothing of the catalogue changes.

    unreadable: ids of entries that are listed but make no sense. guards: instead of the provider's own numbers. What a
    list before this one had staged and nobody decided is replaced.
    """
    digest = canonical.digest([asdict(entry) for entry in listed])
    with transaction.atomic(durable=True):
        provider = lock_list(provider_id)
        ways = ways_of(provider_id)
        known = [way.known() for way in ways]
        diff = compare(known=known, listed=listed, unreadable=unreadable, guards=guards or guards_of(provider))
        changes = _still_to_decide(diff.changes, provider_id)
        sync = CatalogueSync(
            provider=provider,
            state=(State.REFUSED if diff.refused else State.OPEN if changes else State.DONE).value,
            finding=diff.refused or (SHRANK if diff.shrank else ""),
            fetched_at=now,
            checked_at=now,
            listed=len(listed),
            unreadable=len(unreadable),
            left_out=len(diff.left_out),
            missing=diff.missing,
            list_sha256=digest,
        )
        earlier = _said_before(sync, changes)
        if earlier is None:
            _replace(sync, changes, ways, now)
        else:
            _touch(earlier, sync)
        _tell(earlier or sync, now)
    return Staged((earlier or sync).pk, diff, len(changes), news=earlier is None)


def note_failure(*, provider_id: int, problem: str, now: datetime) -> None:
    """Note that a provider's list could not be read. What an earlier one staged stays; twice in a row tells staff."""
    with transaction.atomic(durable=True):
        provider = lock_list(provider_id)
        newest = CatalogueSync.objects.filter(provider=provider).order_by("-checked_at", "-id").first()
        if newest is None or newest.state != State.FAILED:
            CatalogueSync.objects.create(
                provider=provider, state=State.FAILED.value, finding=problem[:200], fetched_at=now, checked_at=now
            )
            return
        newest.finding, newest.checked_at = problem[:200], now
        newest.save(update_fields=["finding", "checked_at"])
        body = f"The list of {provider} cannot be read since {newest.fetched_at:%Y-%m-%d %H:%M} UTC: {problem}.\n"
        subject = f"The list of {provider} cannot be read"
        queue_alarm(subject=subject, body=body, key=_cause(provider_id, "unread"), now=now, lasts=True)


def _still_to_decide(changes: Iterable[Change], provider_id: int) -> list[Change]:
    """Without what staff dismissed, or what could not be taken over, for as long as it is the same."""
    states = SyncChange.State
    decided = SyncChange.objects.filter(sync__provider_id=provider_id)
    decided = decided.exclude(state__in=[states.WAITING, states.SUPERSEDED])
    names = ("provider_service", "service_id", "kind")
    newest = decided.order_by(*names, "-id").distinct(*names).values("pk")
    refused = SyncChange.objects.filter(pk__in=newest, state__in=[states.DISMISSED, states.REFUSED])
    turned_down = {
        (number, service_id, kind): (after, finding)
        for number, service_id, kind, after, finding in refused.values_list(*names, "after", "finding")
    }
    return [change for change in changes if not _is_turned_down(change, turned_down)]


def _is_turned_down(change: Change, turned_down: dict[tuple[str, int | None, str], tuple[object, str]]) -> bool:
    def decided(kind: Kind) -> tuple[object, str] | None:
        return turned_down.get((change.provider_service, change.service_id, kind.value))

    earlier = decided(change.kind)
    if change.kind is Kind.NEW:  # who does not sell it does not sell it cheaper either
        return earlier is not None
    if change.kind is Kind.COST or (change.kind is Kind.GONE and change.safe):
        return False  # facts, whatever was said of them before
    if change.kind is Kind.PAUSE and (kept := decided(Kind.TYPE)):
        after = kept[0]
        return isinstance(after, dict) and after.get("type") == change.after.get("type")
    return earlier == (change.after, change.finding)


def _said_before(sync: CatalogueSync, changes: Sequence[Change]) -> CatalogueSync | None:
    """The last list, if it said the very same and none of it has been replaced or failed since."""
    last = CatalogueSync.objects.filter(provider=sync.provider).exclude(state=State.FAILED).order_by("-id").first()
    if last is None or (last.state, last.finding) != (sync.state, sync.finding):
        return None
    waiting = SyncChange.objects.waiting().filter(sync=last)
    staged = {
        (number, service_id, kind): (before, after, finding)
        for number, service_id, kind, before, after, finding in waiting.values_list(
            "provider_service", "service_id", "kind", "before", "after", "finding"
        )
    }
    now = {
        (change.provider_service, change.service_id, change.kind.value): (change.before, change.after, change.finding)
        for change in changes
    }
    return last if staged == now else None


def _replace(sync: CatalogueSync, changes: Sequence[Change], ways: Sequence[Way], now: datetime) -> None:
    """Store a list with its changes. It replaces what earlier ones left undecided, unless nobody believes it."""
    if sync.state != State.REFUSED:
        earlier = CatalogueSync.objects.filter(provider=sync.provider, state=State.OPEN)
        _waiting(earlier).update(state=SyncChange.State.SUPERSEDED, decided_at=now, decided_by="system")
        earlier.update(state=State.SUPERSEDED)
    sync.save(force_insert=True)
    names = {(way.route.provider_service, way.service.pk): way.service.name for way in ways}
    SyncChange.objects.bulk_create((_row(sync, change, names) for change in changes), batch_size=BATCH)
    # By number, since a delete through the join would ask for each row of the table whether it is one of them.
    replaced = CatalogueSync.objects.filter(provider=sync.provider, state=State.SUPERSEDED).values_list("pk", flat=True)
    old = SyncChange.objects.filter(sync_id__in=list(replaced), state=SyncChange.State.SUPERSEDED)
    old.filter(decided_at__lt=now - KEPT).delete()


def _waiting(syncs: "QuerySet[CatalogueSync]") -> "QuerySet[SyncChange]":
    return SyncChange.objects.waiting().filter(sync__in=syncs)


def _row(sync: CatalogueSync, change: Change, names: dict[tuple[str, int], str]) -> SyncChange:
    ours = names.get((change.provider_service, change.service_id)) if change.service_id is not None else None
    return SyncChange(
        sync=sync,
        provider_service=change.provider_service,
        service_id=change.service_id,
        name=ours or str(change.after.get("name", "")),
        kind=change.kind.value,
        before=dict(change.before),
        after=dict(change.after),
        safe=change.safe,
        finding=change.finding,
    )


def _touch(earlier: CatalogueSync, again: CatalogueSync) -> None:
    """Note that the same was said again, perhaps with other nonsense around it."""
    for name in SAID:
        setattr(earlier, name, getattr(again, name))
    earlier.save(update_fields=SAID)


def _tell(sync: CatalogueSync, now: datetime) -> None:
    """Tell staff of a list that is not believed, once until one is; it was read, whatever it said."""
    clear_alarm(key=_cause(sync.provider_id, "unread"), now=now)
    unbelieved = _cause(sync.provider_id, "unbelieved")
    if not sync.finding:
        clear_alarm(key=unbelieved, now=now)
        return
    body = (
        f"{FINDINGS[sync.finding]}\n\nRead from {sync.provider}: {sync.listed} services, {sync.missing} missing. "
        f"Nothing was taken off sale. Decide in the admin: providers' lists, list {sync.pk}.\n"
    )
    subject = f"The list of {sync.provider} is not believed"
    queue_alarm(subject=subject, body=body, key=unbelieved, now=now, lasts=True)


def _cause(provider_id: int, trouble: str) -> str:
    """Of an alarm; below the provider's own, so that it ends with the provider."""
    return f"provider:{provider_id}:list:{trouble}"
