"""How the tests walk through the staff's pages about money, and the payments they find there."""

from decimal import Decimal
from uuid import uuid4

from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import NOON
from tests.wallet.test_wallet_page import words
from wallet.gateways.base import Created, PaymentState, Truth
from wallet.operations import payments


def without(staff, code):
    staff.user_permissions.remove(Permission.objects.get(codename=code))


def page(client, model, *, pk=None, **query):
    """The text of a model's list, or of one row's page."""
    name = f"admin:wallet_{model}_{'changelist' if pk is None else 'change'}"
    return words(client.get(reverse(name, args=[] if pk is None else [pk]), query))


def found(client, model, **query):
    return client.get(reverse(f"admin:wallet_{model}_changelist"), query).context["cl"].result_count


def top_up(user, *, gateway="manual", amount="50", payment_id=None):
    """A payment that waits for the customer."""
    asked = payments.start_top_up(
        user_id=user.pk, gateway=gateway, amount=Decimal(amount), request_key=uuid4(), now=NOON
    )
    created = Created(payment_id=payment_id or asked.reference, pay_url="")
    return payments.register_payment(top_up_id=asked.pk, created=created, now=NOON)


def paid(user, *, received=None, payment_id="cs_1"):
    """A card payment of 50 that the gateway says has arrived."""
    asked = top_up(user, gateway="stripe", payment_id=payment_id)
    truth = Truth(
        payment_id=payment_id,
        reference=asked.reference,
        state=PaymentState.PAID,
        received=received or asked.total,
        currency="USD",
    )
    payments.settle(top_up_id=asked.pk, truth=truth, now=NOON)
    asked.refresh_from_db()
    return asked


def act(client, name, row, follow=True, **typed):
    """Do an act on its page; the text of what comes."""
    return words(client.post(reverse(f"admin:wallet_{name}", args=[row.pk]), typed, follow=follow))


def effect_of(client, name, row):
    return words(client.get(reverse(f"admin:wallet_{name}", args=[row.pk])))
