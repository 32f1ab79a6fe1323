"""The tick that asks gateways: lost notices, dead gateways, killed workers, strange payments, and money sent back."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Outgoing
from tests.factories import CustomerFactory
from tests.plumbing.listeners import listening
from tests.wallet.gateways.stand_ins.stripe import Stripe
from tests.wallet.paying import NOW, asked_of, begun, connect, minutes, offer, post, tick
from wallet import collecting, operations
from wallet.models import Event, GatewayEvent, Payout, TopUp
from wallet.operations import payments, payouts
from wallet.operations.payments import claiming

pytestmark = pytest.mark.django_db

NOBODY = 1  # a port at which nobody listens


@pytest.fixture
def stage(settings):
    settings.ALARM_EMAIL = "alarm@example.test"
    stripe = Stripe()
    connect(settings, stripe)
    offer()
    yield stripe
    stripe.stop()


@pytest.fixture
def user(db):
    return CustomerFactory()


def now_of(top_up):
    return TopUp.objects.get(pk=top_up.pk)


def told_of(stage, top_up, kind="checkout.session.completed"):
    """A webhook about a top-up's payment has been stored."""
    body = stage.event(kind, stage.shown(stage.sessions[top_up.payment_id], expanded=False))
    assert post(Client(), stage, body).status_code == 200
    return GatewayEvent.objects.latest("id")


def asked_about(stage):
    return sum(heard.method == "GET" for heard in stage.heard)


class TestStarting:
    def test_the_gateway_is_asked_for_exactly_what_the_customer_was_shown(self, stage, user):
        top_up = begun(user)

        assert top_up.state == TopUp.State.PENDING
        assert top_up.pay_url == stage.sessions[top_up.payment_id]["url"]
        session = stage.sessions[top_up.payment_id]
        assert (session["amount_total"], session["currency"]) == (5175, "usd")
        assert session["client_reference_id"] == top_up.reference
        assert top_up.expires_at is not None

    def test_the_same_form_again_asks_nobody_twice(self, stage, user):
        key = uuid.uuid4()

        assert begun(user, key=key) == begun(user, key=key)
        assert len(stage.heard) == 1

    def test_the_same_form_again_finds_its_payment_although_the_way_to_pay_was_withdrawn(self, stage, user):
        key = uuid.uuid4()
        first = begun(user, key=key)
        offer(is_offered=False)

        assert begun(user, key=key) == first

    def test_a_gateway_without_its_keys_is_neither_shown_nor_taken(self, stage, user, settings):
        offer("manual", instructions="Bank B, account 1")
        assert [method.gateway for method in collecting.methods_ready()] == ["stripe", "manual"]

        settings.STRIPE_SECRET_KEY = ""

        assert [method.gateway for method in collecting.methods_ready()] == ["manual"]
        with pytest.raises(payments.TopUpRefused) as refused:
            begun(user)
        assert refused.value.field == "gateway"
        assert not TopUp.objects.exists()

    def test_a_bank_transfer_is_offered_once_staff_have_said_where_to_send_it(self, stage, user):
        offer("manual", instructions=" ")

        assert [method.gateway for method in collecting.methods_ready()] == ["stripe"]
        with pytest.raises(payments.TopUpRefused):
            begun(user, gateway="manual")

    def test_a_gateway_that_is_down_is_asked_again_by_the_tick(self, stage, user, settings):
        connect(settings, stage, port=NOBODY)
        top_up = begun(user)
        assert (top_up.state, top_up.payment_id) == (TopUp.State.CREATED, "")

        tick(now=NOW + minutes(1))
        assert now_of(top_up).state == TopUp.State.CREATED
        connect(settings, stage)
        tick(now=NOW + minutes(2))

        assert now_of(top_up).state == TopUp.State.PENDING
        assert stage.payments_asked() == 1

    def test_a_gateway_that_stays_down_for_a_day_is_given_up(self, stage, user, settings):
        connect(settings, stage, port=NOBODY)
        top_up = begun(user)

        tick(now=NOW + timedelta(days=1, minutes=1))

        assert (now_of(top_up).state, now_of(top_up).check_at) == (TopUp.State.EXPIRED, None)

    def test_a_gateway_that_refuses_ends_it_with_its_words_on_record(self, stage, user):
        stage.refuse("Amount too small")
        top_up = begun(user)

        assert top_up.state == TopUp.State.EXPIRED
        assert "Amount too small" in Event.objects.get(subject_type="top_up", kind="not_started").reason

    def test_a_web_process_killed_before_it_asked_leaves_it_to_the_tick(self, stage, user):
        top_up = asked_of(user)

        tick(now=NOW + minutes(1))

        assert now_of(top_up).state == TopUp.State.PENDING

    def test_a_payment_by_hand_waits_for_staff_and_expires_by_itself(self, stage, user):
        offer("manual", instructions="Bank B, account 1")
        top_up = begun(user, gateway="manual")
        assert (top_up.state, top_up.pay_url) == (TopUp.State.PENDING, "")

        tick(now=NOW + timedelta(days=29))
        assert now_of(top_up).state == TopUp.State.PENDING
        tick(now=NOW + timedelta(days=31))
        assert now_of(top_up).state == TopUp.State.EXPIRED


