"""What staff may decide about a run that is with its provider: end one that nobody can see, or one without a number."""

from collections.abc import Iterator
from contextlib import contextmanager

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from orders.admin.runs import PERMISSION
from orders.models import Delivery, Run
from orders.operations import ending_by_hand, settling
from plumbing.acts import Act, ActRefused, ReasonForm
from plumbing.adminpages import actor_of
from plumbing.templatetags.amounts import amount, count
from policies.rules.vocabulary import Cause, RunState

MOST_UNITS = 2**31 - 1


class SeenForm(ReasonForm):
    """Why, and what was delivered when the person looked."""

    seen_delivered = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class FoundForm(SeenForm):
    """How much the provider has delivered in truth."""

    field_order = ["delivered", "reason"]
    delivered = forms.IntegerField(
        label="Delivered",
        min_value=0,
        max_value=MOST_UNITS,
        help_text="Units of this part, in all, as the provider's own page or support says.",
    )


def _may_give_up(run: Run) -> bool:
    ends = ending_by_hand.patience_ends(run) if run.state == RunState.LIVE.value else None
    return ends is not None and ends <= timezone.now()


def _delivered(run: Run) -> int:
    return Delivery.objects.values_list("delivered", flat=True).filter(pk=run.pk).first() or 0


def _seen(run: Run) -> dict[str, object]:
    return {"seen_delivered": _delivered(run)}


@contextmanager
def _unless_overtaken() -> Iterator[None]:
    try:
        yield
    except ending_by_hand.NotLive as late:
        raise ActRefused("Somebody or something was faster: the run has ended. Nothing was done.") from late
    except ending_by_hand.MovedSince as moved:
        raise ActRefused(
            f"It has moved since you opened this page: {moved} are delivered now. Nothing was done: look again."
        ) from moved
    except ending_by_hand.TooEarly as early:
        raise ActRefused(f"It may still move: its policy gives it until {early}. Nothing was done.") from early
    except ending_by_hand.NumberStated as stated:
        raise ActRefused("Its provider's number can be used after all. Nothing was done.") from stated
    except ending_by_hand.StillGoing as going:
        raise ActRefused(f"Its provider calls it “{going}”: it has not ended. Nothing was done.") from going


def _give_up(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    with _unless_overtaken():
        ending_by_hand.give_up_silent(
            run_id=run.pk,
            seen_delivered=int(str(values["seen_delivered"])),
            actor=actor_of(request),
            reason=str(values["reason"]),
            now=timezone.now(),
        )
    return _what_came_of_it(run)


def _end_as_found(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    try:
        with _unless_overtaken():
            ending_by_hand.end_as_found(
                run_id=run.pk,
                seen_delivered=int(str(values["seen_delivered"])),
                delivered=int(str(values["delivered"])),
                actor=actor_of(request),
                reason=str(values["reason"]),
                now=timezone.now(),
            )
    except ending_by_hand.NumberOutOfRange as beyond:
        raise ActRefused(f"Delivered must be from {beyond} units.") from beyond
    return _what_came_of_it(run)


def _what_came_of_it(run: Run) -> str:
    run.order.refresh_from_db()
    return f"Part {run.number} has ended. Of {amount(run.order.charge)}, {amount(run.order.refunded)} went back."


def _effect_of_giving_up(run: Run) -> list[str]:
    done = _delivered(run)
    said = [
        f"Part {run.number} ends as one that stands still (refund.6.3), with {count(done)} of {count(run.quantity)} "
        f"delivered. What {run.provider} delivers after that, we pay for and nobody is charged for."
    ]
    others = run.order.runs.first_runs().exclude(pk=run.pk).filter(ended_at__isnull=True).count()
    if others:
        return [*said, f"{others} other parts are still under way: money is decided when the last of them ends."]
    back = settling.foresee(order_id=run.order_id, cause=Cause.FAILED).amount
    return [*said, f"The order ends, and {amount(back)} of {amount(run.order.charge)} goes back to {run.order.user}."]


def _effect_of_ending(run: Run) -> list[str]:
    live = Delivery.objects.get(pk=run.pk)
    least = ending_by_hand.fewest(run, live)
    why = "what is known to be delivered" if least == live.delivered else "its provider denies what it said before"
    return [
        f"Part {run.number} ends with the number that you enter, from {count(least)} ({why}) to {count(run.quantity)}. "
        f"{count(live.delivered)} were reported. Ask {run.provider} for it first.",
        "With the last of its parts the order ends, and what was not delivered is paid back by the rule "
        "(refund.7.2, refund.7.3).",
    ]


GIVE_UP: Act[Run] = Act(
    slug="give-up",
    title="Give it up: nobody can see it",
    permission=PERMISSION,
    effect=_effect_of_giving_up,
    perform=_give_up,
    offered=_may_give_up,
    form=SeenForm,
    start=_seen,
    grave=True,
)
END: Act[Run] = Act(
    slug="end",
    title="End it with the number found",
    permission=PERMISSION,
    effect=_effect_of_ending,
    perform=_end_as_found,
    offered=ending_by_hand.has_no_number,
    form=FoundForm,
    start=_seen,
    grave=True,
)
ACTS = (GIVE_UP, END)
