"""What was odd about reports, written down as it was said: a flag while it lasts, a line for each step back."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from orders.models import Flag, OrderEvent, Run
from orders.operations import flags
from policies.rules.delivery import Step
from policies.rules.vocabulary import ReportFlag, RunState

STEPS_BACK_KEPT = 5  # of a run: a provider that goes to and fro for days fills no timeline
LONGEST_WORD = 40

# What the next sound report takes back. A standstill that nobody sees ends otherwise (`stalling`).
TAKEN_BACK = [flag.value for flag in ReportFlag if flag not in (ReportFlag.UNSEEN, ReportFlag.OVER_DELIVERED)]

Reports = Mapping[int, Mapping[str, object]]
"""By run: the provider's own object, of those whose report came."""


def observe(steps: Sequence[Step], reports: Reports, *, now: datetime) -> None:
    """Raise the flags of steps with what the provider said, and note each step back. No money moves for any of it."""
    odd = [step for step in steps if step.flags]
    if not odd:
        return
    flags.raise_flags(
        Flag(
            order_id=step.order_id, run_id=step.run_id, kind=kind, facts=_said(reports.get(step.run_id)), raised_at=now
        )
        for step in odd
        for kind in step.flags
    )
    _note_steps_back([step for step in odd if ReportFlag.REGRESSED.value in step.flags], reports, now)


def doubted(provider_id: int) -> set[int]:
    """The live runs of a provider whose reports were odd, and no sound one has come since."""
    odd = Flag.objects.filter(
        kind__in=TAKEN_BACK, resolved_at__isnull=True, run__provider_id=provider_id, run__state=RunState.LIVE.value
    )
    return set(odd.values_list("run_id", flat=True))


def believe_again(run_ids: Collection[int], *, now: datetime) -> None:
    """Close what was odd about runs of which a sound report has come."""
    if run_ids:
        said = "a sound report came"
        flags.resolve_kinds(run_ids=run_ids, kinds=TAKEN_BACK, by="system", resolution=said, now=now)


def _note_steps_back(steps: Sequence[Step], reports: Reports, now: datetime) -> None:
    if not steps:
        return
    order_ids = {step.order_id for step in steps}
    noted = OrderEvent.objects.filter(order_id__in=order_ids, kind="regressed").values_list("order_id", "facts__run")
    often = Counter(noted)
    numbers = dict(Run.objects.filter(pk__in=[step.run_id for step in steps]).values_list("pk", "number"))
    OrderEvent.objects.bulk_create(
        OrderEvent(
            order_id=step.order_id,
            kind="regressed",
            actor="system",
            facts={"run": numbers[step.run_id], "known": step.delivered, **_said(reports.get(step.run_id))},
            public=False,
            at=now,
        )
        for step in steps
        if often[step.order_id, numbers[step.run_id]] < STEPS_BACK_KEPT
    )


def _said(report: Mapping[str, object] | None) -> dict[str, object]:
    """The words of a report, cut: they are a stranger's."""
    said = report or {}
    return {name: str(said[name])[:LONGEST_WORD] for name in ("status", "remains") if said.get(name) is not None}
