"""What changes at every look at a live run, kept narrow and apart from what is kept for good."""

from django.db import models
from django.db.models import F, Q

from orders.models.provider import Provider
from orders.models.run import Run


class PollBatch(models.Model):
    """Up to 1,000 live runs of one provider and tier that are looked at together. Carries due time and lease.

    So no index on the hot table ever changes at a look (performance P1, P3). tier: how often, `rules.delivery.Tier`.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="poll_batches", db_index=False)
    tier = models.PositiveSmallIntegerField(default=0)
    size = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["provider", "due_at"], name="poll_batch_due")]

    def __str__(self) -> str:
        return f"Batch {self.pk} of provider {self.provider_id}"


class Delivery(models.Model):
    """One row while a run lives upstream. Half of each page stays free (migration: fillfactor 50), so that an update
    touches one page and no index; only `batch` is indexed and changes, when a run changes tier (decision 10).

    whole: a package, whose remains say nothing.
    """

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="delivery")
    batch = models.ForeignKey(PollBatch, models.PROTECT, related_name="deliveries")
    order_id = models.BigIntegerField()  # repeated here without a constraint, so that a look needs no join
    provider_order_id = models.BigIntegerField()
    quantity = models.PositiveIntegerField()
    whole = models.BooleanField(default=False)
    delivered = models.PositiveIntegerField(default=0)
    start_count = models.PositiveIntegerField(null=True)
    word = models.CharField(max_length=24, blank=True)  # the provider's last status word, lower case
    progressed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(delivered__lte=F("quantity")), name="delivery_delivers_at_most_its_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery of run {self.run_id}"


class Sample(models.Model):
    """How much of a run was delivered when: at most 50 a run; chart, forecast and refill history read it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()
    delivered = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "at"], name="sample_of_run")]

    def __str__(self) -> str:
        return f"{self.delivered} of run {self.run_id}"
