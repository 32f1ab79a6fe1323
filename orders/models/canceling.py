"""Cancels that a provider is asked for."""

from django.db import models

from orders.models.run import Run


class CancelCall(models.Model):
    """What became of asking a provider to cancel a run. One row while its order's cancel is asked for.

    due_at: when it is asked, or asked again where no answer came. answer: "" until there is one. said: its words.
    """

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", "accepted"
        DECLINED = "declined", "declined"

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="cancel_call")
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    said = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"cancel of run {self.run_id}"
