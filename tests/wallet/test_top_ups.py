"""Asking to add funds: limits, fees, one payment a request, and finding it again (R9)."""

import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from tests.factories import CustomerFactory
from tests.wallet.paying import NOW, asked_of, give_bonus_from, offer, settle, truth_of
from wallet.gateways.base import Created
from wallet.models import TopUp
from wallet.operations import KeyUsedOtherwise, payments

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stripe_is_offered(db):
    offer(minimum=5, maximum=1000)


def register(top_up, payment_id="cs_1", *, expires_at=None, now=NOW):
    created = Created(payment_id=payment_id, pay_url=f"https://pay.example.test/{payment_id}", expires_at=expires_at)
    return payments.register_payment(top_up_id=top_up.pk, created=created, now=now)


class TestStarting:
    def test_a_top_up_keeps_what_was_quoted(self):
        give_bonus_from(50, 500)
        user = CustomerFactory()

        top_up = asked_of(user, "50")

        assert (top_up.amount, top_up.fee, top_up.bonus, top_up.total) == (
            50,
            Decimal("1.75"),
            Decimal("2.50"),
            Decimal("51.75"),
        )
        assert (top_up.state, top_up.currency, top_up.payment_id) == (TopUp.State.CREATED, "USD", "")
        assert payments.quote_top_up(gateway="stripe", amount=Decimal(50)).total == top_up.total

    def test_a_reference_is_short_unmistakable_and_not_to_be_guessed(self):
        user = CustomerFactory()
        references = {asked_of(user).reference for _ in range(10)}

        assert len(references) == 10
        assert all(re.fullmatch(r"TU(-[0-9A-HJKMNP-TV-Z]{4}){3}", reference) for reference in references)

    @pytest.mark.parametrize(
        ("amount", "text"),
        [("4.99", "at least 5.00 USD"), ("1000.01", "at most 1000.00 USD"), ("5.001", "at most two decimals")],
    )
    def test_an_amount_outside_the_limits_is_refused_at_its_field(self, amount, text):
        with pytest.raises(payments.TopUpRefused, match=text) as refused:
            asked_of(CustomerFactory(), amount)

        assert refused.value.field == "amount"
        assert not TopUp.objects.exists()

    @pytest.mark.parametrize("amount", ["5", "1000"])
    def test_the_limits_themselves_are_allowed(self, amount):
        assert asked_of(CustomerFactory(), amount).amount == Decimal(amount)

    def test_a_way_to_pay_that_is_not_offered_is_refused_at_its_field(self):
        offer("btcpay", is_offered=False)

        for gateway in ("btcpay", "nobody"):
            with pytest.raises(payments.TopUpRefused) as refused:
                asked_of(CustomerFactory(), gateway=gateway)
            assert refused.value.field == "gateway"

    def test_ways_to_pay_come_in_the_order_that_staff_gave_them(self):
        offer("manual", position=0)
        offer("stripe", position=1)
        offer("btcpay", position=0, is_offered=False)

        assert [method.gateway for method in payments.methods_offered()] == ["manual", "stripe"]


class TestSendingTheFormTwice:
    def test_the_same_key_is_the_same_top_up(self):
        user, key = CustomerFactory(), uuid.uuid4()

        assert asked_of(user, key=key) == asked_of(user, key=key)
        assert TopUp.objects.count() == 1

    @pytest.mark.parametrize("other", [{"amount": "51"}, {"gateway": "manual"}])
    def test_the_same_key_for_something_else_is_refused(self, other):
        offer("manual")
        user, key = CustomerFactory(), uuid.uuid4()
        asked_of(user, key=key)

        with pytest.raises(KeyUsedOtherwise):
            asked_of(user, key=key, **other)

    def test_anothers_key_is_another_key(self):
        key = uuid.uuid4()

        assert asked_of(CustomerFactory(), key=key) != asked_of(CustomerFactory(), key=key)

    def test_the_terms_of_the_first_time_hold(self):
        user, key = CustomerFactory(), uuid.uuid4()
        asked_of(user, key=key)
        offer(is_offered=False)

        assert asked_of(user, key=key).fee == Decimal("1.75")


class TestManyOpen:
    def test_twenty_can_be_open_and_not_one_more(self):
        user = CustomerFactory()
        first, *_ = [asked_of(user) for _ in range(20)]

        with pytest.raises(payments.TopUpRefused) as refused:
            asked_of(user)
        assert refused.value.field is None

        payments.give_up_starting(top_up_id=first.pk, error="no such currency", now=NOW)
        assert asked_of(user)

    @pytest.mark.django_db(transaction=True)
    def test_thirty_at_once_open_twenty_and_a_key_sent_ten_times_is_one(self):
        offer(minimum=5, maximum=1000)
        user, key, gate = CustomerFactory(), uuid.uuid4(), threading.Barrier(30)

        def start(number):
            try:
                gate.wait(timeout=60)
                return asked_of(user, key=key if number < 10 else None).pk
            except payments.TopUpRefused:
                return None
            finally:
                connection.close()

        with ThreadPoolExecutor(30) as threads:
            started = list(threads.map(start, range(30)))

        assert TopUp.objects.count() == 20
        assert len(set(started[:10]) - {None}) <= 1

    def test_starting_takes_few_queries(self, django_assert_max_num_queries):
        user = CustomerFactory()
        with django_assert_max_num_queries(11):
            asked_of(user)


