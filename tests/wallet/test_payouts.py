"""Payouts: money that leaves a wallet when it is asked for, and is paid, refused, recorded or sent back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections

from accounts.models import Outgoing
from tests.factories import NOON, CustomerFactory
from tests.wallet.people import acts_on, held, owe, staff_with
from wallet import verification
from wallet.models import Payout, TopUp, Transfer
from wallet.operations import moving, payouts, refusals, safeguards
from wallet.operations.accounts import debt_of
from wallet.tasks import TICKS

pytestmark = pytest.mark.django_db
KEY = UUID(int=1)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def finance():
    return staff_with("can_pay_out")


@pytest.fixture
def customer():
    return CustomerFactory(funds=Decimal(50))


def ask(user, amount="20", *, key=None, destination="DE02 1203 0000 0000 2020 51"):
    return payouts.ask_payout(
        user_id=user.pk, amount=Decimal(amount), destination=destination, request_key=key or uuid4(), now=NOON
    )


def freeze(user):
    safeguards.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)


def mails():
    return list(Outgoing.objects.order_by("id").values_list("to", "subject"))


class TestAsking:
    def test_the_amount_leaves_the_wallet_at_once(self, customer):
        asked = ask(customer)

        transfer = Transfer.objects.get(kind="payout")
        assert (asked.state, held(customer)) == ("asked", 30)
        assert (transfer.key, transfer.subject_id) == (f"payout:{asked.pk}", asked.pk)
        assert acts_on("payout", asked.pk) == [("asked", f"customer:{customer.pk}")]

    def test_where_it_is_to_go_does_not_lie_readable_in_the_database(self, customer):
        asked = ask(customer)

        assert "1203" not in Payout.objects.get().destination
        assert payouts.destination_of(asked) == "DE02 1203 0000 0000 2020 51"

    def test_bonus_is_never_paid_out(self):
        user = CustomerFactory()
        moving.grant_bonus(user_id=user.pk, amount=Decimal(9), key="b", actor="system", now=NOON)

        assert payouts.payable_of(user.pk) == 0
        with pytest.raises(refusals.InsufficientFunds):
            ask(user, "1")

    def test_what_can_be_asked_for_is_the_cash_down_to_the_cent(self):
        assert payouts.payable_of(CustomerFactory(funds=Decimal("3.21999")).pk) == Decimal("3.21")

    def test_the_same_key_again_is_one_payout(self, customer):
        first = ask(customer, key=KEY)

        assert ask(customer, key=KEY) == first
        assert held(customer) == 30

    def test_the_same_key_for_another_amount_is_refused(self, customer):
        ask(customer, key=KEY)

        with pytest.raises(refusals.KeyUsedOtherwise):
            ask(customer, "21", key=KEY)

    def test_the_same_key_for_another_destination_is_refused(self, customer):
        ask(customer, key=KEY)

        with pytest.raises(refusals.KeyUsedOtherwise):
            ask(customer, key=KEY, destination="DE89 3704 0044 0532 0130 00")

        assert payouts.destination_of(Payout.objects.get()) == "DE02 1203 0000 0000 2020 51"
        assert held(customer) == 30

    def test_the_same_key_is_refused_where_nobody_can_read_what_it_was_for(self, customer):
        ask(customer, key=KEY)
        Payout.objects.update(destination="sealed with a key that is gone")

        with pytest.raises(refusals.KeyUsedOtherwise):
            ask(customer, key=KEY)

    def test_more_than_there_is_leaves_nothing_behind(self, customer):
        with pytest.raises(refusals.InsufficientFunds):
            ask(customer, "50.01")

        assert not Payout.objects.exists()

    def test_a_frozen_wallet_pays_nothing_out(self, customer):
        freeze(customer)

        with pytest.raises(refusals.WalletFrozen):
            ask(customer)

        assert held(customer) == 50

    def test_who_owes_us_asks_for_nothing(self, customer):
        owe(customer, "60")

        with pytest.raises(refusals.WalletOwes):
            ask(customer, "1")

    @pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1.00001", "NaN"])
    def test_an_amount_that_no_bank_can_pay_is_refused(self, customer, amount):
        with pytest.raises(refusals.AmountNotPossible):
            ask(customer, amount)

    def test_it_needs_somewhere_to_go(self, customer):
        with pytest.raises(ValueError, match="says why"):
            ask(customer, destination="  ")

    def test_a_customer_sees_their_own_and_no_others(self, customer):
        first, second = ask(customer), ask(customer)
        ask(CustomerFactory(funds=Decimal(50)))

        assert list(payouts.payouts_of(customer.pk)) == [second, first]


class TestWaitingAtOnce:
    def test_five_may_wait_and_a_sixth_only_when_one_is_gone(self, customer):
        first, *_ = [ask(customer, "1") for _ in range(5)]

        with pytest.raises(payouts.TooManyWaiting):
            ask(customer, "1")

        assert (Payout.objects.count(), held(customer)) == (5, 45)
        payouts.withdraw_payout(user_id=customer.pk, payout_id=first.pk, now=LATER)
        assert ask(customer, "1").state == "asked"


class TestOwnMoney:
    """Nobody decides on a payout of their own money."""

    @pytest.fixture
    def clerk(self, finance):
        moving.top_up(user_id=finance.pk, amount=Decimal(50), key="own", actor="system", now=NOON)
        return finance

    def test_nobody_pays_or_refuses_what_they_asked_for(self, clerk):
        asked = ask(clerk)

        with pytest.raises(payouts.OwnPayout):
            payouts.pay_out(staff=clerk, payout_id=asked.pk, reference="B1", now=LATER)
        with pytest.raises(payouts.OwnPayout):
            payouts.refuse_payout(staff=clerk, payout_id=asked.pk, reason="No", now=LATER)

        assert (Payout.objects.get().state, held(clerk)) == ("asked", 30)
        assert payouts.pay_out(staff=staff_with("can_pay_out"), payout_id=asked.pk, reference="B1", now=LATER).ended_at

    def test_nobody_records_a_payout_to_themselves(self, clerk):
        with pytest.raises(payouts.OwnPayout):
            TestRecording().record(clerk, clerk)

        assert held(clerk) == 50

    def test_nobody_sends_their_own_payment_back(self, clerk):
        with pytest.raises(payouts.OwnPayout):
            send_back(clerk, paid_in(clerk))

        assert held(clerk) == 50


class TestWithdrawing:
    def test_the_money_is_back_at_once(self, customer):
        asked = ask(customer)

        ended = payouts.withdraw_payout(user_id=customer.pk, payout_id=asked.pk, now=LATER)

        assert (ended.state, ended.ended_at, held(customer)) == ("withdrawn", LATER, 50)
        assert mails() == []

    def test_another_customer_cannot(self, customer):
        asked = ask(customer)

        with pytest.raises(Payout.DoesNotExist):
            payouts.withdraw_payout(user_id=CustomerFactory().pk, payout_id=asked.pk, now=LATER)

    def test_what_was_paid_is_not_withdrawn(self, customer, finance):
        asked = ask(customer)
        payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER)

        with pytest.raises(payouts.PayoutEnded):
            payouts.withdraw_payout(user_id=customer.pk, payout_id=asked.pk, now=LATER)


class TestPaying:
    def test_it_is_paid_once_and_the_customer_is_told(self, customer, finance):
        asked = ask(customer)

        paid = payouts.pay_out(staff=finance, payout_id=asked.pk, reference=" B1 ", now=LATER)

        assert (paid.state, paid.reference, paid.decided_by) == ("paid", "B1", f"staff:{finance.pk}")
        assert held(customer) == 30
        assert mails() == [(customer.email, "Your payout of 20.00 USD")]
        with pytest.raises(payouts.PayoutEnded):
            payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER)

    def test_a_wallet_frozen_since_is_not_paid_out(self, customer, finance):
        asked = ask(customer)
        freeze(customer)

        with pytest.raises(refusals.WalletFrozen):
            payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER)

        assert Payout.objects.get().state == "asked"

    def test_who_owes_us_is_not_paid_and_a_refusal_pays_the_debt(self, customer, finance):
        asked = ask(customer, "50")
        owe(customer, "50")

        with pytest.raises(refusals.WalletOwes) as debt:
            payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER)

        assert (debt.value.owed, Payout.objects.get().state) == (50, "asked")
        payouts.refuse_payout(staff=finance, payout_id=asked.pk, reason="The card was charged back", now=LATER)
        assert (debt_of(customer.pk), held(customer)) == (0, 0)

    def test_it_takes_its_permission_and_a_reference(self, customer, finance):
        asked = ask(customer)

        with pytest.raises(PermissionDenied):
            payouts.pay_out(staff=staff_with("can_adjust"), payout_id=asked.pk, reference="B1", now=LATER)
        with pytest.raises(ValueError, match="says why"):
            payouts.pay_out(staff=finance, payout_id=asked.pk, reference=" ", now=LATER)


class TestRefusing:
    def test_the_money_is_back_and_the_customer_is_told_why(self, customer, finance):
        asked = ask(customer)

        refused = payouts.refuse_payout(staff=finance, payout_id=asked.pk, reason="Name differs", now=LATER)

        assert (refused.state, refused.reason, held(customer)) == ("refused", "Name differs", 50)
        assert mails() == [(customer.email, "Your payout of 20.00 USD was refused")]
        assert "Name differs" in Outgoing.objects.get().body

    def test_what_is_owed_is_paid_from_what_comes_back(self, customer, finance):
        asked = ask(customer, "50")
        owe(customer, "30")

        payouts.refuse_payout(staff=finance, payout_id=asked.pk, reason="Chargeback", now=LATER)

        assert held(customer) == 20

    def test_it_takes_its_permission_and_a_reason(self, customer, finance):
        asked = ask(customer)

        with pytest.raises(PermissionDenied):
            payouts.refuse_payout(staff=staff_with("can_adjust"), payout_id=asked.pk, reason="No", now=LATER)
        with pytest.raises(ValueError, match="says why"):
            payouts.refuse_payout(staff=finance, payout_id=asked.pk, reason=" ", now=LATER)


class TestRecording:
    def record(self, staff, user, amount="20", key=None, *, reference="B7", reason="Asked for by mail"):
        return payouts.record_payout(
            staff=staff,
            user_id=user.pk,
            amount=Decimal(amount),
            reference=reference,
            reason=reason,
            key=key or uuid4(),
            now=NOON,
        )

    def test_what_staff_paid_already_leaves_the_wallet_for_good(self, customer, finance):
        made = self.record(finance, customer)

        assert (made.state, made.reference, made.reason, held(customer)) == ("paid", "B7", "Asked for by mail", 30)
        assert acts_on("payout", made.pk) == [("recorded", f"staff:{finance.pk}")]

    def test_also_from_a_frozen_wallet_as_it_is_a_fact(self, customer, finance):
        freeze(customer)

        assert self.record(finance, customer).state == "paid"

    def test_the_same_key_again_is_one_payout(self, customer, finance):
        first = self.record(finance, customer, key=KEY)

        assert self.record(finance, customer, key=KEY) == first
        assert held(customer) == 30

    @pytest.mark.parametrize("other", [{"reference": "B8"}, {"reason": "Asked for by telephone"}, {"amount": "21"}])
    def test_the_same_key_for_something_else_is_refused(self, customer, finance, other):
        first = self.record(finance, customer, key=KEY)

        with pytest.raises(refusals.KeyUsedOtherwise):
            self.record(finance, customer, key=KEY, **other)

        assert (Payout.objects.get(), held(customer)) == (first, 30)

    def test_never_more_than_there_is(self, customer, finance):
        with pytest.raises(refusals.InsufficientFunds):
            self.record(finance, customer, "51")

    def test_it_takes_its_permission(self, customer):
        with pytest.raises(PermissionDenied):
            self.record(staff_with("can_adjust"), customer)


def paid_in(customer, **columns):
    """A payment of 50.00 that came by a gateway, all of it credited unless `columns` say otherwise."""
    usual = {"gateway": "stripe", "payment_id": "cs_1", "state": "paid", "credited": 50, "paid_at": NOON}
    usual |= {"amount": 50, "fee": 1, "total": 51, "currency": "USD", "request_key": uuid4(), "created_at": NOON}
    return TopUp.objects.create(reference="TU-SENT-BACK", user=customer, **{**usual, **columns})


@pytest.fixture
def top_up(customer):
    return paid_in(customer)


def send_back(staff, top_up, amount="20", *, key=None):
    return payouts.send_back(
        staff=staff, top_up_id=top_up.pk, amount=Decimal(amount), reason="Wrong account", key=key or uuid4(), now=NOON
    )


class TestSendingBack:
    def test_it_leaves_the_wallet_and_waits_for_the_tick(self, customer, finance, top_up):
        sent = send_back(finance, top_up)

        assert (sent.state, sent.due_at, sent.top_up, held(customer)) == ("sending", NOON, top_up, 30)
        assert payouts.left_to_send_back(top_up) == 30

    def test_never_more_than_came_by_this_top_up_and_is_still_here(self, finance, top_up):
        TopUp.objects.filter(pk=top_up.pk).update(taken_back=10)
        send_back(finance, top_up, "25")

        with pytest.raises(payouts.ExceedsTopUp) as beyond:
            send_back(finance, top_up, "15.01")

        assert beyond.value.left == 15

    def test_never_more_than_the_wallet_has(self, customer, finance, top_up):
        ask(customer, "40")

        with pytest.raises(refusals.InsufficientFunds):
            send_back(finance, top_up)

    def test_the_gateways_word_ends_it_and_the_customer_is_told(self, customer, finance, top_up):
        sent = send_back(finance, top_up)

        assert payouts.finish_payout(payout_id=sent.pk, reference="re_1", now=LATER)
        assert not payouts.finish_payout(payout_id=sent.pk, reference="re_2", now=LATER)
        assert not payouts.fail_payout(payout_id=sent.pk, error="late", now=LATER)

        sent.refresh_from_db()
        assert (sent.state, sent.reference, sent.due_at, held(customer)) == ("paid", "re_1", None, 30)
        assert mails() == [(customer.email, "We sent 20.00 USD back")]

    def test_refused_by_the_gateway_the_money_is_back(self, customer, finance, top_up):
        sent = send_back(finance, top_up)

        payouts.fail_payout(payout_id=sent.pk, error="charge is disputed", now=LATER)

        sent.refresh_from_db()
        assert (sent.state, sent.last_error, held(customer)) == ("failed", "charge is disputed", 50)
        assert payouts.left_to_send_back(top_up) == 50
        assert mails() == [(customer.email, "20.00 USD is back in your wallet")]

    def test_without_an_answer_it_is_tried_again_under_the_same_payout(self, finance, top_up):
        sent = send_back(finance, top_up)

        payouts.retry_payout(payout_id=sent.pk, error="timed out", due_at=LATER)

        sent.refresh_from_db()
        assert (sent.state, sent.tries, sent.due_at, sent.last_error) == ("sending", 1, LATER, "timed out")

    def test_the_same_key_again_is_one_payout_even_when_nothing_is_left(self, customer, finance, top_up):
        first = send_back(finance, top_up, "50", key=KEY)

        assert send_back(finance, top_up, "50", key=KEY) == first
        assert held(customer) == 0

    @pytest.mark.parametrize("columns", [{"gateway": "manual"}, {"credited": 0, "state": "pending"}])
    def test_what_no_gateway_brought_does_not_go_back_by_one(self, customer, finance, columns):
        with pytest.raises(payouts.CannotSendBack):
            send_back(finance, paid_in(customer, **columns))

    def test_a_frozen_wallet_sends_nothing_back(self, customer, finance, top_up):
        freeze(customer)

        with pytest.raises(refusals.WalletFrozen):
            send_back(finance, top_up)

    def test_to_who_owes_us_nothing_goes_back(self, customer, finance, top_up):
        owe(customer, "60")

        with pytest.raises(refusals.WalletOwes):
            send_back(finance, top_up)

    def test_it_takes_its_permission(self, top_up):
        with pytest.raises(PermissionDenied):
            send_back(staff_with("can_confirm_top_up"), top_up)


class TestStuck:
    """A payout that its gateway never takes."""

    @pytest.fixture(autouse=True)
    def _alarms(self, settings):
        settings.ALARM_EMAIL = "duty@example.test"

    def stuck(self, *, now):
        """Whom a pass of the payments tick tells, at a gateway without keys."""
        assert TICKS["payments"].parts(now=now) == []
        return [to for to, _ in mails()]

    def test_after_a_day_staff_are_alarmed_once(self, finance, top_up):
        sent = send_back(finance, top_up)

        assert self.stuck(now=NOON + timedelta(hours=23)) == []
        assert self.stuck(now=NOON + timedelta(hours=24)) == ["duty@example.test"]
        Outgoing.objects.all().delete()
        assert self.stuck(now=NOON + timedelta(days=60)) == []
        assert acts_on("payout", sent.pk)[-1] == ("stuck", "system")

    @pytest.mark.parametrize(("tries", "alarmed"), [(9, []), (10, ["duty@example.test"])])
    def test_after_ten_tries_staff_are_alarmed(self, finance, top_up, tries, alarmed):
        sent = send_back(finance, top_up)
        for _ in range(tries):
            payouts.retry_payout(payout_id=sent.pk, error="wrong key", due_at=LATER)

        assert self.stuck(now=LATER) == alarmed

    def test_what_has_ended_alarms_nobody(self, finance, top_up):
        payouts.fail_payout(payout_id=send_back(finance, top_up).pk, error="no", now=LATER)
        Outgoing.objects.all().delete()

        assert self.stuck(now=NOON + timedelta(days=2)) == []

    def test_staff_say_that_it_was_sent(self, customer, finance, top_up):
        sent = send_back(finance, top_up)

        ended = payouts.say_sent(staff=finance, payout_id=sent.pk, reference="re_7", now=LATER)

        assert (ended.state, ended.reference, held(customer)) == ("paid", "re_7", 30)
        assert acts_on("payout", sent.pk)[-1] == ("paid", f"staff:{finance.pk}")
        with pytest.raises(payouts.PayoutEnded):
            payouts.say_not_sent(staff=finance, payout_id=sent.pk, reason="No", now=LATER)

    def test_staff_say_that_it_was_not_sent(self, customer, finance, top_up):
        sent = send_back(finance, top_up)

        ended = payouts.say_not_sent(staff=finance, payout_id=sent.pk, reason="Keys are gone", now=LATER)

        assert (ended.state, ended.last_error, held(customer)) == ("failed", "Keys are gone", 50)
        assert acts_on("payout", sent.pk)[-1] == ("not_sent", f"staff:{finance.pk}")

    def test_it_takes_the_permission_and_another_person(self, customer, finance, top_up):
        sent = send_back(finance, top_up)
        customer.is_superuser = True

        for staff, refusal in ((staff_with("can_adjust"), PermissionDenied), (customer, payouts.OwnPayout)):
            with pytest.raises(refusal):
                payouts.say_sent(staff=staff, payout_id=sent.pk, reference="re_7", now=LATER)
            with pytest.raises(refusal):
                payouts.say_not_sent(staff=staff, payout_id=sent.pk, reason="No", now=LATER)


def at_once(*works) -> list[str]:
    """Begin all at the same moment; what each came to."""
    gate = Barrier(len(works))

    def begin(work) -> str:
        try:
            gate.wait(timeout=30)
            work()
        except (
            payouts.PayoutEnded,
            payouts.ExceedsTopUp,
            payouts.TooManyWaiting,
            refusals.InsufficientFunds,
        ) as refusal:
            return type(refusal).__name__
        else:
            return "done"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as workers:
        return sorted(workers.map(begin, works))


def differing():
    return [row for check in verification.CHECKS for row in check.differing()]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_paid_refused_and_withdrawn_at_once_it_ends_one_way(self, customer, finance):
        asked = ask(customer)

        came = at_once(
            *[lambda: payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER)] * 3,
            *[lambda: payouts.refuse_payout(staff=finance, payout_id=asked.pk, reason="No", now=LATER)] * 3,
            *[lambda: payouts.withdraw_payout(user_id=customer.pk, payout_id=asked.pk, now=LATER)] * 2,
        )

        assert came == ["PayoutEnded"] * 7 + ["done"]
        assert held(customer) == (30 if Payout.objects.get().state == "paid" else 50)
        assert differing() == []

    def test_control_without_the_lock_it_ends_more_than_one_way(self, customer, finance, monkeypatch):
        """The control: everybody finds it open before anybody ends it."""
        asked = ask(customer)
        found = Barrier(2)

        def look_together(payout_id, state, **owner):
            payout = Payout.objects.get(pk=payout_id, **owner)
            found.wait(timeout=30)
            return payout

        monkeypatch.setattr(payouts.by_hand, "locked", look_together)

        came = at_once(
            lambda: payouts.pay_out(staff=finance, payout_id=asked.pk, reference="B1", now=LATER),
            lambda: payouts.withdraw_payout(user_id=customer.pk, payout_id=asked.pk, now=LATER),
        )

        assert came == ["done", "done"]

    def test_asked_for_eight_times_at_once_the_same_cash_leaves_once(self, customer):
        came = at_once(*[lambda: ask(customer, "40")] * 8)

        assert came == ["InsufficientFunds"] * 7 + ["done"]
        assert held(customer) == 10

    def test_asked_for_eight_times_at_once_five_wait(self, customer):
        came = at_once(*[lambda: ask(customer, "1")] * 8)

        assert came == ["TooManyWaiting"] * 3 + ["done"] * 5
        assert held(customer) == 45

    def test_sent_back_eight_times_at_once_no_more_goes_than_came(self, customer, finance, top_up):
        moving.top_up(user_id=customer.pk, amount=Decimal(500), key="more", actor="system", now=NOON)
        before = differing()  # the payment stands in no ledger

        came = at_once(*[lambda: send_back(finance, top_up, "30")] * 8)

        assert came == ["ExceedsTopUp"] * 7 + ["done"]
        assert differing() == before
