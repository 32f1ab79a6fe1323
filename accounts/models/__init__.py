"""The tables of accounts: users with what belongs to them, and messages on their way out."""

from accounts.models.outgoing import Outgoing
from accounts.models.users import ApiKey, CustomerGroup, User, UserEvent, UserManager

__all__ = ["ApiKey", "CustomerGroup", "Outgoing", "User", "UserEvent", "UserManager"]
