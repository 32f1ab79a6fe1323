"""The wallet section's front, a customer's page and the record: what staff see first."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from tests.wallet.admin_pages.walking import found, page, top_up
from tests.wallet.test_wallet_page import words
from wallet.models import (
    LedgerCheck,
)
from wallet.operations import corrections, safeguards

pytestmark = pytest.mark.django_db


class TestFront:
    def test_it_says_what_waits_and_that_the_books_were_never_verified(self, client, finance):
        top_up(CustomerFactory())

        text = words(client.get(reverse("admin:app_list", args=["wallet"])))

        assert "Payments to confirm or to look at 1" in text
        assert "not yet" in text

    @pytest.mark.parametrize(("differing", "said"), [(0, "ok Verified"), (3, "3 rows differ Verified")])
    def test_it_says_whether_the_books_balance_and_leads_to_the_report(self, client, finance, differing, said):
        rows = [{"transfer": n, "total": "0.00001"} for n in range(differing)]
        report = {"checks": [{"title": "Each transfer cancels out", "ok": not rows, "differing": rows}]}
        kept = LedgerCheck.objects.create(at=NOON, milliseconds=1200, entries=12345, differing=differing, report=report)

        answer = client.get(reverse("admin:app_list", args=["wallet"]))

        assert said in words(answer)
        assert "over 12,345 entries" in words(answer)
        address = reverse("admin:wallet_ledgercheck_change", args=[kept.pk])
        assert f'href="{address}"' in answer.content.decode()
        assert "Each transfer cancels out" in words(client.get(address))
        assert ("&quot;transfer&quot;: 2" in words(client.get(address))) == bool(differing)

    def test_without_the_right_to_look_nothing_is_said(self, client, finance):
        finance.user_permissions.set(Permission.objects.filter(codename="view_account"))

        text = words(client.get(reverse("admin:app_list", args=["wallet"])))

        assert "Waiting for somebody" not in text
        assert "balance?" not in text

    def test_a_customers_page_shows_their_money_and_leads_to_it(self, client, owner):
        user = CustomerFactory(funds=Decimal(5))
        safeguards.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)

        answer = client.get(reverse("admin:accounts_user_change", args=[user.pk]))

        assert "Money frozen Cash $5.00 Bonus $0.00" in words(answer)
        for model in ("entry", "topup", "payout", "event"):
            assert reverse(f"admin:wallet_{model}_changelist") in answer.content.decode()

    def test_the_record_is_found_by_customer_and_by_subject(self, client, finance):
        user = CustomerFactory()
        safeguards.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)
        operations_event = corrections.give_goodwill(
            staff=finance, user_id=CustomerFactory().pk, amount=Decimal(1), reason="Sorry", key=uuid4(), now=NOON
        )

        assert found(client, "event", q=user.email) == 1
        assert found(client, "event", q=f"goodwill {operations_event.pk}") == 1
        assert found(client, "event", q=f"safeguard {user.pk}") == 1
        assert found(client, "event", q="nothing") == 0
        text = page(client, "event")
        assert f"Frozen. Chargeback safeguard {user.pk} {user.email} the system" in text
        assert f"staff {finance.email}" in text
