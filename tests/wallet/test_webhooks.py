"""Where gateways call: forgeries get 400, all else is stored once and answered at once (reliability 1, row 9)."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from tests.factories import CustomerFactory
from tests.wallet.gateways.stand_ins.stripe import Stripe
from tests.wallet.paying import begun, connect, offer, post, tick
from wallet import operations
from wallet.models import Entry, GatewayEvent, TopUp

pytestmark = pytest.mark.django_db

FIVE_KINDS = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "checkout.session.created",  # which concerns us not
]


@pytest.fixture
def stage(settings):
    stripe = Stripe()
    connect(settings, stripe)
    offer()
    yield stripe
    stripe.stop()


@pytest.fixture
def paid(stage):
    """A top-up of 50 that the payer has paid and nobody has told us of."""
    top_up = begun(CustomerFactory(), now=timezone.now())
    stage.pay(top_up.payment_id, top_up.total, "USD")
    return top_up


def events():
    return list(GatewayEvent.objects.values_list("event_id", "payment_id", "top_up_id", "outcome"))


class TestAnswer:
    def test_a_notice_is_stored_due_at_once_and_answered_without_asking_anybody(self, client, stage, paid):
        body = stage.notice_of(paid.payment_id)
        asked_before = len(stage.heard)

        answer = post(client, stage, body)

        assert (answer.status_code, answer.content, answer["Content-Type"]) == (
            200,
            b"Received.\n",
            "text/plain; charset=utf-8",
        )
        event = GatewayEvent.objects.get()
        assert (event.gateway, event.payment_id, event.top_up, event.body) == (
            "stripe",
            paid.payment_id,
            paid,
            body.decode(),
        )
        assert (event.due_at, event.handled_at, event.tries) == (event.received_at, None, 0)
        assert len(stage.heard) == asked_before

    def test_neither_session_nor_cookie_nor_csrf_token_is_involved(self, stage, paid):
        answer = post(Client(enforce_csrf_checks=True), stage, stage.notice_of(paid.payment_id))

        assert answer.status_code == 200
        assert not answer.cookies

    def test_a_notice_takes_three_queries_at_most(self, client, stage, paid, django_assert_max_num_queries):
        with django_assert_max_num_queries(4):  # two of them begin and end the transaction
            post(client, stage, stage.notice_of(paid.payment_id))

    def test_the_same_event_again_is_answered_the_same_and_stored_once(self, client, stage, paid):
        body = stage.notice_of(paid.payment_id)

        answers = [post(client, stage, body).status_code for _ in range(3)]

        assert answers == [200, 200, 200]
        assert len(events()) == 1

    def test_what_concerns_no_payment_is_stored_as_handled(self, client, stage):
        assert post(client, stage, stage.notice_of_nothing()).status_code == 200

        event = GatewayEvent.objects.get()
        assert (event.outcome, event.due_at, event.handled_at) == ("no_payment", None, event.received_at)

    def test_a_body_is_kept_as_far_as_it_fits_and_as_postgres_can_hold_it(self, client, stage):
        body = stage.event("customer.created", {"id": "cus_1", "note": "\x00" + "x" * 30_000})

        assert post(client, stage, body).status_code == 200
        assert len(GatewayEvent.objects.get().body) == 20_000


class TestRefusal:
    @pytest.mark.parametrize(
        "forgery",
        [
            {"secret": "whsec_guessed"},
            {"at": timezone.now() - timedelta(seconds=301)},
            {"at": timezone.now() + timedelta(days=1)},
        ],
        ids=["another secret", "too old", "from the future"],
    )
    def test_a_forgery_gets_400_and_leaves_nothing(self, client, stage, paid, forgery):
        answer = post(client, stage, stage.notice_of(paid.payment_id), **forgery)

        assert (answer.status_code, answer.content) == (400, b"The signature does not fit.\n")
        assert events() == []

    def test_one_changed_byte_is_a_forgery(self, client, stage, paid):
        body = stage.notice_of(paid.payment_id)
        headers = stage.sign(body, at=timezone.now())

        changed = client.post(
            "/webhooks/stripe",
            body.replace(b"completed", b"Completed"),
            content_type="application/json",
            headers=headers,
        )

        assert changed.status_code == 400

    @pytest.mark.parametrize("body", [b"", b"{}", b"\xff\xfe", b"[]", b"null"])
    def test_what_is_no_event_gets_400_even_when_it_is_signed(self, client, stage, body):
        assert post(client, stage, body).status_code == 400
        assert events() == []

    @pytest.mark.parametrize("gateway", ["nobody", "manual", "btcpay"])
    def test_a_gateway_that_is_not_set_up_does_not_exist(self, client, stage, gateway):
        assert post(client, stage, b"{}", gateway=gateway).status_code == 404

    def test_only_so_much_is_read(self, client, stage):
        """At most 256 KiB: what is longer is nobody's notice."""
        fits = stage.event("customer.created", {"id": "cus_1", "note": ""})
        fits += b" " * (256 * 1024 - len(fits))

        assert post(client, stage, fits).status_code == 200
        assert post(client, stage, fits + b" ").status_code == 413

    def test_only_post(self, client, stage):
        assert client.get("/webhooks/stripe").status_code == 405

    def test_without_the_database_the_gateway_is_asked_to_send_again(self, client, stage, paid):
        body = stage.notice_of(paid.payment_id)

        with connection.execute_wrapper(_down):
            assert post(client, stage, body).status_code == 503

        assert post(client, stage, body).status_code == 200
        assert len(events()) == 1