class TestNotices:
    @pytest.mark.django_db(transaction=True)
    def test_a_notice_leads_to_the_truth_and_the_truth_to_a_credit(self, stage, user):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        event = told_of(stage, top_up)

        call_command("tick", "payments")

        event.refresh_from_db()
        assert operations.balance_of(user.pk) == 50
        assert (event.outcome, event.due_at, event.tries, event.top_up) == ("credited", None, 1, top_up)

    def test_a_notice_of_what_is_not_true_credits_nothing(self, stage, user):
        """The signature is right and the session is still open: whoever has the secret cannot make money of it."""
        top_up = begun(user, now=timezone.now())
        event = told_of(stage, top_up)

        tick(now=timezone.now())

        event.refresh_from_db()
        assert (event.outcome, operations.balance_of(user.pk)) == ("unchanged", 0)

    def test_several_notices_of_a_payment_are_one_question(self, stage, user):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        for kind in ("completed", "async_payment_succeeded", "expired"):
            told_of(stage, top_up, f"checkout.session.{kind}")

        tick(now=timezone.now())

        assert set(GatewayEvent.objects.values_list("outcome", flat=True)) == {"credited"}
        assert asked_about(stage) == 1

    def test_a_notice_days_late_still_counts(self, stage, user):
        top_up = begun(user)
        stage.expire(top_up.payment_id)
        tick(now=NOW + minutes(2))
        assert now_of(top_up).state == TopUp.State.EXPIRED

        stage.pay(top_up.payment_id, top_up.total, "USD")
        told_of(stage, top_up)
        tick(now=timezone.now() + timedelta(days=9))

        assert (now_of(top_up).state, operations.balance_of(user.pk)) == (TopUp.State.PAID, 50)

    def test_a_refund_told_of_before_the_payment_credits_nothing(self, stage, user):
        """Fault 25. The notice names the charge only; the payment it is about is found by asking."""
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        stage.refund_elsewhere(top_up.payment_id, top_up.total)
        about = {"id": "ch_1", "payment_intent": stage.intents[top_up.payment_id]["id"]}

        assert post(Client(), stage, stage.event("charge.refunded", about)).status_code == 200
        tick(now=timezone.now())
        told_of(stage, top_up)
        tick(now=timezone.now())

        assert (now_of(top_up).state, operations.balance_of(user.pk)) == (TopUp.State.REVERSED, 0)
        assert set(GatewayEvent.objects.values_list("outcome", "top_up_id")) == {
            ("reversed", top_up.pk),
            ("unchanged", top_up.pk),
        }

    def test_a_chargeback_after_spending_is_owed_and_freezes_the_wallet(self, stage, user):
        """Fault 26, from the bank's notice on."""
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        told_of(stage, top_up)
        tick(now=timezone.now())
        operations.charge(
            user_id=user.pk,
            amount=Decimal(30),
            key="order:1:charge",
            subject_type="order",
            subject_id=1,
            actor="system",
            now=timezone.now(),
        )

        assert post(Client(), stage, stage.dispute(top_up.payment_id, top_up.total)).status_code == 200
        tick(now=timezone.now())

        assert (operations.balance_of(user.pk), operations.debt_of(user.pk)) == (0, 30)
        assert operations.is_frozen(user.pk)
        assert now_of(top_up).state == TopUp.State.REVERSED


