"""Whether an order may still be taken back free of charge (refund.1.4)."""

from collections.abc import Sequence

from policies.rules.vocabulary import RunState


def is_free_to_cancel(states: Sequence[RunState]) -> bool:
    """Say whether nothing of an order has been sent, so that "refund.1.4" pays all of it back.

    states: of its runs of kind first. One that came back to the queue counts as unsent: it provably is not upstream.
    One whose refusal nobody understands yet does not: a person looks at it first.
    """
    return bool(states) and all(state is RunState.QUEUED for state in states)
