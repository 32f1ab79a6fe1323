"""The demo's people, money, key and provider: made through the same operations that the site uses, once."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import keys
from accounts.models import ApiKey, User
from accounts.staff import GROUPS, OWNER
from orders.models import Provider
from smmpanel.api_access import open_access, required_now
from wallet import operations as wallet
from wallet.collecting import start_payment
from wallet.operations import payments

FUNDS = Decimal("1000.00")
FUNDING = UUID("0d9c7f0e-5b1a-4c8e-9a53-6f0c8d2a7b11")  # of the form that the demo's customer sent
PROVIDER_NAME = "Simulator"
PROVIDER_KEY = "demo-simulator-key"  # what `python -m orders.simulator` accepts unless told otherwise
KEY_LABEL = "demo"
BANK = "Demo Bank, account 00 1234 5678 90, in the name of smmpanel demo.\nThis account does not exist: send nothing."


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody of the demo. The password is known to all, which is why production refuses the demo."""

    email: str
    password: str


CUSTOMER = Login("customer@demo.test", "demo-customer-password")
STAFF = {name: Login(f"{name}@demo.test", f"demo-{name}-password") for name in (OWNER, *GROUPS)}


def make_people(*, now: datetime) -> User:
    """Make the demo's customer, funded, and one person of each staff group; return the customer."""
    for name, login in STAFF.items():
        user = _ensure(login, name=f"Demo {name}", is_staff=True)
        user.groups.set([Group.objects.get(name=name)])
    owner = User.objects.get(email=STAFF[OWNER].email)
    wallet.introduce_method(staff=owner, gateway="manual", instructions=BANK, now=now)
    customer = _ensure(CUSTOMER, name="Demo customer", is_staff=False)
    _fund(customer, confirmed_by=owner, now=now)
    return customer


def _fund(customer: User, *, confirmed_by: User, now: datetime) -> None:
    """Add funds by bank transfer, as a customer does, and find them on the statement, as staff do; once."""
    top_up = start_payment(user_id=customer.pk, gateway="manual", amount=FUNDS, request_key=FUNDING, now=now)
    if top_up.state == top_up.State.PENDING:
        payments.confirm_manual(
            staff=confirmed_by, top_up_id=top_up.pk, received=top_up.total, reference="DEMO 1", now=now
        )


def key_of(customer: User, *, known: str, now: datetime) -> str:
    """Return an API key of the customer: the known one while it is valid, else a new one in its place."""
    if known and keys.authenticate(known, now) == customer:
        return known
    for old in ApiKey.objects.filter(user=customer, label=KEY_LABEL, revoked_at=None):
        keys.revoke(user_id=customer.pk, key_id=old.pk, now=now)
    return open_access(user_id=customer.pk, label=KEY_LABEL, shown=required_now(now=now), now=now)


def connect_simulator(*, url: str) -> Provider:
    """Make the simulated provider ours, or follow it to the port it runs on now.

    It answers at once and does not mind many calls, so that it is polled by 32 at a time (decision 12).
    """
    connection = {"api_url": f"{url.rstrip('/')}/api/v2", "api_key": PROVIDER_KEY}
    provider, _ = Provider.objects.update_or_create(
        name=PROVIDER_NAME, defaults=connection, create_defaults={**connection, "poll_concurrency": 32}
    )
    return provider


def _ensure(login: Login, *, name: str, is_staff: bool) -> User:
    with transaction.atomic():
        user = User.objects.filter(email=login.email).first()
        if user is None:
            user = User.objects.create_user(login.email, login.password, name=name, is_staff=is_staff)
        EmailAddress.objects.get_or_create(user=user, email=login.email, defaults={"primary": True, "verified": True})
    return user
