"""Payments as staff find, read and decide on them, and what gateways told us (decision 27)."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connections

from plumbing import alone, sql
from tests.factories import NOON, CustomerFactory
from tests.wallet.admin_pages.walking import act, effect_of, found, page, paid, top_up, without
from tests.wallet.paying import truth_of
from tests.wallet.people import held, staff_with
from tests.wallet.test_wallet_page import spend
from wallet.gateways.base import Notice
from wallet.models import (
    BONUS,
    BonusRule,
    GatewayEvent,
    TopUp,
)
from wallet.operations import payments

pytestmark = pytest.mark.django_db


class TestTopUps:
    def test_it_is_found_by_reference_customer_and_payment(self, client, finance):
        one = top_up(CustomerFactory(), gateway="stripe", payment_id="cs_77")
        top_up(CustomerFactory())

        for term in (one.reference, one.reference.lower(), one.user.email, "cs_77"):
            assert found(client, "topup", q=term) == 1
        assert found(client, "topup", q="cs_78") == 0

    def test_what_needs_a_person_is_one_filter(self, client, finance):
        top_up(CustomerFactory())
        paid(CustomerFactory(), received=Decimal(40), payment_id="cs_short")
        paid(CustomerFactory(), payment_id="cs_paid")

        assert found(client, "topup", state="person") == 2
        assert found(client, "topup", state="paid") == 1
        assert found(client, "topup", gateway="stripe") == 2

    def test_what_arrived_by_hand_is_credited_when_it_is_what_was_asked_for(self, client, finance):
        asked = top_up(CustomerFactory())

        assert f"with the reference {asked.reference}" in effect_of(client, "topup_confirm", asked)
        assert "$50.00 is credited" in act(client, "topup_confirm", asked, received="50.00", reference="Line 1")

        assert held(asked.user) == 50
        text = page(client, "topup", pk=asked.pk)
        assert "50.00 USD found at the bank as “Line 1”." in text
        assert "Credited $50.00, with $0.00 of bonus." in text
        assert "Booked as funds added" in text

    def test_another_amount_needs_a_look_and_the_review_says_what_to_do(self, client, finance):
        asked = top_up(CustomerFactory())

        assert "less than asked" in act(client, "topup_confirm", asked, received="40", reference="Line 1")
        assert "Credit what arrived, or reject it." in page(client, "topup", pk=asked.pk)
        assert "Arrived: 40.00 USD" in effect_of(client, "topup_resolve", asked)
        assert "$40.00 is credited" in act(client, "topup_resolve", asked, credit="40", reason="Sent less")
        assert held(asked.user) == 40

    def test_so_much_more_than_asked_is_credited_by_another_person_than_said_it_arrived(self, client, finance):
        asked = top_up(CustomerFactory())
        act(client, "topup_confirm", asked, received="1000000", reference="Line 1")

        said = act(client, "topup_resolve", asked, credit="1000000", reason="Arrived")

        assert "you said what arrived, so another person credits more than 150.00 of it" in said
        assert held(asked.user) == 0
        client.force_login(staff_with("can_confirm_top_up", "view_topup"))
        act(client, "topup_resolve", asked, credit="1000000", reason="Arrived")
        assert held(asked.user) == 1_000_000

    @pytest.mark.parametrize(
        ("credit", "said"),
        [("45", "needs a second reason"), ("60", "more than was received"), ("0", "reject the top-up")],
    )
    def test_what_a_review_cannot_credit_is_said(self, client, finance, credit, said):
        asked = paid(CustomerFactory(), received=Decimal(40))

        assert said in act(client, "topup_resolve", asked, credit=credit, reason="Why")
        assert held(asked.user) == 0

    def test_a_line_of_the_bank_statement_pays_once(self, client, finance):
        first, second = top_up(CustomerFactory()), top_up(CustomerFactory())
        act(client, "topup_confirm", first, received="50", reference="Line 1")

        assert f"has paid {first.reference} already" in act(
            client, "topup_confirm", second, received="50", reference="line 1"
        )

    def test_rejected_it_credits_nothing(self, client, finance):
        asked = top_up(CustomerFactory())

        assert "is rejected" in act(client, "topup_reject", asked, reason="Never came")
        assert TopUp.objects.get().state == "rejected"

    def test_nobody_decides_on_a_payment_of_their_own(self, client, finance):
        asked = top_up(finance)

        assert "your own payment" in act(client, "topup_reject", asked, reason="Why")
        assert "your own payment" in act(client, "topup_confirm", asked, received="50", reference="Line 1")

    def test_money_goes_back_the_way_it_came(self, client, finance):
        asked = paid(CustomerFactory())

        assert "At most $50.00" in effect_of(client, "topup_send-back", asked)
        key = str(uuid4())
        assert "is on its way back" in act(client, "topup_send-back", asked, amount="20", reason="Twice", key=key)
        assert held(asked.user) == 30
        assert "$20.00 goes back through the gateway" in page(client, "topup", pk=asked.pk)
        assert found(client, "payout", state="all", q=asked.reference) == 1

    def test_bonus_that_came_with_it_goes_with_it_and_comes_again_when_it_fails(self, client, finance):
        BonusRule.objects.create(from_amount=50, basis_points=1000)
        asked = paid(CustomerFactory())
        assert "Of the $5.00 of bonus that came with the top-up, the same share" in effect_of(
            client, "topup_send-back", asked
        )

        act(client, "topup_send-back", asked, amount="20", reason="Twice", key=str(uuid4()))
        assert (held(asked.user), held(asked.user, BONUS)) == (30, 3)

        act(client, "payout_not-sent", asked.payouts.get(), reason="Keys are gone")
        assert (held(asked.user), held(asked.user, BONUS)) == (50, 5)

    def test_what_came_back_to_us_is_given_back_after_seeing_how_much(self, client, finance):
        asked = paid(CustomerFactory())
        for disputed in (asked.total, Decimal(20)):
            truth = truth_of(asked, disputed=disputed, payment_id="cs_1")
            payments.settle(top_up_id=asked.pk, truth=truth, now=NOON)

        effect = effect_of(client, "topup_resolve", asked)
        assert f"$30.00 goes back into the wallet of {asked.user}" in effect
        assert "make no correction" in effect
        assert "$30.00 is back in the wallet" in act(client, "topup_resolve", asked, credit="0", reason="Won")

        assert held(asked.user) == 30
        assert "The review ended with $0.00 credited, $30.00 given back." in page(client, "topup", pk=asked.pk)

    @pytest.mark.parametrize(("amount", "spent", "said"), [("51", 0, "At most $50.00"), ("50", 1, "only $49.00")])
    def test_what_cannot_go_back_is_said(self, client, finance, amount, spent, said):
        asked = paid(CustomerFactory())
        if spent:
            spend(asked.user, [1, 2])

        assert said in act(client, "topup_send-back", asked, amount=amount, reason="Twice", key=str(uuid4()))

    def test_a_used_form_with_another_amount_sends_nothing_more_back_and_says_so(self, client, finance):
        asked, key = paid(CustomerFactory()), str(uuid4())
        act(client, "topup_send-back", asked, amount="20", reason="Twice", key=key)

        said = act(client, "topup_send-back", asked, amount="10", reason="Twice", key=key)

        assert "This form has done something else already" in said
        assert held(asked.user) == 30

    @pytest.mark.parametrize(
        ("name", "typed", "left", "state"),
        [("sent", {"reference": "re_7"}, 30, "paid"), ("not-sent", {"reason": "Keys are gone"}, 50, "failed")],
    )
    def test_what_is_stuck_on_its_way_back_is_ended_by_hand(self, client, finance, name, typed, left, state):
        asked = paid(CustomerFactory())
        act(client, "topup_send-back", asked, amount="20", reason="Twice", key=str(uuid4()))
        payout = asked.payouts.get()

        assert "It was not sent" in page(client, "payout", pk=payout.pk)
        assert "own page that $20.00" in effect_of(client, f"payout_{name}", payout)
        act(client, f"payout_{name}", payout, **typed)

        payout.refresh_from_db()
        assert (payout.state, held(asked.user)) == (state, left)

    def test_while_the_gateway_is_asked_nobody_says_that_it_was_not_sent(self, client, finance):
        asked = paid(CustomerFactory())
        act(client, "topup_send-back", asked, amount="20", reason="Twice", key=str(uuid4()))
        payout = asked.payouts.get()

        with ThreadPoolExecutor(1) as other:
            assert other.submit(sql.rows, alone.TRY_LOCK, ["payments:stripe"]).result() == [(True,)]
            said = act(client, "payout_not-sent", payout, reason="Keys are gone")
            other.submit(connections.close_all).result()

        assert "being asked this moment" in said
        assert held(asked.user) == 30

    def test_a_gateway_can_be_asked_again(self, client, finance):
        asked = top_up(CustomerFactory(), gateway="stripe", payment_id="cs_1")

        assert "is asked about" in act(client, "topup_ask", asked)
        assert TopUp.objects.get().check_at is not None

    def test_acts_are_offered_where_they_make_sense_and_to_those_who_may(self, client, finance):
        by_hand, by_card = top_up(CustomerFactory()), paid(CustomerFactory())

        assert "Confirm what arrived" in page(client, "topup", pk=by_hand.pk)
        assert "Send money back" not in page(client, "topup", pk=by_hand.pk)
        assert "Send money back" in page(client, "topup", pk=by_card.pk)
        assert "Confirm what arrived" not in page(client, "topup", pk=by_card.pk)
        without(finance, "can_confirm_top_up")
        assert "Confirm what arrived" not in page(client, "topup", pk=by_hand.pk)

    def test_what_gateways_told_us_is_read_and_found(self, client, finance):
        asked = paid(CustomerFactory())
        notice = Notice(event_id="evt_1", payment_id="cs_1", kind="checkout.session.completed")
        payments.receive_notice(gateway="stripe", notice=notice, body=b'{"id": "evt_1"}', now=NOON)
        told = GatewayEvent.objects.get()

        for term in (asked.reference, "evt_1", "cs_1"):
            assert found(client, "gatewayevent", q=term) == 1
        assert found(client, "gatewayevent", q="evt_2") == 0
        assert found(client, "gatewayevent", handled="no") == 1
        assert "&quot;id&quot;: &quot;evt_1&quot;" in page(client, "gatewayevent", pk=told.pk)
        assert "stripe told us: checkout.session.completed" in page(client, "topup", pk=asked.pk)
