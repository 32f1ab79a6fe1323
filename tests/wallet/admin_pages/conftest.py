"""Who is logged in on the staff's pages about money."""

import pytest

from tests.factories import CustomerFactory
from tests.wallet.people import staff_with
from wallet import operations

LOOKING = [f"view_{name}" for name in ("account", "transfer", "entry", "topup", "gatewayevent", "adjustment", "payout")]
LOOKING += [
    f"view_{name}" for name in ("safeguard", "event", "ledgercheck", "paymentmethod", "bonusrule", "moneyrules")
]
ACTING = ["can_adjust", "can_approve_adjustment", "can_give_goodwill", "can_pay_out", "can_confirm_top_up"]
ACTING += ["can_freeze", "can_limit"]


@pytest.fixture(autouse=True)
def _terms(settings):
    settings.STAFF_MFA_REQUIRED = False
    operations.seed()


@pytest.fixture
def finance(client):
    """Somebody who may look at money and act on it, logged in."""
    staff = staff_with(*LOOKING, *ACTING)
    client.force_login(staff)
    return staff


@pytest.fixture
def owner(client):
    person = CustomerFactory(is_staff=True, is_superuser=True)
    client.force_login(person)
    return person