class TestStrangePayments:
    def test_a_payment_of_somebody_elses_shop_on_the_same_account_is_not_ours(self, stage, user):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        event = told_of(stage, top_up)
        GatewayEvent.objects.filter(pk=event.pk).update(top_up=None)
        TopUp.objects.filter(pk=top_up.pk).update(payment_id="", check_at=None, state="expired")
        stage.sessions[top_up.payment_id]["client_reference_id"] = "SHOP-77"

        tick(now=timezone.now())

        event.refresh_from_db()
        assert (event.outcome, event.top_up) == ("not_ours", None)

    def test_a_payment_that_the_gateway_does_not_know_is_left(self, stage):
        about = {"id": "ch_1", "payment_intent": "pi_nobody"}
        assert post(Client(), stage, stage.event("charge.refunded", about)).status_code == 200

        tick(now=timezone.now())

        assert GatewayEvent.objects.get().outcome == "no_such_payment"

    def test_a_payment_whose_answer_was_lost_is_known_by_our_reference(self, stage, user):
        """The gateway made it, its answer never came, and the payer was quick."""
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        TopUp.objects.filter(pk=top_up.pk).update(payment_id="", pay_url="", state="created", check_at=None)
        told_of(stage, top_up)

        tick(now=timezone.now())

        assert (now_of(top_up).state, now_of(top_up).payment_id) == (TopUp.State.PAID, top_up.payment_id)
        assert operations.balance_of(user.pk) == 50

    def test_a_second_payment_under_one_reference_is_told_to_staff_and_not_credited(self, stage, user):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        told_of(stage, top_up)
        TopUp.objects.filter(pk=top_up.pk).update(payment_id="cs_test_another", check_at=None)
        GatewayEvent.objects.update(top_up=None)

        tick(now=timezone.now())

        assert GatewayEvent.objects.get().outcome == "second_payment"
        assert operations.balance_of(user.pk) == 0
        assert Outgoing.objects.filter(to="alarm@example.test", subject__contains=top_up.reference).count() == 1

    def test_a_second_payment_that_nobody_paid_troubles_nobody(self, stage, user):
        top_up = begun(user, now=timezone.now())
        told_of(stage, top_up)
        TopUp.objects.filter(pk=top_up.pk).update(payment_id="cs_test_another", check_at=None)
        GatewayEvent.objects.update(top_up=None)

        tick(now=timezone.now())

        assert GatewayEvent.objects.get().outcome == "second_payment"
        assert not Outgoing.objects.exists()

    def test_a_payment_that_the_gateway_forgot_is_asked_about_by_the_timetable_only(self, stage, user):
        top_up = begun(user)
        del stage.sessions[top_up.payment_id]

        tick(now=NOW + minutes(2))

        assert now_of(top_up).check_at == NOW + minutes(6)
        assert Event.objects.filter(subject_id=top_up.pk, kind="unknown_to_gateway").exists()


