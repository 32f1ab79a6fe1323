"""What needs a person: raised once while it lasts, resolved with a name and a reason."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from orders.models import Flag, Order, OrderEvent
from policies.rules.vocabulary import RunState

WAITING_LONG = "waiting_long"  # behind another order on its link for a day (decision 14)
UNKNOWN = "unknown"  # sent, and nobody can say whether it arrived
UNMAPPED = "unmapped"  # refused in words nobody mapped
SAME_ID = "same_id"  # the provider answered with an id that another run has
NEVER_LANDS = "never_lands"  # tried again and again, and the provider never had it: parked (reliability 31)
HELD = "held"  # nobody takes it now, and the reason (R11)
BY_HAND = "by_hand"  # staff deliver it: it is to be taken, reported and finished (R9)
ODD_STATUS = "odd_status"  # what became of it cannot follow the status it has: the status stayed
CANCEL_BY_HAND = "cancel_by_hand"  # its owner asks to cancel what staff deliver
CANCEL_UNHEARD = "cancel_unheard"  # its provider was asked to cancel it again and again, and says nothing
TAKEN_LATE = "taken_late"  # the provider took a try that had been given up: it may be delivered twice
DEARER = "dearer"  # the provider charges more for it than its list says (fault row 15)
SETTLE_FAILED = "settle_failed"  # the order could not be ended; the others went on
APPEALED = "appealed"  # its owner disagrees with a decision (refund.11.2)

# Runs that wait for a person: what they need is a decision.
UNDECIDED = [RunState.UNKNOWN.value, RunState.PARKED.value]


class AlreadyResolved(Exception):
    """Somebody or something closed it before."""


class StillUndecided(Exception):
    """Its run is unknown or parked, or it is an appeal: that is decided, not dismissed."""


def raise_flags(flags: Iterable[Flag]) -> None:
    """Write flags, but none a second time while the first is open."""
    Flag.objects.bulk_create(flags, ignore_conflicts=True)


def could_not_end(*, order_id: int, error: Exception, now: datetime, run_id: int | None = None) -> None:
    """Tell staff of an order whose end could not be written, so that the others go on (reliability 31)."""
    facts = {"error": type(error).__name__}
    raise_flags([Flag(order_id=order_id, run_id=run_id, kind=SETTLE_FAILED, facts=facts, raised_at=now)])


def resolve_flags(*, run_id: int, by: str, resolution: str, now: datetime) -> None:
    """Close what is open about a run. by: an actor. resolution: what was found, as staff read it later."""
    still_open = Flag.objects.filter(run_id=run_id, resolved_at__isnull=True)
    still_open.update(resolved_at=now, resolved_by=by, resolution=resolution[:200])


def resolve_kinds(*, run_ids: Collection[int], kinds: Collection[str], by: str, resolution: str, now: datetime) -> None:
    """Close what is open of some kinds about many runs."""
    still_open = Flag.objects.filter(run_id__in=run_ids, kind__in=kinds, resolved_at__isnull=True)
    still_open.update(resolved_at=now, resolved_by=by, resolution=resolution[:200])


def resolve_held(*, now: datetime) -> None:
    """Close what says that nobody takes an order, of those that are no longer held."""
    over = Flag.objects.filter(kind=HELD, resolved_at__isnull=True).exclude(
        order__in=Order.objects.live().exclude(held_reason="")
    )
    over.update(resolved_at=now, resolved_by="system", resolution="somebody takes it, or it has ended")


def resolve_appealed(*, order_id: int, by: str, resolution: str, now: datetime) -> None:
    """Close what says that an order's owner disagrees. Arguments as of `resolve_flags`."""
    still_open = Flag.objects.filter(order_id=order_id, kind=APPEALED, resolved_at__isnull=True)
    still_open.update(resolved_at=now, resolved_by=by, resolution=resolution[:200])


def may_be_dismissed(flag: Flag) -> bool:
    """Whether it asks for no decision: an appeal, or a run that is unknown or parked, is decided and not dismissed."""
    return flag.kind != APPEALED and (flag.run is None or flag.run.state not in UNDECIDED)


@transaction.atomic(durable=True)
def dismiss_flag(*, flag_id: int, by: str, reason: str, now: datetime) -> None:
    """Close a flag that asks for nothing more, and say so in its order's timeline, where only staff read it.

    Raises AlreadyResolved, StillUndecided.
    """
    flag = Flag.objects.select_for_update(no_key=True, of=("self",)).select_related("run").get(pk=flag_id)
    if flag.resolved_at is not None:
        raise AlreadyResolved
    if not may_be_dismissed(flag):
        raise StillUndecided
    flag.resolved_at, flag.resolved_by, flag.resolution = now, by, reason[:200]
    flag.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    facts = {"flag": flag.kind, "reason": reason}
    OrderEvent.objects.create(order_id=flag.order_id, kind="dismissed", actor=by, facts=facts, public=False, at=now)
