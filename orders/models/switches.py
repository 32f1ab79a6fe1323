"""What stops selling or sending for the whole installation, and who turned it when and why."""

from django.db import models
from django.db.models import Q


class Switches(models.Model):
    """One row that stops selling or dispatch for the whole installation (decision 29)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    stop_selling = models.BooleanField(default=False)
    stop_dispatch = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "switches"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="switches_are_one_row")]

    def __str__(self) -> str:
        return "Switches"


class SwitchTurn(models.Model):
    """One turn of a switch: which, which way, by whom, when and why. Only ever added to (a trigger sees to it)."""

    class Switch(models.TextChoices):
        SELLING = "selling"
        DISPATCH = "dispatch"

    switch = models.CharField(max_length=8, choices=Switch.choices)
    stopped = models.BooleanField()
    reason = models.CharField(max_length=200)
    actor = models.CharField(max_length=32)  # "staff:3"
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="switch_is_turned_for_a_reason")]

    def __str__(self) -> str:
        return f"{self.switch} {'stopped' if self.stopped else 'started'}"
