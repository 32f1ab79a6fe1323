"""An order that ended short and the decision on it, through the real doors but without a provider."""

from datetime import datetime

from orders.models import Order, Run, Sample
from orders.operations import runs
from policies.models import Decision
from policies.rules.vocabulary import OrderStatus, RunOutcome


def decided(
    order: Order, *, delivered: int, now: datetime, outcome: RunOutcome = RunOutcome.SHORT, actor: str = "system"
) -> Decision:
    """End an order short after so many units; what its refund was decided by."""
    ended(order, delivered=delivered, now=now, outcome=outcome, actor=actor)
    return Decision.objects.filter(subject_type="order", subject_id=order.pk).latest("pk")


def ended(
    order: Order, *, delivered: int, now: datetime, outcome: RunOutcome = RunOutcome.DELIVERED, actor: str = "system"
) -> None:
    """An order of one part was taken by its provider now, and is over with so many units."""
    status = OrderStatus.IN_PROGRESS if delivered else OrderStatus.PROCESSING
    Order.objects.filter(pk=order.pk).update(status=status.value)
    run = order.runs.get(number=1)
    Run.objects.filter(pk=run.pk).update(accepted_at=now, state="live", provider_order_id=run.pk)
    Sample.objects.create(run=run, at=now, delivered=delivered)
    runs.end_run(run_id=run.pk, outcome=outcome, delivered=delivered, start_count=7, actor=actor, now=now)
    order.refresh_from_db()