def _down(execute, sql, params, many, context):
    raise OperationalError("the connection is gone")


@pytest.mark.django_db(transaction=True)
class TestManyDeliveries:
    def test_ten_copies_at_once_are_one_event_and_one_credit(self, stage, paid):
        """Fault 24."""
        body = stage.notice_of(paid.payment_id)

        assert at_once(10, lambda _: post(Client(), stage, body).status_code) == [200] * 10
        assert len(events()) == 1
        now = timezone.now()
        at_once(4, lambda _: tick(now=now))

        assert operations.balance_of(paid.user_id) == 50

    def test_without_the_unique_event_the_copies_are_all_taken(self, stage, paid):
        """The negative control of the first lock: with the constraint gone, ten copies are ten events."""
        body = stage.notice_of(paid.payment_id)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE wallet_gatewayevent DROP CONSTRAINT gateway_event_is_stored_once")
        try:
            at_once(10, lambda _: store_if_unknown(stage, body))
            assert len(events()) > 1
            tick(now=timezone.now())
            assert operations.balance_of(paid.user_id) == 50  # the top-up's own lock and key still hold
        finally:
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE wallet_gatewayevent")
                cursor.execute(
                    "ALTER TABLE wallet_gatewayevent"
                    " ADD CONSTRAINT gateway_event_is_stored_once UNIQUE (gateway, event_id)"
                )

    def test_a_thousand_events_three_times_each_shuffled_with_forgeries_credit_each_payment_once(self, stage):
        """Reliability 1, row 9: credits equal distinct paid payments; what is forged or stale gets 400."""
        dice, now = random.Random(9), timezone.now()
        users = [CustomerFactory() for _ in range(20)]
        top_ups = [begun(user, now=now) for user in users for _ in range(10)]
        paid, unpaid = top_ups[:180], top_ups[180:]
        for top_up in paid:
            stage.pay(top_up.payment_id, top_up.total, "USD")
        bodies = [stage.event(kind, stage.sessions[one.payment_id]) for one in top_ups for kind in FIVE_KINDS]
        deliveries = [(body, {}) for body in bodies * 3]
        forged = [(dice.choice(bodies), _forgery(dice, now)) for _ in range(len(deliveries) // 20)]
        deliveries += forged
        dice.shuffle(deliveries)

        answers = list(chain(*at_once(8, lambda index: delivered(stage, deliveries[index::8]))))
        for _ in range(20):
            tick(now=timezone.now())

        assert answers.count(400) == len(forged)
        assert answers.count(200) == len(bodies) * 3
        assert GatewayEvent.objects.count() == len(bodies) == 1000
        assert not GatewayEvent.objects.filter(handled_at__isnull=True).exists()
        credited = Entry.objects.filter(transfer__kind="top_up", account__kind="cash")
        assert credited.count() == len(paid) == TopUp.objects.filter(state="paid", credited=50).count()
        assert TopUp.objects.filter(pk__in=[one.pk for one in unpaid], credited=0, state="pending").count() == len(
            unpaid
        )
        assert sum(operations.balance_of(user.pk) for user in users) == 50 * len(paid)


def _forgery(dice, now):
    return dice.choice([{"secret": "whsec_guessed"}, {"at": now - timedelta(hours=1)}])


def delivered(stage, deliveries):
    """The status of each answer, one after the other."""
    client = Client()
    return [post(client, stage, body, **forgery).status_code for body, forgery in deliveries]


def store_if_unknown(stage, body):
    """What storing would be without the constraint: look, then insert."""
    notice = stage.gateway.verify(body=body, headers=stage.sign(body, at=timezone.now()), now=timezone.now())
    known = GatewayEvent.objects.filter(gateway="stripe", event_id=notice.event_id).exists()
    GATE.wait(timeout=60)
    if not known:
        now = timezone.now()
        GatewayEvent.objects.create(
            gateway="stripe", event_id=notice.event_id, payment_id=notice.payment_id, received_at=now, due_at=now
        )


GATE = threading.Barrier(10)


def at_once(number, work):
    def run(index):
        try:
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))
