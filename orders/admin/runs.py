"""What staff may decide about a run that is unknown or parked, each on a page that says what it will do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone

from orders.models import Run
from orders.operations import settling, unknowns
from orders.operations.flags import UNDECIDED
from plumbing.acts import Act, ActRefused, ReasonForm
from plumbing.adminpages import BIGGEST_ID, actor_of
from plumbing.templatetags.amounts import amount, count
from policies.rules.vocabulary import Cause

PERMISSION = "orders.handle_order"


class DecideForm(ReasonForm):
    """Why, and about what: the try that the person looked at."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=32)


class LinkForm(DecideForm):
    """Which order of the provider's it is."""

    field_order = ["provider_order_id", "reason"]
    provider_order_id = forms.IntegerField(
        label="Their order number",
        min_value=1,
        max_value=BIGGEST_ID,
        help_text="As the provider's own page shows it, for this link and quantity.",
    )


def _undecided(run: Run) -> bool:
    return run.state in UNDECIDED


def _seen(run: Run) -> dict[str, object]:
    return {"seen": unknowns.standing(run)}


@contextmanager
def _unless_overtaken() -> Iterator[None]:
    """Say to whoever comes second what happened meanwhile; nothing was done."""
    try:
        yield
    except unknowns.AlreadyDecided as late:
        raise ActRefused(f"Somebody or something was faster: the run is {late} now. Nothing was done.") from late
    except unknowns.DecidedSince as late:
        raise ActRefused(
            "Somebody decided about it since you opened this page, and it needs a decision again, about another try. "
            "Nothing was done: look at the new evidence first."
        ) from late


def _link(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    number = int(str(values["provider_order_id"]))
    try:
        with _unless_overtaken():
            unknowns.link_run(**_decision(request, run, values), provider_order_id=number)
    except unknowns.IdTaken as taken:
        raise ActRefused(f"{run.provider}'s order {number} belongs to another run.") from taken
    return f"Part {run.number} is followed at {run.provider} as {number}."


def _resend(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    with _unless_overtaken():
        unknowns.resend_run(**_decision(request, run, values))
    return f"Part {run.number} is queued and goes out with the next wave."


def _refund(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    with _unless_overtaken():
        unknowns.refund_run(**_decision(request, run, values))
    run.order.refresh_from_db()
    return f"Part {run.number} is given up. Of {amount(run.order.charge)}, {amount(run.order.refunded)} went back."


def _decision(request: HttpRequest, run: Run, values: dict[str, object]) -> dict[str, Any]:
    return {
        "run_id": run.pk,
        "seen": str(values["seen"]),
        "actor": actor_of(request),
        "reason": str(values["reason"]),
        "now": timezone.now(),
    }


def _effect_of_resending(run: Run) -> list[str]:
    said = [f"Sends {count(run.quantity)} units to {run.provider} again, under the same request id ({run.request_id})."]
    if run.provider.request_ids:
        return [*said, f"{run.provider} keeps request ids: what it already has under this one it will not start again."]
    return [
        *said,
        f"{run.provider} keeps no request ids. If it did take the first one, it delivers twice and we pay twice: "
        "be sure that it is not in its list.",
    ]


def _effect_of_giving_up(run: Run) -> list[str]:
    said = [f"Part {run.number} ends with nothing delivered. If {run.provider} took it after all, we pay for it."]
    others = run.order.runs.first_runs().exclude(pk=run.pk).filter(ended_at__isnull=True).count()
    if others:
        return [*said, f"{others} other parts are still under way: money is decided when the last of them ends."]
    back = settling.foresee(order_id=run.order_id, cause=Cause.FAILED).amount
    return [*said, f"The order ends, and {amount(back)} of {amount(run.order.charge)} goes back to {run.order.user}."]


LINK: Act[Run] = Act(
    slug="link",
    title="Found: follow it there",
    permission=PERMISSION,
    effect=lambda run: [
        f"Part {run.number} of order {run.order_id} ({count(run.quantity)} units, {run.order.link}) was taken by "
        f"{run.provider}, and is followed there under the number that you enter.",
        "Sends nothing and moves no money.",
    ],
    perform=_link,
    offered=_undecided,
    form=LinkForm,
    start=_seen,
)
RESEND: Act[Run] = Act(
    slug="resend",
    title="Not received: send it again",
    permission=PERMISSION,
    effect=_effect_of_resending,
    perform=_resend,
    offered=_undecided,
    form=DecideForm,
    start=_seen,
    grave=True,
)
REFUND: Act[Run] = Act(
    slug="refund",
    title="Give it up and refund",
    permission=PERMISSION,
    effect=_effect_of_giving_up,
    perform=_refund,
    offered=_undecided,
    form=DecideForm,
    start=_seen,
    grave=True,
)
ACTS = (LINK, RESEND, REFUND)
