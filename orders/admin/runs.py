"""What staff may decide about a run that is unknown or parked, each on a page that says what it will do."""

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


class LinkForm(ReasonForm):
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


def _link(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    number = int(str(values["provider_order_id"]))
    try:
        unknowns.link_run(
            run_id=run.pk,
            provider_order_id=number,
            actor=actor_of(request),
            reason=str(values["reason"]),
            now=timezone.now(),
        )
    except unknowns.IdTaken as taken:
        raise ActRefused(f"{run.provider}'s order {number} belongs to another run.") from taken
    except unknowns.AlreadyDecided as late:
        raise ActRefused(_too_late(late)) from late
    return f"Part {run.number} is followed at {run.provider} as {number}."


def _resend(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    try:
        unknowns.resend_run(run_id=run.pk, actor=actor_of(request), reason=str(values["reason"]), now=timezone.now())
    except unknowns.AlreadyDecided as late:
        raise ActRefused(_too_late(late)) from late
    return f"Part {run.number} is queued and goes out with the next wave."


def _refund(request: HttpRequest, run: Run, values: dict[str, object]) -> str:
    try:
        unknowns.refund_run(run_id=run.pk, actor=actor_of(request), reason=str(values["reason"]), now=timezone.now())
    except unknowns.AlreadyDecided as late:
        raise ActRefused(_too_late(late)) from late
    run.order.refresh_from_db()
    return f"Part {run.number} is given up. Of {amount(run.order.charge)}, {amount(run.order.refunded)} went back."


def _too_late(late: unknowns.AlreadyDecided) -> str:
    return f"Somebody or something was faster: the run is {late} now."


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
)
RESEND: Act[Run] = Act(
    slug="resend",
    title="Not received: send it again",
    permission=PERMISSION,
    effect=_effect_of_resending,
    perform=_resend,
    offered=_undecided,
    grave=True,
)
REFUND: Act[Run] = Act(
    slug="refund",
    title="Give it up and refund",
    permission=PERMISSION,
    effect=_effect_of_giving_up,
    perform=_refund,
    offered=_undecided,
    grave=True,
)
ACTS = (LINK, RESEND, REFUND)