class TestLostNotices:
    def test_an_open_payment_is_asked_about_by_itself(self, stage, user):
        top_up = begun(user)
        stage.pay(top_up.payment_id, top_up.total, "USD")

        tick(now=NOW + timedelta(seconds=59))
        assert operations.balance_of(user.pk) == 0
        tick(now=NOW + minutes(1))

        assert operations.balance_of(user.pk) == 50

    def test_it_is_asked_about_less_and_less_often_and_not_for_ever(self, stage, user):
        top_up = begun(user)
        TopUp.objects.filter(pk=top_up.pk).update(expires_at=NOW + timedelta(hours=1))
        asked_at = []
        while (due := now_of(top_up).check_at) is not None:
            asked_at.append((due - NOW) // timedelta(minutes=1))
            tick(now=due, times=1)

        assert asked_at[:6] == [1, 6, 21, 81, 441, 801]
        assert asked_at[-1] <= 73 * 60
        assert asked_about(stage) == len(asked_at)

    def test_a_customer_who_asks_is_answered_at_the_next_tick(self, stage, user):
        top_up = begun(user)
        stage.pay(top_up.payment_id, top_up.total, "USD")

        assert payments.check_again(user_id=user.pk, top_up_id=top_up.pk, now=NOW)
        tick(now=NOW)

        assert operations.balance_of(user.pk) == 50


class TestTrouble:
    def test_a_notice_waits_while_its_gateway_is_down_and_longer_each_time(self, stage, user, settings):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        event = told_of(stage, top_up)
        connect(settings, stage, port=NOBODY)
        now, waits = timezone.now(), []
        for _ in range(4):
            tick(now=now, times=1)
            event.refresh_from_db()
            waits.append(round((event.due_at - now).total_seconds()))
            now = event.due_at

        assert waits == [10, 30, 60, 300]
        connect(settings, stage)
        tick(now=now, times=1)

        event.refresh_from_db()
        assert (event.outcome, event.tries, operations.balance_of(user.pk)) == ("credited", 5, 50)

    def test_a_worker_killed_between_asking_and_settling_is_replaced_after_its_lease(self, stage, user):
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        told_of(stage, top_up)
        now = timezone.now()
        [killed] = claiming.claim_due(gateway="stripe", now=now, limit=10)
        truth = stage.gateway.fetch(killed.payment_id)

        tick(now=now + claiming.LEASE - timedelta(seconds=1))
        assert operations.balance_of(user.pk) == 0
        tick(now=now + claiming.LEASE)
        assert operations.balance_of(user.pk) == 50

        risen = payments.settle(
            top_up_id=top_up.pk, truth=truth, claim=killed.claim, events=killed.events, now=now + claiming.LEASE
        )
        assert (risen, operations.balance_of(user.pk)) == (payments.OVERTAKEN, 50)

    def test_a_new_notice_overtakes_an_answer_that_hangs(self, stage, user):
        """Asked before the refund and settled after it: the older answer must not credit what has gone back."""
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        told_of(stage, top_up)
        now = timezone.now()
        [hanging] = claiming.claim_due(gateway="stripe", now=now, limit=10)
        old = stage.gateway.fetch(hanging.payment_id)
        stage.refund_elsewhere(top_up.payment_id, top_up.total)
        told_of(stage, top_up, "checkout.session.async_payment_succeeded")

        tick(now=timezone.now())
        late = payments.settle(top_up_id=top_up.pk, truth=old, claim=hanging.claim, events=hanging.events, now=now)

        assert (late, now_of(top_up).state) == (payments.OVERTAKEN, TopUp.State.REVERSED)
        assert not GatewayEvent.objects.filter(handled_at__isnull=True).exists()

    def test_a_refusal_that_was_overtaken_is_dropped_too(self, stage, user):
        top_up = begun(user)
        now = NOW + minutes(1)
        [old] = claiming.claim_due(gateway="stripe", now=now, limit=10)
        [newer] = claiming.claim_due(gateway="stripe", now=now + claiming.LEASE, limit=10)

        noted = [
            payments.note_refusal(top_up_id=top_up.pk, claim=job.claim, events=(), error="unknown", now=now)
            for job in (old, newer)
        ]

        assert noted == [False, True]

    def test_a_notice_of_a_payment_that_nobody_knows_waits_for_its_gateway_too(self, stage, settings):
        about = {"id": "ch_1", "payment_intent": "pi_nobody"}
        assert post(Client(), stage, stage.event("charge.refunded", about)).status_code == 200
        connect(settings, stage, port=NOBODY)

        tick(now=timezone.now(), times=1)

        event = GatewayEvent.objects.get()
        assert (event.handled_at, event.tries) == (None, 1)
        assert event.due_at > timezone.now()

    @pytest.mark.django_db(transaction=True)
    def test_a_notice_whose_top_up_is_being_settled_waits_two_seconds(self, stage, user):
        top_up = begun(user, now=timezone.now())
        event = told_of(stage, top_up)
        now = timezone.now()

        with transaction.atomic():
            TopUp.objects.select_for_update(no_key=True).get(pk=top_up.pk)
            assert in_another_thread(lambda: claiming.claim_due(gateway="stripe", now=now, limit=10)) == []

        event.refresh_from_db()
        assert event.due_at == now + timedelta(seconds=2)

    @pytest.mark.django_db(transaction=True)
    def test_a_gateway_that_is_down_is_not_asked_by_everybody(self, stage, settings):
        offer()
        top_ups = [begun(CustomerFactory()) for _ in range(20)]

        with listening(lambda _, __: None) as dead:
            connect(settings, stage, port=dead.port)
            tick(now=NOW + minutes(1), times=1)

        assert 3 <= dead.connections <= 3 + collecting.AT_ONCE
        assert all(now_of(top_up).check_at > NOW + minutes(1) for top_up in top_ups)

    def test_without_the_number_of_the_claim_the_older_answer_would_credit(self, stage, user):
        """The negative control of the test above, for an answer that comes first and is older."""
        top_up = begun(user, now=timezone.now())
        stage.pay(top_up.payment_id, top_up.total, "USD")
        old = stage.gateway.fetch(top_up.payment_id)
        stage.refund_elsewhere(top_up.payment_id, top_up.total)

        assert payments.settle(top_up_id=top_up.pk, truth=old, now=NOW) == "credited"

    @pytest.mark.django_db(transaction=True)
    def test_a_gateway_that_hangs_holds_one_worker_and_stops_no_other(self, stage, user, settings):
        """BTCPay takes the connection and says nothing; Stripe's payment is credited meanwhile."""
        credited = threading.Event()
        with listening(lambda _, __: credited.wait(timeout=30)) as silence:
            settings.BTCPAY_URL, settings.BTCPAY_STORE_ID = f"http://127.0.0.1:{silence.port}", "store"
            settings.BTCPAY_API_KEY = settings.BTCPAY_WEBHOOK_SECRET = "not4you"
            settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, f"127.0.0.1:{silence.port}"]
            offer("btcpay")
            stuck = asked_of(user, gateway="btcpay", now=timezone.now() - minutes(1))
            top_up = begun(user, now=timezone.now() - minutes(2))
            stage.pay(top_up.payment_id, top_up.total, "USD")

            with ThreadPoolExecutor(1) as thread:
                passing = thread.submit(with_own_connection, lambda: call_command("tick", "payments"))
                seen = eventually(lambda: operations.balance_of(user.pk) == 50)
                still_hanging = not passing.done()
                credited.set()

        assert (seen, still_hanging, silence.connections) == (True, True, 1)
        assert now_of(stuck).state == TopUp.State.CREATED

    @pytest.mark.django_db(transaction=True)
    def test_one_pass_at_a_gateway_at_a_time(self, stage, user):
        top_up = begun(user)
        stage.pay(top_up.payment_id, top_up.total, "USD")

        with collecting.alone_at("stripe") as mine:
            assert mine
            in_another_thread(lambda: tick(now=NOW + minutes(1)))
            assert operations.balance_of(user.pk) == 0
        in_another_thread(lambda: tick(now=NOW + minutes(1)))

        assert operations.balance_of(user.pk) == 50

    @pytest.mark.django_db(transaction=True)
    def test_one_odd_payment_does_not_hold_up_the_others(self, stage):
        offer()
        users = [CustomerFactory() for _ in range(6)]
        top_ups = [begun(user) for user in users]
        for top_up in top_ups:
            stage.pay(top_up.payment_id, top_up.total, "USD")
        stage.sessions[top_ups[0].payment_id]["currency"] = None
        stage.intents[top_ups[0].payment_id]["currency"] = None

        tick(now=NOW + minutes(1), times=2)

        assert [operations.balance_of(user.pk) for user in users] == [0, 50, 50, 50, 50, 50]
        assert now_of(top_ups[0]).check_at > NOW + minutes(1)

    @pytest.mark.django_db(transaction=True)
    def test_many_odd_payments_do_not_put_off_the_rest_and_a_person_is_told_once_of_each(self, stage):
        """Each is answered: the gateway is not down, whatever it says of these."""
        offer()
        users = [CustomerFactory() for _ in range(6)]
        top_ups = [begun(user) for user in users]
        for top_up in top_ups:
            stage.pay(top_up.payment_id, top_up.total, "USD")
        intents = [stage.intents[top_up.payment_id] for top_up in top_ups]
        intents[0]["currency"] = "a-currency-with-a-long-name"
        intents[1]["amount_received"] = 10**30
        intents[2]["amount_received"] = -1
        intents[3]["amount_received"] = float("nan")

        for _ in range(2):
            TopUp.objects.update(check_at=NOW)
            tick(now=NOW + minutes(1), times=1)

        assert [operations.balance_of(user.pk) for user in users] == [0, 0, 0, 0, 50, 50]
        assert all(now_of(top_up).check_at > NOW + minutes(1) for top_up in top_ups[:4])
        told = Outgoing.objects.filter(subject__startswith="A gateway's answer is of no use")
        assert told.count() == 4

    def test_a_payout_that_is_answered_oddly_says_so_and_waits(self, stage, user):
        top_up = begun(user)
        stage.pay(top_up.payment_id, top_up.total, "USD")
        tick(now=NOW + minutes(1))
        payout = Payout.objects.create(
            user=user,
            amount=1,
            top_up=top_up,
            request_key=uuid.uuid4(),
            state="sending",
            asked_by="staff:1",
            asked_at=NOW,
            due_at=NOW,
        )
        stage.intents[top_up.payment_id]["currency"] = None

        tick(now=NOW + minutes(2), times=1)

        payout.refresh_from_db()
        assert (payout.state, payout.tries) == ("sending", 1)
        assert "unknown shape" in payout.last_error
        assert payout.due_at > NOW + minutes(2)


