"""What holds a customer's spending back: a freeze, and limits by day and month. Shape and constraints."""

from django.conf import settings
from django.db import models
from django.db.models import Q


def _none_or_positive(*names: str) -> Q:
    condition = Q()
    for name in names:
        condition &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 0})
    return condition


class Safeguard(models.Model):
    """One row for each customer whose spending is or was held back. `wallet_charge()` reads it under the wallet's lock.

    Limits are in the account currency, null for none. next_daily and next_monthly replace the customer's own from
    next_at on: what was raised or removed waits a day.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, primary_key=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_reason = models.CharField(max_length=200, blank=True)
    daily = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    monthly = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    next_daily = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    next_monthly = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    staff_daily = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)
    staff_monthly = models.DecimalField(max_digits=18, decimal_places=5, null=True, blank=True)

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("can_freeze", "Can freeze and unfreeze a wallet"),
            ("can_limit", "Can set a customer's spending limits"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(frozen_at__isnull=True, frozen_reason="")
                | Q(frozen_at__isnull=False) & ~Q(frozen_reason=""),
                name="freeze_says_why",
            ),
            models.CheckConstraint(
                condition=_none_or_positive(
                    "daily", "monthly", "next_daily", "next_monthly", "staff_daily", "staff_monthly"
                ),
                name="limits_are_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"safeguard of user {self.user_id}"


class SpentDay(models.Model):
    """What a customer with a safeguard spent on a day in UTC: charges less that day's refunds, never below zero.

    `wallet_charge()` and `wallet_refund()` alone write it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False)
    day = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=5)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "day"], name="spent_day_is_one_row"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="spent_is_never_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.day}"
