"""What a gateway's word does to a wallet: each row of the rule's table, carried out (reliability 3, rows 24 to 26)."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import Outgoing
from tests.factories import CustomerFactory
from tests.wallet.paying import NOW, asked_of, give_bonus_from, moved, offer, settle, truth_of
from wallet import operations
from wallet.gateways.base import PaymentState
from wallet.models import Account, Event, Safeguard, TopUp, Transfer
from wallet.operations import payments
from wallet.operations.payouts import finish_payout, left_to_send_back, send_back
from wallet.verification.payments import CHECKS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stripe_is_offered(db, settings):
    settings.ALARM_EMAIL = "alarm@example.test"
    offer()


@pytest.fixture
def pays_out(db):
    person = CustomerFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="can_pay_out"))
    return person


@pytest.fixture
def confirms(db):
    person = CustomerFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="can_confirm_top_up"))
    return person


def end_review(staff, top_up):
    return payments.resolve_review(staff=staff, top_up_id=top_up.pk, credit=Decimal(0), reason="It came back", now=NOW)


def differing(top_up):
    """The checks that fail, of a payment that its gateway knows."""
    TopUp.objects.filter(pk=top_up.pk, payment_id="").update(payment_id=f"cs_{top_up.pk}")
    return [check.title for check in CHECKS if check.differing()]


def spend(user, amount):
    operations.charge(
        user_id=user.pk,
        amount=Decimal(amount),
        key="order:1:charge",
        subject_type="order",
        subject_id=1,
        actor="system",
        now=NOW,
    )


def kinds_of(top_up):
    return list(
        Event.objects.filter(subject_type="top_up", subject_id=top_up.pk).order_by("id").values_list("kind", flat=True)
    )


def alarms():
    return list(Outgoing.objects.filter(to="alarm@example.test").values_list("subject", flat=True))


class TestPaidAsAsked:
    def test_the_amount_is_credited_with_its_bonus_and_the_fee_is_not(self):
        give_bonus_from(50, 500)
        user = CustomerFactory()
        top_up = asked_of(user)

        outcome, top_up = settle(top_up, truth_of(top_up))

        assert outcome == "credited"
        assert moved(user, "top_up", "bonus") == [("top_up", "cash", 50), ("bonus", "bonus", Decimal("2.5"))]
        assert (top_up.state, top_up.credited, top_up.paid_at) == (TopUp.State.PAID, 50, NOW)
        assert (top_up.received, top_up.received_currency, top_up.check_at) == (Decimal("51.75"), "USD", None)
        assert set(Transfer.objects.values_list("key", "subject_type", "subject_id")) == {
            (f"topup:{top_up.pk}", "top_up", top_up.pk),
            (f"topup:{top_up.pk}:bonus", "top_up", top_up.pk),
        }

    def test_the_customer_gets_one_receipt_with_every_figure(self, settings):
        settings.SITE_URL = "https://panel.example.test"
        give_bonus_from(50, 500)
        user = CustomerFactory()
        top_up = asked_of(user)

        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up))

        [mail] = Outgoing.objects.filter(user_id=user.pk)
        assert (mail.to, mail.subject) == (user.email, f"Receipt for 50.00 USD ({top_up.reference})")
        page = f"https://panel.example.test/wallet/top-ups/{top_up.reference}"
        for figure in (
            "50.00 USD",
            "1.75 USD",
            "51.75 USD",
            "2.50 USD",
            "2026-11-22 08:00 UTC",
            top_up.reference,
            page,
        ):
            assert figure in mail.body

    def test_the_same_word_again_changes_nothing(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        _, first = settle(top_up, truth_of(top_up))

        outcome, again = settle(top_up, truth_of(top_up), now=NOW.replace(hour=9))

        assert outcome == "unchanged"
        assert (again.paid_at, again.credited) == (first.paid_at, first.credited)
        assert operations.balance_of(user.pk) == 50
        assert kinds_of(top_up) == ["started", "credited"]

    def test_an_expired_payment_that_is_paid_after_all_is_credited(self):
        user = CustomerFactory()
        top_up = asked_of(user)

        gone, expired = settle(top_up, truth_of(top_up, 0, state=PaymentState.DEAD))
        late, paid = settle(top_up, truth_of(top_up), now=NOW.replace(day=29))

        assert (gone, expired.state, late, paid.state) == ("expired", TopUp.State.EXPIRED, "credited", TopUp.State.PAID)
        assert operations.balance_of(user.pk) == 50

    @pytest.mark.parametrize(
        "words",
        [
            {"received": 0, "state": PaymentState.DEAD},
            {"received": "51.75", "state": PaymentState.OPEN, "disputed": "50"},
            {"received": 20},
        ],
    )
    def test_money_that_shrinks_after_it_was_credited_alarms_a_person_and_stays_until_they_say(self, confirms, words):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        shrunk = truth_of(top_up, words.pop("received"), **words)

        outcome, top_up = settle(top_up, shrunk)

        assert (outcome, top_up.state, top_up.received) == ("review shrunk", TopUp.State.REVIEW, Decimal("51.75"))
        assert (operations.balance_of(user.pk), alarms()) == (50, [f"A payment needs a look: {top_up.reference}"])
        assert settle(top_up, shrunk)[0] == "unchanged"
        end_review(confirms, top_up)
        assert settle(top_up, shrunk)[0] == "unchanged"
        assert settle(top_up, truth_of(top_up, 1))[0] == "review shrunk"
        assert len(alarms()) == 2
        assert differing(top_up) == []

    def test_money_that_is_whole_again_needs_nobody(self):
        top_up = asked_of(CustomerFactory())
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, 20))

        outcome, top_up = settle(top_up, truth_of(top_up))

        assert (outcome, top_up.state, top_up.finding, top_up.lacking) == ("resolved", TopUp.State.PAID, "", 0)

    def test_settling_takes_few_queries(self, django_assert_max_num_queries):
        give_bonus_from(50, 500)
        top_up = asked_of(CustomerFactory())

        with django_assert_max_num_queries(20):
            settle(top_up, truth_of(top_up))


class TestNotAsAsked:
    @pytest.mark.parametrize(
        ("words", "finding"),
        [
            ({"received": "51.74"}, "short"),
            ({"received": "51.76"}, "over"),
            ({"received": "0.00"}, "short"),
            ({"currency": "EUR"}, "other_currency"),
            ({"reference": "TU-AAAA-AAAA-AAAA"}, "other_reference"),
        ],
    )
    def test_nothing_is_credited_and_staff_are_told_once(self, words, finding):
        user = CustomerFactory()
        top_up = asked_of(user)
        truth = truth_of(top_up, words.pop("received", None), **words)

        outcome, top_up = settle(top_up, truth)
        again, _ = settle(top_up, truth)

        assert (outcome, again) == (f"review {finding}", "unchanged")
        assert (top_up.state, top_up.finding, top_up.credited) == (TopUp.State.REVIEW, finding, 0)
        assert operations.balance_of(user.pk) == 0
        assert alarms() == [f"A payment needs a look: {top_up.reference}"]

    def test_what_is_finer_than_the_ledger_was_not_received(self):
        top_up = asked_of(CustomerFactory())

        outcome, top_up = settle(top_up, truth_of(top_up, "51.749999"))

        assert (outcome, top_up.received) == ("review short", Decimal("51.74999"))

    def test_a_short_payment_made_whole_is_credited(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up, "20"))

        outcome, top_up = settle(top_up, truth_of(top_up))

        assert (outcome, top_up.state, top_up.finding) == ("credited", TopUp.State.PAID, "")
        assert operations.balance_of(user.pk) == 50


class TestMoneyThatGoesBack:
    def test_refunded_before_it_was_credited_nothing_ever_moves(self):
        user = CustomerFactory()
        top_up = asked_of(user)

        outcome, top_up = settle(top_up, truth_of(top_up, refunded="51.75"))

        assert (outcome, top_up.state, top_up.credited) == ("reversed", TopUp.State.REVERSED, 0)
        assert not Transfer.objects.exists()

    def test_a_chargeback_before_it_was_credited_freezes_all_the_same(self):
        user = CustomerFactory()
        top_up = asked_of(user)

        outcome, top_up = settle(top_up, truth_of(top_up, disputed="51.75"))

        assert (outcome, top_up.credited) == ("reversed", 0)
        assert operations.is_frozen(user.pk)

    def test_a_refund_during_a_review_is_taken_back_and_the_review_goes_on(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, "60"))

        outcome, top_up = settle(top_up, truth_of(top_up, "60", refunded="10"))

        assert (outcome, top_up.state, top_up.finding) == ("taken_back", TopUp.State.REVIEW, "more_arrived")
        assert operations.balance_of(user.pk) == 40

    def test_a_part_refunded_before_it_was_credited_leaves_the_rest(self):
        user = CustomerFactory()
        top_up = asked_of(user)

        outcome, top_up = settle(top_up, truth_of(top_up, refunded="20"))

        assert (outcome, top_up.state) == ("credited, taken_back", TopUp.State.PAID)
        assert operations.balance_of(user.pk) == 30

    def test_refunds_are_taken_back_as_they_grow_and_never_beyond_the_credit(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))

        for refunded, left, state in [
            ("10", 40, "paid"),
            ("10", 40, "paid"),
            ("49", 1, "paid"),
            ("51.75", 0, "reversed"),
        ]:
            _, top_up = settle(top_up, truth_of(top_up, refunded=refunded))
            assert (operations.balance_of(user.pk), top_up.state) == (left, state)

        assert top_up.taken_back == 50
        assert [
            key for key in Transfer.objects.order_by("id").values_list("key", flat=True) if "taken_back" in key
        ] == [f"topup:{top_up.pk}:taken_back:{number}" for number in range(3)]
        assert not Safeguard.objects.filter(user=user, frozen_at__isnull=False).exists()

    def test_a_chargeback_after_spending_is_owed_and_freezes_and_nothing_falls_below_zero(self):
        """Fault 26."""
        give_bonus_from(50, 1000)
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        spend(user, "45")  # 5 of bonus and 40 of cash

        outcome, top_up = settle(top_up, truth_of(top_up, disputed="51.75"))

        assert (outcome, top_up.state, top_up.taken_back) == ("taken_back", TopUp.State.REVERSED, 50)
        assert operations.balances_of(user.pk) == operations.balances_of(CustomerFactory().pk)  # nothing, not less
        assert operations.debt_of(user.pk) == 40
        assert Account.objects.get(user=user, kind="debt").balance is None
        assert operations.is_frozen(user.pk)
        with pytest.raises(operations.WalletFrozen):
            operations.charge(
                user_id=user.pk,
                amount=Decimal("0.01"),
                key="k",
                subject_type="order",
                subject_id=2,
                actor="system",
                now=NOW,
            )
        assert f"Chargeback of payment {top_up.reference}" in alarms()

    def test_a_chargeback_of_what_had_been_refunded_is_owed_and_freezes(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, refunded="51.75"))

        lost = truth_of(top_up, refunded="51.75", disputed="51.75")
        outcome, top_up = settle(top_up, lost)
        again, _ = settle(top_up, lost)

        assert (outcome, again) == ("taken_back", "unchanged")
        assert (top_up.state, top_up.taken_back) == (TopUp.State.REVERSED, Decimal("101.75"))
        assert (operations.balance_of(user.pk), operations.debt_of(user.pk)) == (0, Decimal("51.75"))
        assert operations.is_frozen(user.pk)
        assert f"Chargeback of payment {top_up.reference}" in alarms()
        assert kinds_of(top_up) == ["started", "credited", "taken_back", "taken_back"]
        assert differing(top_up) == []

    def test_a_chargeback_after_we_sent_the_money_back_is_owed_and_freezes(self, pays_out):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        payout = send_back(
            staff=pays_out, top_up_id=top_up.pk, amount=Decimal(50), reason="Wished", key=uuid.uuid4(), now=NOW
        )
        finish_payout(payout_id=payout.pk, reference="re_1", now=NOW)
        assert settle(top_up, truth_of(top_up, refunded="50"))[0] == "unchanged"

        outcome, top_up = settle(top_up, truth_of(top_up, refunded="50", disputed="51.75"))

        assert (outcome, top_up.state, top_up.taken_back) == ("taken_back", TopUp.State.REVERSED, 50)
        assert (operations.debt_of(user.pk), operations.is_frozen(user.pk)) == (50, True)
        assert differing(top_up) == []

    def test_what_is_owed_is_paid_by_the_next_money_in(self):
        user = CustomerFactory()
        first = asked_of(user)
        settle(first, truth_of(first))
        spend(user, "40")
        settle(first, truth_of(first, disputed="51.75"))

        second = asked_of(user, "60")
        settle(second, truth_of(second))

        assert (operations.debt_of(user.pk), operations.balance_of(user.pk)) == (0, 20)

    def test_a_chargeback_that_was_won_is_for_staff_to_credit(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, disputed="51.75"))

        outcome, top_up = settle(top_up, truth_of(top_up))

        assert (outcome, top_up.state) == ("review returned", TopUp.State.REVIEW)
        assert operations.balance_of(user.pk) == 0

    @pytest.mark.parametrize(("first", "second"), [("disputed", "disputed"), ("refunded", "disputed")])
    def test_money_that_came_back_and_goes_once_more_is_taken_once_more(self, confirms, first, second):
        """The end of the review gives it back as the top-up's own, so that the next loss is one of it too."""
        give_bonus_from(50, 1000)
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, **{first: "51.75"}))
        settle(top_up, truth_of(top_up))

        top_up = end_review(confirms, top_up)

        assert (top_up.state, top_up.given_back) == (TopUp.State.PAID, 50)
        assert (operations.balance_of(user.pk), moved(user, "given_back")) == (
            55,
            [("given_back", "cash", 50), ("given_back", "bonus", 5)],
        )
        assert settle(top_up, truth_of(top_up))[0] == "unchanged"
        assert differing(top_up) == []

        outcome, top_up = settle(top_up, truth_of(top_up, **{second: "51.75"}))

        assert (outcome, top_up.state, top_up.taken_back) == ("taken_back", TopUp.State.REVERSED, 100)
        assert (operations.balance_of(user.pk), operations.debt_of(user.pk)) == (0, 0)
        assert operations.is_frozen(user.pk)
        assert differing(top_up) == []

    def test_each_chargeback_and_each_review_alarms_somebody(self, confirms):
        top_up = asked_of(CustomerFactory())
        settle(top_up, truth_of(top_up))
        for _ in range(2):
            settle(top_up, truth_of(top_up, disputed="51.75"))
            settle(top_up, truth_of(top_up))
            end_review(confirms, top_up)

        said = [f"Chargeback of payment {top_up.reference}", f"A payment needs a look: {top_up.reference}"]
        assert sorted(alarms()) == sorted(said * 2)

    def test_what_we_sent_back_and_the_bank_returned_can_be_charged_back(self, pays_out, confirms):
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        payout = send_back(
            staff=pays_out, top_up_id=top_up.pk, amount=Decimal(50), reason="Wished", key=uuid.uuid4(), now=NOW
        )
        finish_payout(payout_id=payout.pk, reference="re_1", now=NOW)
        settle(top_up, truth_of(top_up, refunded="50"))

        assert settle(top_up, truth_of(top_up))[0] == "review returned"
        top_up = end_review(confirms, top_up)

        assert (operations.balance_of(user.pk), left_to_send_back(top_up), top_up.state) == (50, 50, TopUp.State.PAID)
        outcome, top_up = settle(top_up, truth_of(top_up, disputed="50"))
        assert (outcome, operations.balance_of(user.pk), left_to_send_back(top_up)) == ("taken_back", 0, 0)
        assert operations.is_frozen(user.pk)
        assert differing(top_up) == []

    def test_bonus_goes_back_with_its_payment_however_it_goes_and_comes_again_with_it(self, pays_out, confirms):
        """Of 5 that came with 50: 2 with the 20 we send, the rest with a chargeback, and all of it when both return."""
        give_bonus_from(50, 1000)
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        payout = send_back(
            staff=pays_out, top_up_id=top_up.pk, amount=Decimal(20), reason="Wished", key=uuid.uuid4(), now=NOW
        )
        finish_payout(payout_id=payout.pk, reference="re_1", now=NOW)
        assert operations.balances_of(user.pk).bonus == 3

        settle(top_up, truth_of(top_up, refunded="20", disputed="31.75"))
        assert operations.balances_of(user.pk).bonus == 0
        settle(top_up, truth_of(top_up))
        top_up = end_review(confirms, top_up)

        assert top_up.given_back == 50
        assert (operations.balances_of(user.pk).cash, operations.balances_of(user.pk).bonus) == (50, 5)
        assert differing(top_up) == []

    def test_what_comes_back_pays_what_is_owed_first_and_bonus_that_was_spent_stays_spent(self, confirms):
        give_bonus_from(50, 1000)
        user = CustomerFactory()
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        spend(user, "13")  # all 5 of the bonus, and 8 of cash
        settle(top_up, truth_of(top_up, disputed="51.75"))
        settle(top_up, truth_of(top_up, disputed="20"))

        top_up = end_review(confirms, top_up)

        assert (top_up.given_back, moved(user, "given_back")) == (30, [("given_back", "cash", 30)])
        assert (operations.debt_of(user.pk), operations.balance_of(user.pk)) == (0, 22)
        assert differing(top_up) == []

    def test_a_chargeback_that_is_lost_after_all_needs_nobody(self):
        top_up = asked_of(CustomerFactory())
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, disputed="51.75"))
        settle(top_up, truth_of(top_up))

        outcome, top_up = settle(top_up, truth_of(top_up, disputed="51.75"))

        assert (outcome, top_up.state, top_up.taken_back) == ("resolved", TopUp.State.REVERSED, 50)


