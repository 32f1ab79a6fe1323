"""What of the money waits for a person, counted for the staff's front pages."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from wallet.models import Adjustment, Event, Payout, TopUp

BY_HAND = "manual"  # the gateway whose payments staff confirm


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each wait for a person. stuck: payouts that a gateway does not take, of which staff were told."""

    by_hand: int
    review: int
    payouts: int
    stuck: int
    corrections: int


def waiting() -> Waiting:
    """Count them, each through its index."""
    told = Event.objects.filter(subject_type="payout", subject_id=OuterRef("pk"), kind="stuck")
    return Waiting(
        by_hand=TopUp.objects.filter(state=TopUp.State.PENDING, gateway=BY_HAND).count(),
        review=TopUp.objects.filter(state=TopUp.State.REVIEW).count(),
        payouts=Payout.objects.filter(state=Payout.State.ASKED).count(),
        stuck=Payout.objects.filter(Exists(told), state=Payout.State.SENDING).count(),
        corrections=Adjustment.objects.filter(state=Adjustment.State.WAITING).count(),
    )
