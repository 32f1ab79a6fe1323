"""A draft tried on the past: staff ask for it, a tick works it off a slice at a time and changes nothing else (D50)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from plumbing import canonical, sql
from policies.models import PolicyVersion, Rehearsal
from policies.operations.acts import lock_draft, need
from policies.operations.decisions import effective_params
from policies.operations.drafting import MAY_DRAFT
from policies.operations.rehearsal_cases import DECISIONS, Draft, Source, Span
from policies.operations.versions import checksum_of
from policies.rules.rehearsing import Comparison

MOST = 1_000_000  # decisions of one rehearsal
CHUNK = 500  # cases between two steps of the progress bar
CHUNKS = 40  # of a pass: it is over well before a task has to be
LEASE_SECONDS = 60  # much longer than a chunk takes; who holds it renews it with each
CHANGED = "The draft was changed after this rehearsal was asked for."

# The lease is also the token: its instant is of the database's clock, later than each one before it.
TAKE = """
    UPDATE policies_rehearsal SET state = 'running', lease_until = clock_timestamp() + %s * interval '1 second'
    WHERE id = %s AND (state = 'waiting' OR state = 'running' AND coalesce(lease_until < clock_timestamp(), true))
    RETURNING lease_until
"""
LEFT = """
    SELECT min(CASE state WHEN 'waiting' THEN asked_at ELSE lease_until END) FROM policies_rehearsal
    WHERE state = 'waiting' OR state = 'running' AND lease_until < clock_timestamp()
"""
KEEP = """
    UPDATE policies_rehearsal SET
        done = %s, total = %s, result = %s, lease_until = clock_timestamp() + %s * interval '1 second'
    WHERE id = %s AND state = 'running' AND lease_until = %s RETURNING lease_until
"""


class AlreadyRehearsing(Exception):
    """One rehearsal of a draft at a time."""


class DraftChanged(Exception):
    """It is no longer the one that the rehearsal was asked for."""


def ask(*, staff: User, version_id: int, decisions: int, now: datetime) -> Rehearsal:
    """Ask for a draft to be tried on the newest `decisions` decisions and on all open orders.

    decisions: 1 to 1,000,000, else ValueError. Needs `policies.draft_policy`.
    Raises PermissionDenied, NotADraft, AlreadyRehearsing.
    """
    actor = need(staff, MAY_DRAFT)
    if not 1 <= decisions <= MOST:
        raise ValueError(f"{decisions} decisions")
    with transaction.atomic(durable=True):
        draft = lock_draft(version_id)
        if draft.rehearsals.filter(finished_at=None).exists():
            raise AlreadyRehearsing
        asked: Rehearsal = draft.rehearsals.create(
            checksum=checksum_of(draft), decisions=decisions, asked_by=actor, asked_at=now
        )
    return asked


def due(*, now: datetime) -> list[int]:
    """The rehearsals that nobody works at: asked for, put down between two passes, or left by a worker that died."""
    free = Q(state="waiting") | Q(state="running") & (Q(lease_until=None) | Q(lease_until__lt=Now()))
    return list(Rehearsal.objects.filter(free).order_by("id").values_list("id", flat=True))


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the longest waiting rehearsal was asked for, or has been left by a worker that died."""
    ((since,),) = sql.rows(LEFT)
    return since  # type: ignore[no-any-return]