class TestSendingBack:
    @pytest.fixture
    def paid(self, stage, user):
        top_up = begun(user)
        stage.pay(top_up.payment_id, top_up.total, "USD")
        tick(now=NOW + minutes(1))
        return now_of(top_up)

    def send_back(self, top_up, amount="20"):
        staff = CustomerFactory(is_staff=True, is_superuser=True)
        return payouts.send_back(
            staff=staff, top_up_id=top_up.pk, amount=Decimal(amount), reason="Asked for", key=uuid.uuid4(), now=NOW
        )

    def test_a_payout_goes_back_the_way_its_money_came(self, stage, user, paid):
        payout = self.send_back(paid)
        tick(now=NOW + minutes(2))

        payout.refresh_from_db()
        assert (payout.state, payout.reference) == (Payout.State.PAID, "re_1")
        assert stage.refunds_sent() == [20]
        assert operations.balance_of(user.pk) == 30

    def test_its_notice_takes_nothing_a_second_time(self, stage, user, paid):
        self.send_back(paid)
        tick(now=NOW + minutes(2))
        about = {"id": "ch_1", "payment_intent": stage.intents[paid.payment_id]["id"]}
        assert post(Client(), stage, stage.event("charge.refunded", about)).status_code == 200

        tick(now=timezone.now())

        assert (operations.balance_of(user.pk), now_of(paid).taken_back) == (30, 0)

    def test_a_gateway_that_refuses_gives_the_money_back_to_the_wallet(self, stage, user, paid):
        payout = self.send_back(paid)
        stage.refuse("Insufficient funds in the account")
        tick(now=NOW + minutes(2), times=1)

        payout.refresh_from_db()
        assert payout.state == Payout.State.FAILED
        assert "Insufficient funds" in payout.last_error
        assert operations.balance_of(user.pk) == 50

    def test_what_had_gone_back_before_is_then_taken_back(self, stage, user, paid, monkeypatch):
        """Somebody refunded everything at the gateway's own page while our payout was on its way."""
        payout = self.send_back(paid)
        stage.refund_elsewhere(paid.payment_id, paid.total)
        monkeypatch.setattr(stage, "_write", lambda _: stage.no(400, "Charge has already been refunded"))
        tick(now=NOW + minutes(2))

        payout.refresh_from_db()
        assert payout.state == Payout.State.FAILED
        assert (operations.balance_of(user.pk), now_of(paid).state) == (0, TopUp.State.REVERSED)

    def test_nobody_knows_and_it_is_sent_again_under_the_same_key(self, stage, user, paid, settings):
        payout = self.send_back(paid)
        connect(settings, stage, port=NOBODY)
        tick(now=NOW + minutes(2), times=1)
        payout.refresh_from_db()
        assert (payout.state, payout.tries) == (Payout.State.SENDING, 1)
        assert payout.last_error

        connect(settings, stage)
        tick(now=NOW + minutes(3))

        payout.refresh_from_db()
        assert (payout.state, stage.refunds_sent()) == (Payout.State.PAID, [20])

    def test_a_worker_killed_after_sending_sends_once(self, stage, user, paid):
        payout = self.send_back(paid)
        [killed] = claiming.claim_due(gateway="stripe", now=NOW + minutes(2), limit=10)
        send = {"payment_id": killed.payment_id, "amount": killed.amount, "currency": "USD", "reason": "Asked for"}
        stage.gateway.refund(**send, key=f"payout:{payout.pk}")

        tick(now=NOW + minutes(2) + claiming.LEASE)

        payout.refresh_from_db()
        assert (payout.state, stage.refunds_sent()) == (Payout.State.PAID, [20])


class TestQueries:
    def test_a_tick_with_nothing_due_is_one_query(self, stage, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert collecting.gateways_due(now=NOW) == []

    def test_looking_after_one_payment_takes_few(self, stage, user, django_assert_max_num_queries):
        begun(user)

        with django_assert_max_num_queries(40):
            assert collecting.look_after(gateway="stripe", now=NOW + minutes(1)) == 1


def in_another_thread(work):
    """A connection of its own, and so a session of Postgres of its own."""

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(with_own_connection, work).result()


def with_own_connection(work):
    try:
        return work()
    finally:
        connection.close()


def eventually(is_so, *, seconds=20):
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
