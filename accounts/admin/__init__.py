"""How staff see accounts: users, messages on their way and alarms."""

from accounts.admin.alarms import AlarmAdmin
from accounts.admin.outgoing import OutgoingAdmin
from accounts.admin.users import CustomerGroupAdmin, SecondFactorAdmin, UserAdmin

__all__ = ["AlarmAdmin", "CustomerGroupAdmin", "OutgoingAdmin", "SecondFactorAdmin", "UserAdmin"]
