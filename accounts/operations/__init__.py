"""What is done to users and to messages for them: each function is one transaction, or a row in the caller's."""

from accounts.operations.groups import seed
from accounts.operations.outbox import NotParked, UnfitHeader, queue_alarm, queue_mail, queue_to_many, send_again
from accounts.operations.users import IsStaff, change_settings, suspend, unsuspend

__all__ = [
    "IsStaff",
    "NotParked",
    "UnfitHeader",
    "change_settings",
    "queue_alarm",
    "queue_mail",
    "queue_to_many",
    "seed",
    "send_again",
    "suspend",
    "unsuspend",
]
