"""Which acts a run offers staff, as buttons: what is unknown or parked is decided, what is live may be ended."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.urls import reverse

from orders.admin import live_runs, runs
from orders.models import Run
from orders.operations.ending_by_hand import WITHOUT_A_NUMBER
from orders.operations.flags import UNDECIDED
from plumbing.acts import Act
from policies.rules.vocabulary import ReportFlag, RunState

RUN_ACTS: Sequence[Act[Run]] = (*runs.ACTS, *live_runs.ACTS)


@dataclass(frozen=True, slots=True)
class Button:
    """An act that is offered. grave: it moves money or may deliver twice."""

    title: str
    address: str
    grave: bool


def run_buttons(run: Run, kinds: Collection[str], *, tab: str = "") -> Sequence[Button]:
    """The acts that a run offers, by its state and the kinds of its open flags. tab: where to go back to afterwards."""
    back = f"?tab={tab}" if tab else ""
    return [
        Button(act.title, reverse(f"admin:orders_order_run_{act.slug}", args=[run.pk]) + back, act.grave)
        for act in _offered(run, kinds)
    ]


def _offered(run: Run, kinds: Collection[str]) -> Sequence[Act[Run]]:
    if run.state in UNDECIDED:
        return runs.ACTS
    if run.state != RunState.LIVE.value:
        return ()
    silent = (live_runs.GIVE_UP,) if ReportFlag.UNSEEN.value in kinds else ()
    return (*silent, live_runs.END) if set(kinds) & set(WITHOUT_A_NUMBER) else silent