class TestRegistering:
    def test_the_payer_is_sent_to_the_gateway_and_it_is_asked_by_the_timetable(self):
        top_up = register(asked_of(CustomerFactory()), expires_at=NOW + timedelta(days=1))

        assert (top_up.state, top_up.payment_id) == (TopUp.State.PENDING, "cs_1")
        assert top_up.check_at == NOW + timedelta(minutes=1)

    def test_a_second_answer_changes_nothing(self):
        top_up = register(asked_of(CustomerFactory()))
        register(top_up, "cs_2")

        top_up.refresh_from_db()
        assert top_up.payment_id == "cs_1"

    def test_a_gateway_that_refuses_ends_it(self):
        top_up = asked_of(CustomerFactory())

        assert payments.give_up_starting(top_up_id=top_up.pk, error="no", now=NOW)
        assert not payments.give_up_starting(top_up_id=top_up.pk, error="no", now=NOW)
        top_up.refresh_from_db()
        assert (top_up.state, top_up.check_at) == (TopUp.State.EXPIRED, None)

    def test_an_answer_that_comes_after_all_is_kept_and_begins_nothing_anew(self):
        top_up = asked_of(CustomerFactory())
        payments.give_up_starting(top_up_id=top_up.pk, error="no answer", now=NOW)

        top_up = register(top_up)

        assert (top_up.state, top_up.payment_id) == (TopUp.State.EXPIRED, "cs_1")

    def test_a_bank_transfer_is_waited_for_thirty_days(self):
        offer("manual")
        top_up = register(asked_of(CustomerFactory(), gateway="manual"))

        assert top_up.expires_at == top_up.check_at == NOW + timedelta(days=30)
        assert not payments.expire(top_up_id=top_up.pk, now=NOW + timedelta(days=30) - timedelta(seconds=1))
        assert payments.expire(top_up_id=top_up.pk, now=NOW + timedelta(days=30))
        assert not payments.expire(top_up_id=top_up.pk, now=NOW + timedelta(days=30))
        top_up.refresh_from_db()
        assert top_up.state == TopUp.State.EXPIRED


class TestFinding:
    def test_a_payment_is_found_as_its_reference_is_typed(self):
        user = CustomerFactory()
        top_up = asked_of(user)
        plain = top_up.reference.replace("-", "")
        spoken = plain[:2] + plain[2:].replace("0", "o").replace("1", "l")

        for typed in (top_up.reference, f"  {top_up.reference.lower()} ", plain, plain[2:], spoken):
            assert payments.find_payment(user_id=user.pk, reference=typed) == top_up

    def test_it_is_found_by_the_gateways_own_id_too(self):
        user = CustomerFactory()
        top_up = register(asked_of(user), "cs_test_A1")

        assert payments.find_payment(user_id=user.pk, reference="cs_test_A1") == top_up

    def test_nobody_finds_anothers_or_anything_by_nothing(self):
        top_up = register(asked_of(CustomerFactory()))
        other = CustomerFactory()
        asked_of(other)

        for typed in (top_up.reference, "cs_1", "", "  ", "TU", "-", "TU-0000-0000-0000"):
            assert payments.find_payment(user_id=other.pk, reference=typed) is None


class TestCheckingAgain:
    def test_an_open_payment_is_asked_about_at_the_next_tick(self):
        top_up = register(asked_of(CustomerFactory()))

        assert payments.check_again(user_id=top_up.user_id, top_up_id=top_up.pk, now=NOW)
        top_up.refresh_from_db()
        assert top_up.check_at == NOW

    def test_asking_again_before_the_tick_keeps_its_place(self):
        top_up = register(asked_of(CustomerFactory()))
        for later in (0, 1):
            asked = NOW + timedelta(seconds=later)
            assert payments.check_again(user_id=top_up.user_id, top_up_id=top_up.pk, now=asked)

        top_up.refresh_from_db()
        assert top_up.check_at == NOW

    def test_a_paid_one_is_not(self):
        top_up = register(asked_of(CustomerFactory()))
        settle(top_up, truth_of(top_up))

        assert not payments.check_again(user_id=top_up.user_id, top_up_id=top_up.pk, now=NOW)

    def test_nobody_asks_about_anothers(self):
        top_up = asked_of(CustomerFactory())

        with pytest.raises(TopUp.DoesNotExist):
            payments.check_again(user_id=CustomerFactory().pk, top_up_id=top_up.pk, now=NOW)
