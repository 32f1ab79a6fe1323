"""What is done to users, messages and alarms: each function is one transaction, or a row in the caller's."""

from accounts.operations.alarms import acknowledge_alarm, clear_alarm, open_alarms_below, queue_alarm
from accounts.operations.groups import seed
from accounts.operations.outbox import NotParked, UnfitHeader, queue_mail, queue_to_many, send_again
from accounts.operations.users import IsStaff, change_settings, suspend, unsuspend

__all__ = [
    "IsStaff",
    "NotParked",
    "UnfitHeader",
    "acknowledge_alarm",
    "change_settings",
    "clear_alarm",
    "open_alarms_below",
    "queue_alarm",
    "queue_mail",
    "queue_to_many",
    "seed",
    "send_again",
    "suspend",
    "unsuspend",
]
