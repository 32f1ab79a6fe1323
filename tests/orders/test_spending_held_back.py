"""Limits and freezes as the order form and the API tell them: the wallet refuses, each in its own words (R57)."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

import policies.operations as policies
import wallet.operations as wallet
from accounts import keys
from orders.models import Order
from tests.factories import CustomerFactory, ServiceFactory

pytestmark = pytest.mark.django_db

PLACE, QUOTE = reverse("orders:place"), reverse("orders:quote")
LINK = "https://instagram.com/somebody"


@pytest.fixture
def customer(client):
    """Somebody with 10, logged in, who has accepted the policies for form and API."""
    now = timezone.now()
    policies.seed(now=now)
    user = CustomerFactory(funds=Decimal(10))
    shown = {version.pk: version.checksum for version in policies.required_versions(now=now)}
    policies.accept(user_id=user.pk, checksums=shown, context="api", standing=True, now=now)
    client.force_login(user)
    return user


def limit(user, *, daily=None, monthly=None):
    wallet.set_limits(user_id=user.pk, daily=daily, monthly=monthly, actor="customer", now=timezone.now())


def by_form(client, service, *, quantity=1000, **fields):
    context = client.get(PLACE, {"service": service.pk}).context
    versions = [f"{version.pk}:{version.checksum}" for version in context["draft"].quoted.versions]
    hidden = {"service": service.pk, "key": context["key"], "version": versions, "accept": "on"}
    sizes = {} if fields else {"quantity": quantity}
    form = {**hidden, "link": LINK, **sizes, **fields}
    shown = client.post(QUOTE, form).context["draft"].shown
    return client.post(PLACE, {**form, "quote": shown.token})


def by_api(client, user, service):
    _, key = keys.create_key(user_id=user.pk, label="", now=timezone.now())
    asked = {"key": key, "action": "add", "service": service.pk, "link": LINK, "quantity": 1000}
    return client.post("/api/v2", asked)


class TestForm:
    def test_a_limit_is_told_at_the_quantity_with_what_it_leaves(self, client, customer):
        limit(customer, daily=Decimal(5))
        service = ServiceFactory(rate=Decimal(3))
        assert by_form(client, service).status_code == 302

        answer = by_form(client, service)

        assert answer.status_code == 422
        (said,) = answer.context["draft"].form.errors["quantity"]
        assert said == "This order costs $3.00. Your spending limit of $5.00 a day leaves $2.00 for today (UTC)."
        assert (Order.objects.count(), wallet.balance_of(customer.pk)) == (1, 7)

    def test_a_month_s_limit_says_so(self, client, customer):
        limit(customer, monthly=Decimal(2))

        answer = by_form(client, ServiceFactory(rate=Decimal(3)))

        assert "a month leaves $2.00 for this month" in answer.context["draft"].form.errors["quantity"][0]

    @pytest.mark.parametrize(("kind", "field"), [("Custom Comments", "comments"), ("Package", "__all__")])
    def test_where_no_quantity_is_asked_it_stands_at_what_decides_the_price(self, client, customer, kind, field):
        limit(customer, daily=Decimal(0))
        service = ServiceFactory(type=kind, min_quantity=1, rate=Decimal(3))

        answer = by_form(client, service, comments="one\ntwo")

        assert list(answer.context["draft"].form.errors) == [field]

    def test_a_frozen_wallet_is_told_above_the_form(self, client, customer):
        wallet.freeze(user_id=customer.pk, reason="Chargeback", actor="system", now=timezone.now())

        answer = by_form(client, ServiceFactory(rate=Decimal(3)))

        assert answer.status_code == 422
        assert "frozen" in answer.context["draft"].form.non_field_errors()[0]
        assert (Order.objects.count(), wallet.balance_of(customer.pk)) == (0, 10)


class TestApi:
    @pytest.mark.parametrize("period", ["daily", "monthly"])
    def test_a_limit_is_an_error_and_moves_nothing(self, client, customer, period):
        limit(customer, **{period: Decimal(2)})

        answer = by_api(client, customer, ServiceFactory(rate=Decimal(3)))

        assert json.loads(answer.content) == {"error": "Spending limit reached"}
        assert (
            answer["X-SMM-Error-Code"]
            == {
                "daily": "spending_limit_of_the_day",
                "monthly": "spending_limit_of_the_month",
            }[period]
        )
        assert (Order.objects.count(), wallet.balance_of(customer.pk)) == (0, 10)

    def test_a_frozen_wallet_is_an_error_and_moves_nothing(self, client, customer):
        wallet.freeze(user_id=customer.pk, reason="Chargeback", actor="system", now=timezone.now())

        answer = by_api(client, customer, ServiceFactory(rate=Decimal(3)))

        assert json.loads(answer.content) == {"error": "Wallet is frozen"}
        assert answer["X-SMM-Error-Code"] == "wallet_frozen"
        assert (Order.objects.count(), wallet.balance_of(customer.pk)) == (0, 10)

    def test_within_its_limit_a_customer_orders(self, client, customer):
        limit(customer, daily=Decimal(3), monthly=Decimal(3))

        answer = by_api(client, customer, ServiceFactory(rate=Decimal(3)))

        assert json.loads(answer.content) == {"order": Order.objects.get().pk}