def work_on(*, rehearsal_id: int, also: Sequence[Source], now: datetime) -> None:
    """Go on with a rehearsal for one pass, in chunks that are each kept with how far it has come.

    also: cases beside the decisions. Nothing is done when somebody else is at it. A pass that dies loses its last
    chunk, and the rehearsal goes on from there once its lease has run out.
    """
    held = _take(rehearsal_id)
    for _ in range(CHUNKS):
        if held is None:
            return
        held = _go_on(held, (DECISIONS, *also), now)
    if held is not None:
        _still(held).update(lease_until=None)


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far a rehearsal is. left: of each source, what is still to be read; None once nothing is."""

    total: int
    left: tuple[Span | None, ...]
    comparison: Comparison

    @property
    def done(self) -> int:
        """What was open may have ended meanwhile, so the count follows the cases and never passes the total."""
        return min(self.comparison.decisions + self.comparison.open_orders, self.total)

    def as_json(self) -> dict[str, Any]:
        left = [span and [span.count, span.top, span.bottom] for span in self.left]
        return {"left": left, "so_far": self.comparison.as_json()}


@dataclass(frozen=True, slots=True)
class _Held:
    """A rehearsal that is ours until `lease`. progress: None before it was begun."""

    rehearsal: Rehearsal
    lease: datetime
    progress: _Progress | None


def _take(rehearsal_id: int) -> _Held | None:
    taken = sql.rows(TAKE, [LEASE_SECONDS, rehearsal_id])
    if not taken:
        return None
    rehearsal = Rehearsal.objects.get(pk=rehearsal_id)
    return _Held(rehearsal, taken[0][0], _progress_of(rehearsal))


def _progress_of(rehearsal: Rehearsal) -> _Progress | None:
    kept = rehearsal.result
    if "left" not in kept:
        return None
    left = tuple(span and Span(*span) for span in kept["left"])
    return _Progress(rehearsal.total, left, Comparison.from_json(kept["so_far"]))


def _go_on(held: _Held, sources: Sequence[Source], now: datetime) -> _Held | None:
    """Work one chunk and keep it; None when the rehearsal is over, or no longer ours."""
    try:
        with sql.read_only():
            draft = _draft_of(held.rehearsal)
            progress = _next(held.progress, draft, sources, now) if held.progress else _begin(draft, sources)
    except DraftChanged:
        _end(held, Rehearsal.State.FAILED, {"reason": CHANGED}, now)
        return None
    if any(progress.left):
        return _keep(held, progress)
    counts = {"done": progress.total, "total": progress.total}
    _end(held, Rehearsal.State.DONE, progress.comparison.as_json(), now, **counts)
    return None


def _begin(draft: Draft, sources: Sequence[Source]) -> _Progress:
    spans = [source.span(draft) for source in sources]
    total = sum(span.count for span in spans)
    return _Progress(total, tuple(span if span.count else None for span in spans), Comparison())


def _next(progress: _Progress, draft: Draft, sources: Sequence[Source], now: datetime) -> _Progress:
    """Compare the next chunk of the first source that has any left."""
    number, span = next((number, span) for number, span in enumerate(progress.left) if span)
    rows = sources[number].read(draft, span, CHUNK, now)
    for _, case in rows:
        progress.comparison.add(case)
    rest = replace(span, top=rows[-1][0] - 1) if len(rows) == CHUNK else None
    return replace(progress, left=(*progress.left[:number], rest, *progress.left[number + 1 :]))


def _draft_of(rehearsal: Rehearsal) -> Draft:
    """The draft as it is now. Raises DraftChanged unless it is the one that was asked about."""
    drafts = PolicyVersion.objects.select_related("policy").filter(status=PolicyVersion.Status.DRAFT.value)
    version = drafts.filter(pk=rehearsal.version_id).first()
    if version is None or checksum_of(version) != rehearsal.checksum:
        raise DraftChanged
    return Draft(version.policy_id, version.policy.slug, effective_params(version), rehearsal.decisions)


def _keep(held: _Held, progress: _Progress) -> _Held | None:
    """Store how far it is, and the lease anew; None when somebody else has taken over."""
    kept = canonical.text(progress.as_json())
    lease = sql.rows(KEEP, [progress.done, progress.total, kept, LEASE_SECONDS, held.rehearsal.pk, held.lease])
    return replace(held, lease=lease[0][0], progress=progress) if lease else None


def _end(held: _Held, state: Rehearsal.State, result: dict[str, Any], now: datetime, **counts: int) -> None:
    _still(held).update(state=state.value, result=result, finished_at=now, lease_until=None, **counts)


def _still(held: _Held) -> QuerySet[Rehearsal]:
    """The row, as long as it is ours."""
    return Rehearsal.objects.filter(pk=held.rehearsal.pk, state="running", lease_until=held.lease)
