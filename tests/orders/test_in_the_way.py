"""A database that is busy with others, or away: tried again, then said, and no money moved (fault rows 20 and 21)."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import Timer

import psycopg2
import pytest
import requests
from django.conf import settings
from django.db import OperationalError, connection, transaction

import wallet.operations as wallet
from orders.models import Order, OrderEvent
from orders.operations.cancelling import cancel_order
from plumbing import sql
from plumbing.retrying import TRIES, tried_again
from tests.factories import NOON, OrderFactory, ServiceFactory
from tests.orders.buyer import LINK, Buyer
from tests.orders.test_api_v2 import Reseller
from tests.web_server import database_url, serving

pytestmark = pytest.mark.django_db(transaction=True)

# What the database says of two transactions of which one must go, at the first N orders; sequences are not undone.
CLASH = """
    CREATE SEQUENCE clashes;
    CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('clashes') <= {times} THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '{code}'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER clash BEFORE INSERT OR UPDATE ON orders_order FOR EACH ROW EXECUTE FUNCTION clash();
"""
NO_CLASH = "DROP TRIGGER clash ON orders_order; DROP FUNCTION clash(); DROP SEQUENCE clashes"
CODES = {"deadlock": "40P01", "serialization": "40001", "lock timeout": "55P03"}
AGAIN = {"error": "Temporarily unavailable. Please try again."}


@contextmanager
def clashing(code: str, *, times: int) -> Iterator[None]:
    sql.execute(CLASH.format(code=code, times=times))
    try:
        yield
    finally:
        sql.execute(NO_CLASH)


def clashes() -> int:
    return int(sql.rows("SELECT last_value FROM clashes")[0][0])


@contextmanager
def taken(table: str) -> Iterator[psycopg2.extensions.connection]:
    """Somebody else holds a whole table until the block ends, or they give it back before."""
    other = psycopg2.connect(database_url(connection.get_connection_params()))
    try:
        other.cursor().execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield other
    finally:
        other.close()


@pytest.fixture
def impatient() -> Iterator[None]:
    """Wait half a second for a lock in place of ten."""
    sql.execute("SET lock_timeout = '500ms'")
    yield
    sql.execute("RESET lock_timeout")


def add(reseller: Reseller, service: object, **params: object) -> tuple[int, dict]:
    asked = {"key": reseller.key, "action": "add", "service": service.pk, "link": LINK, "quantity": 1000}
    answer = reseller.http.post("/api/v2", {**asked, "request_id": "one", **params})
    return answer.status_code, answer.json()


class TestTriedAgain:
    @pytest.mark.parametrize("code", CODES.values(), ids=CODES)
    def test_twice_in_the_way_is_an_order_all_the_same(self, code):
        service, reseller = ServiceFactory(), Reseller(funds="5")
        with clashing(code, times=TRIES - 1):
            status, answer = add(reseller, service)

            assert clashes() == TRIES
        assert (status, answer) == (200, {"order": Order.objects.get().pk})
        assert wallet.balance_of(reseller.user.pk) == Decimal("3.5")

    @pytest.mark.parametrize("code", CODES.values(), ids=CODES)
    def test_three_times_is_said_and_nothing_is_charged_until_it_is_sent_again(self, code):
        service, reseller = ServiceFactory(), Reseller(funds="5")
        with clashing(code, times=TRIES):
            assert add(reseller, service) == (503, AGAIN)

            assert clashes() == TRIES
            assert not Order.objects.exists()
            assert wallet.balance_of(reseller.user.pk) == Decimal(5)
            assert add(reseller, service)[0] == 200
        assert wallet.balance_of(reseller.user.pk) == Decimal("3.5")

    def test_a_cancel_too(self):
        order = OrderFactory()
        with clashing(CODES["deadlock"], times=TRIES - 1):
            cancel_order(user_id=order.user_id, order_id=order.pk, now=NOON)

        order.refresh_from_db()
        assert (order.status, order.refunded) == ("canceled", order.charge)
        assert OrderEvent.objects.filter(order=order, kind="status", status="canceled").count() == 1

    def test_another_fault_is_not(self):
        service, reseller = ServiceFactory(), Reseller(funds="5")
        with clashing("57014", times=1):
            assert add(reseller, service)[0] == 503
            assert clashes() == 1

    def test_never_inside_a_transaction_of_which_more_was_undone(self):
        tries = []

        @tried_again
        def clash() -> None:
            tries.append(1)
            sql.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$")

        with pytest.raises(OperationalError), transaction.atomic():
            clash()
        assert len(tries) == 1


@pytest.mark.usefixtures("impatient")
class TestALockThatSomebodyHolds:
    def test_for_a_moment_delays_the_order(self):
        service, reseller = ServiceFactory(), Reseller(funds="5")
        with taken("orders_order") as other:
            Timer(0.7, other.rollback).start()

            assert add(reseller, service)[0] == 200
        assert wallet.balance_of(reseller.user.pk) == Decimal("3.5")

    def test_for_long_is_said_on_the_page_and_the_form_may_be_sent_again(self):
        service, buyer = ServiceFactory(), Buyer(funds="5")
        buyer.browser.raise_request_exception = False
        form = buyer.look(buyer.form(service), quantity=1000)
        with taken("orders_order"):
            page = buyer.send(form)

            assert page.status_code == 503
            assert page["Retry-After"] == "10"
            assert "does not order twice" in page.content.decode()
        assert (buyer.orders, buyer.balance) == ([], Decimal(5))
        assert buyer.send(form).status_code == 302
        assert (len(buyer.orders), buyer.balance) == (1, Decimal("3.5"))


def test_every_connection_waits_ten_seconds_for_a_lock_and_no_longer():
    assert "lock_timeout=10s" in settings.DATABASES["default"]["OPTIONS"]["options"]
    assert sql.rows("SHOW lock_timeout") == [("10s",)]


@pytest.fixture
def one_line() -> Iterator[str]:
    """A DATABASE_URL of somebody to whom the database grants one connection."""
    at = connection.get_connection_params()
    sql.execute(f"CREATE ROLE narrow LOGIN CONNECTION LIMIT 1 PASSWORD 'narrow' IN ROLE {at['user']}")
    yield database_url({**at, "user": "narrow", "password": "narrow"})
    sql.execute("DROP ROLE narrow")


def test_without_a_connection_left_it_is_said_and_nothing_is_charged(one_line):
    """Row 21: all connections are taken."""
    service, reseller = ServiceFactory(), Reseller(funds="5")
    asked = {"key": reseller.key, "action": "add", "service": service.pk, "link": LINK, "quantity": 1000}
    with serving(one_line) as url:
        taken_by = psycopg2.connect(one_line)
        said = requests.post(f"{url}/api/v2", {**asked, "request_id": "one"}, timeout=30)
        page = requests.get(f"{url}/services", timeout=30)
        taken_by.close()
        again = requests.post(f"{url}/api/v2", {**asked, "request_id": "one"}, timeout=30)

    assert (said.status_code, said.json()) == (503, AGAIN)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "10")
    assert again.json() == {"order": Order.objects.get().pk}
    assert wallet.balance_of(reseller.user.pk) == Decimal("3.5")
