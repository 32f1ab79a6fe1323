"""Accounts as staff see them."""

from accounts.admin.outgoing import OutgoingAdmin
from accounts.admin.users import CustomerGroupAdmin, SecondFactorAdmin, UserAdmin

__all__ = ["CustomerGroupAdmin", "OutgoingAdmin", "SecondFactorAdmin", "UserAdmin"]
