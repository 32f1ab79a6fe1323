"""What the admin's front page shows of alarms."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import template
from django.db.models import F

from accounts.models import Alarm

register = template.Library()

SHOWN = 6
COUNTED = 1000  # more are "1,000 or more"


@dataclass(frozen=True, slots=True)
class OpenAlarms:
    """The open alarms, what nobody has seen yet first, then the newest. more: how many are not shown."""

    shown: Sequence[Alarm]
    more: int


@register.simple_tag
def open_alarms() -> OpenAlarms:
    """What staff have to know now."""
    found = Alarm.objects.filter(cleared_at=None).order_by(
        F("acknowledged_at").asc(nulls_first=True), "-raised_at", "-id"
    )
    first = list(found[: SHOWN + 1])
    if len(first) <= SHOWN:
        return OpenAlarms(first, 0)
    return OpenAlarms(first[:SHOWN], Alarm.objects.filter(cleared_at=None)[:COUNTED].count() - SHOWN)
