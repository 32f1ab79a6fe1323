"""Lists about money: read-only, found by whole values, as cheap when they are long."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from tests.wallet.admin_pages.walking import paid, top_up
from tests.wallet.test_wallet_page import spend
from wallet.gateways.base import Notice
from wallet.models import (
    Account,
    Entry,
    Transfer,
)
from wallet.operations import corrections, payments, payouts, safeguards

pytestmark = pytest.mark.django_db


class TestLists:
    ROWS = ("account", "transfer", "entry", "topup", "gatewayevent", "adjustment", "payout", "safeguard", "event")

    @pytest.mark.parametrize("model", ROWS)
    def test_a_long_list_costs_as_many_queries_as_a_short_one(
        self, client, finance, model, django_assert_max_num_queries
    ):
        for n in range(6):
            user = CustomerFactory(funds=Decimal(60))
            spend(user, [n + 1])
            paid(user, payment_id=f"cs_{n}")
            notice = Notice(event_id=f"evt_{n}", payment_id=f"cs_{n}", kind="paid")
            payments.receive_notice(gateway="stripe", notice=notice, body=b"{}", now=NOON)
            safeguards.set_limits(user_id=user.pk, daily=Decimal(5), monthly=None, actor="system", now=NOON)
            ask = {"user_id": user.pk, "amount": Decimal(1), "now": NOON}
            payouts.ask_payout(destination="IBAN", request_key=uuid4(), **ask)
            corrections.adjust(staff=finance, reason="Why", key=uuid4(), **ask)

        with django_assert_max_num_queries(9):
            client.get(reverse(f"admin:wallet_{model}_changelist"), {"state": "all"} if model == "adjustment" else {})

    @pytest.mark.parametrize("model", ["topup", "gatewayevent", "adjustment", "payout", "safeguard", "event"])
    def test_nothing_is_added_edited_or_deleted_by_hand(self, client, owner, model):
        user = CustomerFactory(funds=Decimal(60))
        top_up(user)

        assert client.get(reverse(f"admin:wallet_{model}_add")).status_code == 403
        assert client.post(reverse(f"admin:wallet_{model}_delete", args=[1])).status_code in (302, 403)


class TestLedgerInTheAdmin:
    @pytest.mark.parametrize("model", ["account", "transfer", "entry"])
    def test_it_is_read_only(self, client, owner, model):
        CustomerFactory(funds=Decimal("5"))
        row = {"account": Account, "transfer": Transfer, "entry": Entry}[model].objects.first()

        assert client.get(reverse(f"admin:wallet_{model}_add")).status_code == 403
        assert client.post(reverse(f"admin:wallet_{model}_delete", args=[row.pk])).status_code == 403
        assert 'name="_save"' not in client.get(reverse(f"admin:wallet_{model}_change", args=[row.pk])).content.decode()

    @pytest.mark.parametrize(
        ("model", "term", "found"),
        [
            ("account", "one@example.test", 2),
            ("account", "orders", 1),
            ("account", "nobody@example.test", 0),
            ("transfer", "order:10001:charge", 1),
            ("transfer", "10001", 1),
            ("transfer", "order:1", 0),
            ("entry", "ONE@example.test", 2),
            ("entry", "order:10001:charge", 2),
            ("entry", "", 4),
        ],
    )
    def test_it_is_found_by_whole_values(self, client, finance, model, term, found):
        spend(CustomerFactory(email="one@example.test", funds=Decimal("5")), [10_001])

        response = client.get(reverse(f"admin:wallet_{model}_changelist"), {"q": term})

        assert response.context["cl"].result_count == found
