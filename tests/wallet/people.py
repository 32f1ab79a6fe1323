"""Staff with the permissions that a test names, and what a wallet holds, for the tests of what staff do about money."""

from decimal import Decimal

from django.contrib.auth.models import Permission

from accounts.models import User
from tests.factories import NOON, CustomerFactory
from wallet.models import CASH, Account, Event
from wallet.operations import moving


def staff_with(*codes: str) -> User:
    """Somebody of the staff who may do just that: `staff_with("can_adjust")`."""
    user: User = CustomerFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="wallet", codename__in=codes))
    return user


def held(user: User, kind: str = CASH):
    """What the user has of cash, or of another kind."""
    account = Account.objects.filter(user=user, kind=kind).first()
    return account.balance if account else 0


def owe(user: User, amount: str) -> None:
    """A gateway took so much back from a user, without a freeze."""
    moving.take_back(
        user_id=user.pk,
        amount=Decimal(amount),
        bonus=Decimal(0),
        key="topup:1:taken_back:1",
        subject_type="top_up",
        subject_id=1,
        actor="system",
        reason="",
        now=NOON,
    )


def acts_on(subject_type: str, subject_id: int) -> list[tuple[str, str]]:
    """(kind, actor) of each row of the record about something, the oldest first."""
    found = Event.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("id")
    return list(found.values_list("kind", "actor"))
