"""The tables of accounts: users with what belongs to them, messages on their way out, and alarms to staff."""

from accounts.models.alarms import Alarm
from accounts.models.outgoing import Outgoing
from accounts.models.users import ApiKey, CustomerGroup, User, UserEvent, UserManager

__all__ = ["Alarm", "ApiKey", "CustomerGroup", "Outgoing", "User", "UserEvent", "UserManager"]
