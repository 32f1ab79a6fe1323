"""Corrections, payouts and frozen wallets: found, read and decided on by staff (decision 27)."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from tests.wallet.admin_pages.walking import act, effect_of, found, page, without
from tests.wallet.people import held, owe, staff_with
from tests.wallet.test_wallet_page import words
from wallet.models import (
    Adjustment,
    Safeguard,
)
from wallet.operations import corrections, payouts, safeguards

pytestmark = pytest.mark.django_db


class TestCorrections:
    @pytest.fixture
    def waiting(self):
        user, asker = CustomerFactory(funds=Decimal(5)), staff_with("can_adjust")
        return corrections.adjust(
            staff=asker, user_id=user.pk, amount=Decimal(150), reason="Paid twice", key=uuid4(), now=NOON
        )

    def test_those_that_wait_come_first_and_the_others_are_asked_for(self, client, finance, waiting):
        user = CustomerFactory()
        corrections.adjust(staff=finance, user_id=user.pk, amount=Decimal(1), reason="Small", key=uuid4(), now=NOON)

        assert "Paid twice" in page(client, "adjustment")
        assert "Small" not in page(client, "adjustment")
        assert found(client, "adjustment", state="all") == 2
        assert found(client, "adjustment", state="done") == 1

    def test_another_person_approves_after_seeing_the_effect(self, client, finance, waiting):
        assert "has $5.00 of cash and will have $155.00" in effect_of(client, "adjustment_approve", waiting)

        assert "$150.00 for" in act(client, "adjustment_approve", waiting)

        assert held(waiting.user) == 155
        assert "Carried out: $150.00." in page(client, "adjustment", pk=waiting.pk)

    def test_another_person_refuses_with_a_reason(self, client, finance, waiting):
        assert "is refused" in act(client, "adjustment_refuse", waiting, reason="Not proven")

        assert "Refused. Not proven" in page(client, "adjustment", pk=waiting.pk)

    def test_who_asked_is_not_offered_to_decide_and_is_refused(self, client, waiting):
        asker = waiting.asked_by
        asker.user_permissions.add(
            *Permission.objects.filter(codename__in=["can_approve_adjustment", "view_adjustment"])
        )
        client.force_login(asker)

        assert "Approve" not in page(client, "adjustment", pk=waiting.pk)
        for name in ("adjustment_approve", "adjustment_refuse"):
            assert "another person decides" in act(client, name, waiting, reason="Why")
        assert Adjustment.objects.get().state == "waiting"

    def test_when_the_money_is_gone_the_page_says_so(self, client, finance):
        user, asker = CustomerFactory(funds=Decimal(150)), staff_with("can_adjust")
        ask = {"staff": asker, "user_id": user.pk, "reason": "Why", "now": NOON}
        large = corrections.adjust(amount=Decimal(-150), key=uuid4(), **ask)
        corrections.adjust(amount=Decimal(-1), key=uuid4(), **ask)

        assert "has only $149.00" in act(client, "adjustment_approve", large)

    def test_it_is_found_by_number_and_customer(self, client, finance, waiting):
        for term in (str(waiting.pk), waiting.user.email):
            assert found(client, "adjustment", q=term) == 1
        assert found(client, "adjustment", q="nobody@example.test") == 0


class TestPayouts:
    WHERE = "DE02 1203 0000 0000 2020 51"

    @pytest.fixture
    def asked(self):
        user = CustomerFactory(funds=Decimal(50))
        return payouts.ask_payout(
            user_id=user.pk, amount=Decimal(20), destination=self.WHERE, request_key=uuid4(), now=NOON
        )

    def test_where_it_is_to_go_is_read_by_those_alone_who_pay(self, client, finance, asked):
        assert self.WHERE in page(client, "payout", pk=asked.pk)
        assert self.WHERE not in page(client, "payout")

        without(finance, "can_pay_out")

        assert self.WHERE not in page(client, "payout", pk=asked.pk)
        assert "Mark as paid" not in page(client, "payout", pk=asked.pk)

    def test_paid_out_after_seeing_the_effect(self, client, finance, asked):
        assert "nothing more moves" in effect_of(client, "payout_pay", asked)

        act(client, "payout_pay", asked, reference="B1")

        assert "Paid out $20.00, reference B1." in page(client, "payout", pk=asked.pk)

    def test_that_bonus_is_not_paid_out_is_said_to_who_pays(self, client, finance, asked):
        assert "Bonus is never" not in effect_of(client, "payout_pay", asked)

        corrections.give_goodwill(
            staff=finance, user_id=asked.user_id, amount=Decimal(3), reason="Sorry", key=uuid4(), now=NOON
        )

        assert "Bonus is never paid out: $3.00 of it stays in the wallet" in effect_of(client, "payout_pay", asked)

    def test_refused_the_money_is_back(self, client, finance, asked):
        assert "$20.00 goes back into the wallet" in effect_of(client, "payout_refuse", asked)

        act(client, "payout_refuse", asked, reason="Name differs")

        assert held(asked.user) == 50
        assert found(client, "payout") == 0
        assert found(client, "payout", state="refused") == 1

    def test_a_frozen_wallet_is_not_paid_out(self, client, finance, asked):
        safeguards.freeze(user_id=asked.user_id, reason="Chargeback", actor="system", now=NOON)

        assert "The wallet is frozen" in act(client, "payout_pay", asked, reference="B1")

    def test_who_owes_us_is_not_paid_and_the_page_says_what_to_do(self, client, finance, asked):
        owe(asked.user, "45")
        said = "The customer owes $15.00: refuse the payout, and the money pays the debt."

        assert said in page(client, "payout", pk=asked.pk)
        assert said in act(client, "payout_pay", asked, reference="B1")

        act(client, "payout_refuse", asked, reason="Charged back")
        assert held(asked.user) == 5

    def test_nobody_is_offered_their_own_or_decides_on_it(self, client, finance, asked):
        own = payouts.ask_payout(
            user_id=CustomerFactory(funds=Decimal(5)).pk,
            amount=Decimal(1),
            destination=self.WHERE,
            request_key=uuid4(),
            now=NOON,
        )
        own.user.is_staff = own.user.is_superuser = True
        own.user.save()
        client.force_login(own.user)

        assert "Mark as paid" not in page(client, "payout", pk=own.pk)
        assert "another person decides" in act(client, "payout_pay", own, reference="B1")
        assert "another person decides" in act(client, "payout_refuse", own, reason="Why")
        own.refresh_from_db()
        assert own.state == "asked"

    def test_what_was_decided_is_not_decided_again(self, client, finance, asked):
        payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=NOON)

        assert "no longer possible" in act(client, "payout_refuse", asked, reason="Why")

    def test_it_is_found_by_number_customer_and_top_up(self, client, finance, asked):
        for term in (str(asked.pk), asked.user.email):
            assert found(client, "payout", q=term) == 1
        assert found(client, "payout", q="TU-NONE") == 0


class TestSafeguards:
    def test_a_frozen_wallet_is_let_go_with_a_reason(self, client, finance):
        user = CustomerFactory()
        safeguards.freeze(user_id=user.pk, reason="Chargeback of T1", actor="system", now=NOON)
        frozen = Safeguard.objects.get()

        assert "Frozen since 2026-03-02 12:00 UTC: Chargeback of T1." in effect_of(client, "safeguard_unfreeze", frozen)
        assert "can spend again" in act(client, "safeguard_unfreeze", frozen, reason="Settled")

        text = page(client, "safeguard", pk=frozen.pk)
        assert "Unfrozen." in text
        assert "Settled" in text
        assert "Freeze a wallet" in text

    def test_nobody_is_offered_to_let_themselves_go_or_does_it(self, client, finance):
        safeguards.freeze(user_id=finance.pk, reason="Chargeback", actor="system", now=NOON)
        own = Safeguard.objects.get()
        text = page(client, "safeguard", pk=own.pk)

        assert "Chargeback" in text
        assert "Unfreeze" not in text
        assert "Set our limits" not in text
        assert "another person decides" in act(client, "safeguard_unfreeze", own, reason="Settled")
        assert safeguards.is_frozen(finance.pk)

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
    def test_our_limits_on_oneself_are_refused_before_and_after_the_effect(self, client, finance, confirmed):
        typed = {"email": finance.email, "daily": "5", "reason": "Why", **confirmed}

        assert "another person decides" in words(client.post(reverse("admin:wallet_limits"), typed))
        assert safeguards.limits_of(finance.pk, NOON).staff_daily is None

    def test_limits_of_ours_and_theirs_stand_side_by_side(self, client, finance):
        user = CustomerFactory()
        safeguards.set_limits(user_id=user.pk, daily=Decimal(7), monthly=None, actor=f"customer:{user.pk}", now=NOON)
        safeguards.set_staff_limits(
            staff=finance, user_id=user.pk, daily=None, monthly=Decimal(90), reason="Asked for", now=NOON
        )

        text = page(client, "safeguard", q=user.email)

        assert "no limit a day, $90.00 a month" in text
        assert "$7.00 a day, no limit a month" in text

    def test_frozen_ones_are_one_filter(self, client, finance):
        safeguards.freeze(user_id=CustomerFactory().pk, reason="Chargeback", actor="system", now=NOON)
        safeguards.set_limits(user_id=CustomerFactory().pk, daily=None, monthly=None, actor="system", now=NOON)

        assert (found(client, "safeguard"), found(client, "safeguard", frozen="yes")) == (2, 1)
