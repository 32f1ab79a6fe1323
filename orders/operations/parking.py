"""Runs that prove again and again not to have arrived: after some tries a person looks (reliability 31)."""

from datetime import datetime

from accounts.operations import queue_alarm
from orders.models import Attempt, Flag, Run
from orders.operations import flags
from policies.rules.vocabulary import RunState, Submission

# A restart or a cut line costs a run a try or two. What never lands five times has a cause that waiting does not mend.
MOST_LOST_TRIES = 5
# Answers that somebody gave: "later", or a no after which another route was taken.
HEARD = [Submission.NOT_ACCEPTED.value, Submission.PROVIDER_CLOSED.value, Submission.REJECTED.value]

BODY = """A part of order {order} was sent {tries} times to {provider} and never arrived there.

It is not sent again by itself. Look at what the provider says, then send it again or give it up.
Others of the same provider may be parked as well: the list of what needs a person has them all.
"""


def never_lands(run: Run) -> bool:
    """Whether as many tries were lost as a run may lose: nothing left us, or the provider has never seen it."""
    return Attempt.objects.filter(run=run).exclude(submission__in=HEARD).count() >= MOST_LOST_TRIES


def park(*, run: Run, reason: str, now: datetime) -> None:
    """Set a run aside for a person, and tell staff. Part of the caller's transaction.

    reason: what became of the last try. The caller holds the locks and refreshes the order afterwards.
    """
    run.state = RunState.PARKED.value
    run.save(update_fields=["state"])
    facts = {"reason": reason, "tries": run.tries}
    kind = flags.NEVER_LANDS
    flags.raise_flags([Flag(order_id=run.order_id, run_id=run.pk, kind=kind, facts=facts, raised_at=now)])
    queue_alarm(
        subject=f"Orders do not arrive at {run.provider.name}",
        body=BODY.format(order=run.order_id, tries=run.tries, provider=run.provider.name),
        key=f"provider:{run.provider_id}:never_lands",
        now=now,
    )
