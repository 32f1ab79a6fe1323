"""What staff decide about payments: by hand, under review, rejected. Each with its permission and its record."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from accounts.models import Outgoing
from tests.factories import CustomerFactory
from tests.wallet.paying import NOW, asked_of, give_bonus_from, moved, offer, settle, truth_of
from wallet import operations
from wallet.gateways.base import Created
from wallet.models import Event, MoneyRules, TopUp, Transfer
from wallet.operations import payments

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ways_to_pay(db):
    offer("manual", fee_basis_points=0, fee_fixed=0)
    offer("stripe")


@pytest.fixture
def staff(db):
    return confirmer()


@pytest.fixture
def user(db):
    return CustomerFactory()


def confirmer():
    person = CustomerFactory(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="can_confirm_top_up"))
    return person


def by_hand(user, amount="50"):
    top_up = asked_of(user, amount, gateway="manual")
    return payments.register_payment(
        top_up_id=top_up.pk, created=Created(payment_id=top_up.reference, pay_url=""), now=NOW
    )


def confirm(staff, top_up, received="50", *, reference="BANK 77/1", **words):
    return payments.confirm_manual(
        staff=staff, top_up_id=top_up.pk, received=Decimal(received), reference=reference, now=NOW, **words
    )


def resolve(staff, top_up, credit, *, reason="As the bank says", **words):
    return payments.resolve_review(
        staff=staff, top_up_id=top_up.pk, credit=Decimal(credit), reason=reason, now=NOW, **words
    )


def reject(staff, top_up, reason="Nothing arrived"):
    return payments.reject(staff=staff, top_up_id=top_up.pk, reason=reason, now=NOW)


def under_review(user, received="30", *, amount="50", **words):
    top_up = asked_of(user, amount)
    return settle(top_up, truth_of(top_up, received, **words))[1]


class TestConfirming:
    def test_what_was_asked_for_is_credited_with_its_bonus(self, staff, user):
        give_bonus_from(50, 1000)
        top_up = confirm(staff, by_hand(user))

        assert (top_up.state, top_up.credited, top_up.bank_reference) == (TopUp.State.PAID, 50, "BANK 77/1")
        assert moved(user, "top_up", "bonus") == [("top_up", "cash", 50), ("bonus", "bonus", 5)]
        assert Transfer.objects.get(kind="top_up").actor == f"staff:{staff.pk}"
        event = Event.objects.get(kind="confirmed")
        assert (event.actor, event.facts) == (
            f"staff:{staff.pk}",
            {"received": "50", "currency": "USD", "line": "BANK 77/1"},
        )

    @pytest.mark.parametrize(("received", "finding"), [("49.99", "short"), ("50.01", "over")])
    def test_another_sum_is_put_under_review(self, staff, user, received, finding):
        top_up = confirm(staff, by_hand(user), received)

        assert (top_up.state, top_up.finding, top_up.received) == (TopUp.State.REVIEW, finding, Decimal(received))
        assert top_up.check_at is None  # there is nobody to ask
        assert operations.balance_of(user.pk) == 0

    def test_other_money_is_put_under_review(self, staff, user):
        top_up = confirm(staff, by_hand(user), currency="EUR")

        assert (top_up.state, top_up.finding) == (TopUp.State.REVIEW, "other_currency")

    def test_an_expired_one_can_still_be_confirmed(self, staff, user):
        top_up = by_hand(user)
        payments.expire(top_up_id=top_up.pk, now=top_up.expires_at)

        assert confirm(staff, top_up).state == TopUp.State.PAID

    def test_a_second_time_is_refused(self, staff, user):
        top_up = by_hand(user)
        confirm(staff, top_up)

        with pytest.raises(payments.NotWaiting, match="Paid"):
            confirm(staff, top_up, reference="BANK 77/2")
        assert operations.balance_of(user.pk) == 50

    @pytest.mark.parametrize("line", ["BANK 77/1", "bank 77/1", "  BANK   77/1 "])
    def test_a_line_of_the_bank_statement_pays_one_top_up(self, staff, user, line):
        first = by_hand(user)
        confirm(staff, first)

        with pytest.raises(payments.BankReferenceUsed, match=first.reference):
            confirm(staff, by_hand(CustomerFactory()), reference=line)

    @pytest.mark.django_db(transaction=True)
    def test_of_ten_at_once_with_one_line_one_is_credited(self):
        offer("manual", fee_basis_points=0, fee_fixed=0)
        staff, gate = confirmer(), threading.Barrier(10)
        top_ups = [by_hand(CustomerFactory()) for _ in range(10)]

        def run(top_up):
            try:
                gate.wait(timeout=60)
                return confirm(staff, top_up).state
            except payments.BankReferenceUsed:
                return "used"
            finally:
                connection.close()

        with ThreadPoolExecutor(10) as threads:
            assert sorted(threads.map(run, top_ups)) == ["paid", *["used"] * 9]

    def test_a_payment_of_a_gateway_is_not_confirmed_by_hand(self, staff, user):
        with pytest.raises(payments.NotWaiting):
            confirm(staff, asked_of(user))

    def test_a_line_is_named(self, staff, user):
        with pytest.raises(ValueError, match="says why"):
            confirm(staff, by_hand(user), reference=" ")

    @pytest.mark.parametrize("received", ["0", "-1", "1.000001"])
    def test_what_cannot_have_arrived_is_refused(self, staff, user, received):
        with pytest.raises(operations.AmountNotPossible):
            confirm(staff, by_hand(user), received)


class TestReview:
    def test_what_arrived_is_credited_with_a_mail_that_says_why(self, staff, user):
        give_bonus_from(50, 1000)
        top_up = resolve(staff, under_review(user), "30", reason="Two dollars were lost on the way")

        assert (top_up.state, top_up.credited, top_up.bonus) == (TopUp.State.PAID, 30, 0)
        assert moved(user, "top_up", "bonus") == [("top_up", "cash", 30)]
        assert Transfer.objects.get().reason == "Two dollars were lost on the way"
        [mail] = Outgoing.objects.filter(user_id=user.pk)
        assert "30.00 USD" in mail.body
        assert "Two dollars were lost on the way" in mail.body
        assert mail.body.rstrip().endswith(reverse("wallet:top-up", args=[top_up.reference]))

    def test_the_whole_amount_brings_its_bonus(self, staff, user):
        give_bonus_from(50, 1000)
        top_up = resolve(staff, under_review(user, "60"), "50")

        assert (top_up.credited, top_up.bonus, operations.balance_of(user.pk)) == (50, 5, 55)

    def test_more_than_arrived_needs_a_second_reason_and_is_never_more_than_was_asked_for(self, staff, user):
        top_up = under_review(user, "30")

        with pytest.raises(payments.SecondReasonNeeded):
            resolve(staff, top_up, "30.01")
        with pytest.raises(payments.CreditNotPossible):
            resolve(staff, top_up, "50.01", second_reason="The payer is angry")
        assert operations.balance_of(user.pk) == 0

        assert resolve(staff, top_up, "50", second_reason="The bank kept the rest").credited == 50
        assert Event.objects.get(kind="review_ended").facts == {
            "credited": "50",
            "finding": "short",
            "second_reason": "The bank kept the rest",
        }

    def test_other_money_needs_a_second_reason_for_any_sum(self, staff, user):
        top_up = under_review(user, "51.75", currency="EUR")

        with pytest.raises(payments.SecondReasonNeeded):
            resolve(staff, top_up, "1")

        assert resolve(staff, top_up, "50", second_reason="EUR counted as USD").credited == 50

    @pytest.mark.parametrize("credit", ["0", "-5", "1.000001"])
    def test_nothing_or_less_is_no_credit(self, staff, user, credit):
        with pytest.raises(operations.AmountNotPossible):
            resolve(staff, under_review(user), credit)

    @pytest.mark.parametrize(("credit", "is_refused"), [("150", False), ("150.01", True), ("1000000", True)])
    def test_who_said_what_arrived_credits_beyond_what_was_asked_for_up_to_the_owners_limit(
        self, staff, user, credit, is_refused
    ):
        MoneyRules.objects.update_or_create(pk=1, defaults={"second_person_above": 100})
        top_up = confirm(staff, by_hand(user), "1000000")

        if is_refused:
            with pytest.raises(payments.SecondPersonNeeded, match="150"):
                resolve(staff, top_up, credit)
            assert TopUp.objects.get().state == TopUp.State.REVIEW
        else:
            resolve(staff, top_up, credit)
        assert operations.balance_of(user.pk) == (0 if is_refused else Decimal(credit))

    def test_a_second_person_credits_any_sum_that_arrived(self, staff, user):
        top_up = confirm(staff, by_hand(user), "1000000")

        assert resolve(confirmer(), top_up, "1000000").credited == 1_000_000

    def test_what_a_gateway_said_arrived_is_credited_by_one_person(self, staff, user):
        assert resolve(staff, under_review(user, "1000000"), "1000000").credited == 1_000_000

    def test_a_review_ends_once(self, staff, user):
        top_up = under_review(user)
        resolve(staff, top_up, "30")

        with pytest.raises(payments.NotWaiting, match="Paid"):
            resolve(staff, top_up, "30")
        assert operations.balance_of(user.pk) == 30

    def test_the_gateways_word_credits_nothing_after_it(self, staff, user):
        top_up = resolve(staff, under_review(user), "30")

        assert settle(top_up, truth_of(top_up, "30"))[0] == "unchanged"
        assert settle(top_up, truth_of(top_up))[0] == "review more_arrived"
        assert operations.balance_of(user.pk) == 30

    def test_a_review_after_a_credit_is_closed_and_stays_closed(self, staff, user):
        """A chargeback that was won is given back by itself: staff name no amount."""
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, disputed="51.75"))
        top_up = settle(top_up, truth_of(top_up))[1]
        with pytest.raises(payments.CreditNotPossible):
            resolve(staff, top_up, "50")

        back = resolve(staff, top_up, "0")
        assert (back.state, back.given_back, operations.balance_of(user.pk)) == (TopUp.State.PAID, 50, 50)
        assert Event.objects.get(kind="review_ended").facts["given_back"] == "50.00000"
        assert "50.00 USD" in Outgoing.objects.get(subject__endswith="was given back").body
        assert settle(top_up, truth_of(top_up))[0] == "unchanged"

    def test_more_money_that_staff_looked_at_leaves_it_paid(self, staff, user):
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))
        top_up = settle(top_up, truth_of(top_up, "60"))[1]

        assert resolve(staff, top_up, "0").state == TopUp.State.PAID


class TestRejecting:
    @pytest.mark.parametrize("state", ["created", "pending", "expired", "review"])
    def test_nothing_is_credited_and_the_customer_reads_why(self, staff, user, state):
        top_up = under_review(user) if state == "review" else asked_of(user)
        TopUp.objects.filter(pk=top_up.pk).update(state=state)

        top_up = reject(staff, top_up, "The account holder is another person")

        assert (top_up.state, top_up.check_at) == (TopUp.State.REJECTED, None)
        assert operations.balance_of(user.pk) == 0
        assert "another person" in Outgoing.objects.get(user_id=user.pk).body

    def test_a_line_of_the_bank_statement_that_was_taken_by_mistake_pays_the_right_one(self, staff, user):
        mistaken, right = by_hand(CustomerFactory(), "51"), by_hand(user)
        confirm(staff, mistaken, "50")
        with pytest.raises(payments.BankReferenceUsed):
            confirm(staff, right)

        mistaken = reject(staff, mistaken, "It was somebody else's")

        assert confirm(staff, right).credited == 50
        assert TopUp.objects.get(pk=mistaken.pk).bank_reference == ""
        events = Event.objects.filter(subject_id=mistaken.pk, kind__in=["confirmed", "rejected"])
        assert [event.facts["line"] for event in events] == ["BANK 77/1"] * 2

    def test_what_was_credited_is_not_rejected(self, staff, user):
        top_up = asked_of(user)
        settle(top_up, truth_of(top_up))

        with pytest.raises(payments.NotWaiting, match="Paid"):
            reject(staff, top_up)

    def test_money_that_comes_later_is_looked_at(self, staff, user):
        top_up = reject(staff, asked_of(user))

        outcome, top_up = settle(top_up, truth_of(top_up))

        assert (outcome, operations.balance_of(user.pk)) == ("review paid_after_rejection", 0)
        assert resolve(staff, top_up, "50").credited == 50

    def test_a_reason_is_given(self, staff, user):
        with pytest.raises(ValueError, match="says why"):
            reject(staff, asked_of(user), "  ")


class TestWhoMay:
    @pytest.fixture(params=["confirm", "resolve", "reject"])
    def act(self, request, user):
        acts = {
            "confirm": lambda staff, of: confirm(staff, by_hand(of)),
            "resolve": lambda staff, of: resolve(staff, under_review(of), "30"),
            "reject": lambda staff, of: reject(staff, asked_of(of)),
        }
        return acts[request.param]

    def test_nobody_without_the_permission(self, act, user):
        with pytest.raises(PermissionDenied, match="can_confirm_top_up"):
            act(CustomerFactory(is_staff=True), user)

    def test_nobody_about_a_payment_of_their_own(self, act, staff):
        with pytest.raises(payments.OwnPayment):
            act(staff, staff)
        assert operations.balance_of(staff.pk) == 0
