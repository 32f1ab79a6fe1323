"""The page of spending limits: what holds, what is spent, what waits."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.factories import CustomerFactory
from tests.wallet.test_wallet_page import words
from wallet import operations

pytestmark = pytest.mark.django_db
URL = "/wallet/limits"


@pytest.fixture
def owner(client):
    """A logged-in customer in Auckland."""
    user = CustomerFactory(funds=Decimal(100), time_zone="Pacific/Auckland")
    client.force_login(user)
    return user


def spend(user, amount, *, order=1):
    operations.charge(
        user_id=user.pk,
        amount=Decimal(amount),
        key=f"order:{order}:charge",
        subject_type="order",
        subject_id=order,
        actor="system",
        now=timezone.now(),
    )


def test_without_limits_it_says_so(client, owner):
    assert "Today No limit. This month No limit." in words(client.get(URL))


def test_a_first_limit_holds_at_once_and_shows_what_is_spent(client, owner):
    spend(owner, "4")
    page = client.post(URL, {"daily": "10", "monthly": ""}, follow=True)
    spend(owner, "2.5", order=2)

    assert "Saved. Your limits hold from now on." in words(page)
    page = client.get(URL)
    assert "$6.50 of $10.00 Still to spend $3.50" in words(page)
    assert '<progress class="progress" value="6.50000" max="10.00000"' in page.content.decode()
    with pytest.raises(operations.SpendingLimitReached):
        spend(owner, "3.51", order=3)


def test_a_raise_waits_a_day_is_announced_in_the_customers_zone_and_can_be_called_off(client, owner):
    client.post(URL, {"daily": "10", "monthly": "50"})
    before = timezone.now()

    page = client.post(URL, {"daily": "20", "monthly": ""}, follow=True)

    text = words(page)
    held = operations.limits_of(owner.pk, timezone.now())
    assert before + timedelta(hours=23) < held.next_at < timezone.now() + timedelta(hours=25)
    with timezone.override("Pacific/Auckland"):
        local = timezone.localtime(held.next_at)
    assert f"A change waits until {local.day} {local:%b %Y, %H:%M}" in text
    assert "From then on: $20.00 a day, no limit a month." in text
    assert "of $10.00" in text
    assert 'name="daily" value="10"' in page.content.decode()

    kept = client.post(URL, {"keep": "yes"}, follow=True)

    assert "A change waits" not in words(kept)
    assert operations.limits_of(owner.pk, timezone.now()).next_at is None


def test_the_limit_of_staff_is_shown_and_holds_when_it_is_lower(client, owner):
    staff = CustomerFactory(is_staff=True, is_superuser=True)
    client.post(URL, {"daily": "10", "monthly": ""})
    operations.set_staff_limits(
        staff=staff, user_id=owner.pk, daily=Decimal(5), monthly=None, reason="Asked for", now=timezone.now()
    )

    text = words(client.get(URL))

    assert "$0.00 of $5.00" in text
    assert "Your limit $10.00 Set by our staff $5.00" in text
    assert "The lower of the two holds." in text


def test_a_limit_of_nothing_is_a_limit(client, owner):
    page = client.post(URL, {"daily": "0", "monthly": ""}, follow=True)

    assert "$0.00 of $0.00 Still to spend $0.00" in words(page)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("daily", "-1", "greater than or equal to 0"),
        ("daily", "some", "Enter a number"),
        ("monthly", "1.234", "2 decimal places"),
        ("monthly", "99999999999", "digits"),
    ],
)
def test_a_wrong_amount_stands_at_its_field_and_keeps_the_input(client, owner, field, value, said):
    page = client.post(URL, {"daily": "7", "monthly": "77"} | {field: value})

    assert page.status_code == 422
    assert said in page.context["form"].errors[field][0]
    assert f'value="{value}"' in page.content.decode()
    assert operations.limits_of(owner.pk, timezone.now()).daily is None
