"""Live runs without progress for the hours of their order's policy: seen to stand still, or seen by nobody (R37)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import policies.operations as policies
from orders.models import Delivery, Flag, Order
from orders.operations import flags
from policies.models import PolicyVersion
from policies.rules.clauses import parameter
from policies.rules.delivery import Step
from policies.rules.interruptions import has_stalled
from policies.rules.vocabulary import ReportFlag

Quiet = Mapping[int, tuple[int, datetime]]
"""By run: its order, and when it last progressed as far as we know."""


def shortest_patience() -> timedelta:
    """The fewest hours of any refund policy: a run that progressed since then stands still under none of them."""
    versions = PolicyVersion.objects.published().filter(policy__slug="refund").values_list("params", flat=True)
    hours = (parameter(params, "fail_after_h") for params in versions)
    return timedelta(hours=min(hours, default=parameter({}, "fail_after_h")))


def overdue(quiet: Quiet, *, now: datetime) -> set[int]:
    """The runs whose patience is over by the policy of their own order. One query, none where nothing is quiet."""
    if not quiet:
        return set()
    orders = Order.objects.filter(pk__in={order_id for order_id, _ in quiet.values()})
    version_of = dict(orders.values_list("pk", "refund_policy_id"))
    return {
        run_id
        for run_id, (order_id, since) in quiet.items()
        if has_stalled(progressed_at=since, now=now, params=policies.params_of(version_of[order_id]))
    }


def seen_again(steps: Iterable[Step], *, now: datetime) -> None:
    """Close what staff were told about overdue runs of which a report now says how they stand."""
    told = [step.run_id for step in steps if ReportFlag.UNSEEN.value not in step.flags]
    unseen = [ReportFlag.UNSEEN.value]
    flags.resolve_kinds(run_ids=told, kinds=unseen, by="system", resolution="a report came", now=now)


def flag_unseen(*, now: datetime) -> int:
    """Tell staff of overdue runs that nobody even asked about for that long. Returns how many there are.

    What stood still meanwhile the next look will say; the clock alone moves no money (refund.6.3).
    """
    long_ago = now - shortest_patience()
    unasked = Delivery.objects.filter(batch__due_at__lte=long_ago, progressed_at__lte=long_ago)
    rows = unasked.values_list("run_id", "order_id", "progressed_at")
    quiet = {run_id: (order_id, since) for run_id, order_id, since in rows}
    late = overdue(quiet, now=now)
    flags.raise_flags(
        Flag(order_id=quiet[run_id][0], run_id=run_id, kind=ReportFlag.UNSEEN.value, raised_at=now) for run_id in late
    )
    return len(late)