class TestTwoAnswers:
    def test_the_answer_that_was_asked_for_earlier_is_dropped(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        TopUp.objects.filter(pk=top_up.pk).update(checks=7)

        early, _ = settle(top_up, truth_of(top_up), claim=6)
        late, _ = settle(top_up, truth_of(top_up, refunded="51.75"), claim=7)

        assert (early, late) == (payments.OVERTAKEN, "reversed")
        assert operations.balance_of(user.pk) == 0

    @pytest.mark.django_db(transaction=True)
    def test_ten_at_once_credit_once(self):
        """Fault 24, behind the view: the lock of the top-up and the key of the transfer."""
        offer()
        user = CustomerFactory()
        top_up = asked_of(user)
        outcomes = ten_at_once(lambda _: settle(top_up, truth_of(top_up))[0])

        assert sorted(outcomes) == ["credited", *["unchanged"] * 9]
        assert operations.balance_of(user.pk) == 50

    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_and_the_one_key_ten_credit_more_than_once(self):
        """The negative control: look whether it is credited, then credit under a key of the notice's own."""
        offer()
        user = CustomerFactory()
        top_up = asked_of(user)

        def credit_naively(number):
            if TopUp.objects.get(pk=top_up.pk).credited:
                return
            gate.wait(timeout=60)
            operations.top_up(user_id=user.pk, amount=top_up.amount, key=f"event:{number}", actor="system", now=NOW)
            TopUp.objects.filter(pk=top_up.pk).update(credited=top_up.amount, state="paid", paid_at=NOW)

        gate = threading.Barrier(10)
        ten_at_once(credit_naively)

        assert operations.balance_of(user.pk) > 50


def ten_at_once(work):
    def run(number):
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        return list(threads.map(run, range(10)))
