"""A try to bring back what dropped after an order was completed, and what each of its parts' providers says of it."""

from django.db import models
from django.db.models import Q

from orders.models.order import Order
from orders.models.run import Run
from policies.rules.vocabulary import RefillState

OPEN = [state.value for state in RefillState if not state.is_terminal]


class Refill(models.Model):
    """One try, asked for by a customer (refund.8.1). It pays nothing back, whatever comes of it (R44).

    asked_by: an actor. state: what its calls add up to; `operations.refilling` alone writes it.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="refills")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=32)
    state = models.CharField(max_length=12, choices=RefillState.choices(), default=RefillState.ASKED.value)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(ended_at__isnull=True), name="one_refill_of_an_order_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, state__in=OPEN) | Q(ended_at__isnull=False) & ~Q(state__in=OPEN),
                name="refill_has_ended_exactly_when_its_state_says_so",
            ),
        ]

    def __str__(self) -> str:
        return f"Refill {self.pk} of order {self.order_id}"


class RefillCall(models.Model):
    """What the provider of one part says of its refill.

    due_at: when it is asked next. number: the provider's for it, once it took it. said: its words, where it refuses.
    lease_until: until when somebody asks, by the database's clock.
    """

    refill = models.ForeignKey(Refill, models.CASCADE, related_name="calls")
    run = models.ForeignKey(Run, models.PROTECT, related_name="refill_calls")
    state = models.CharField(max_length=12, choices=RefillState.choices(), default=RefillState.ASKED.value)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    number = models.BigIntegerField(null=True, blank=True)
    said = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["refill", "run"], name="one_call_a_refill_and_part"),
            models.CheckConstraint(
                condition=~Q(state="under_way") | Q(number__isnull=False), name="refill_is_under_way_by_its_number"
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state__in=OPEN), name="refill_call_due")]

    def __str__(self) -> str:
        return f"Call about run {self.run_id} of refill {self.refill_id}"
