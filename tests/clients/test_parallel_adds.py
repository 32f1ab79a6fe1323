"""Two hundred adds at once on one wallet (fault rows 27, 28; reliability promise 1)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connection

import wallet.operations as wallet
from orders.models import Order, Service
from tests.factories import ServiceFactory
from tests.orders.test_api_v2 import Reseller

CALLS, AFFORDABLE = 200, 50
WALLET_CHARGE = Path(settings.BASE_DIR) / "wallet" / "sql" / "wallet_charge.sql"
LOCK, SPEND = "for no key update", "v_bonus := least(v_bonus, p_amount);"


def add_in_parallel(url: str, reseller: Reseller, service_id: int) -> list[dict]:
    """Place CALLS orders for distinct links, all of them on the way at once."""

    def add(number: int) -> dict:
        link = f"https://instagram.com/somebody{number}"
        asked = {"key": reseller.key, "action": "add", "service": service_id, "link": link, "quantity": 1000}
        response = requests.post(f"{url}/api/v2", asked, timeout=60)
        return response.json() if response.ok else {"error": f"HTTP {response.status_code}"}

    with ThreadPoolExecutor(CALLS) as pool:
        return list(pool.map(add, range(CALLS)))


def assert_exactly_the_affordable(answers: list[dict], reseller: Reseller) -> None:
    placed = {answer["order"] for answer in answers if "order" in answer}
    refused = [answer for answer in answers if "order" not in answer]
    assert len(placed) == Order.objects.filter(user=reseller.user).count() == AFFORDABLE
    assert refused == [{"error": "Not enough funds on balance"}] * (CALLS - AFFORDABLE)
    assert wallet.balance_of(reseller.user.pk) == Decimal(0)


def test_exactly_the_affordable_orders_are_placed(web_server):
    """A wallet with money for 50 orders gives 50 orders and a balance of 0, whoever comes first."""
    service, reseller = ServiceFactory(), Reseller(funds="75")

    answers = add_in_parallel(web_server, reseller, service.pk)

    assert_exactly_the_affordable(answers, reseller)


@pytest.fixture
def charging_without_a_lock(transactional_db: None) -> Iterator[None]:
    """`wallet_charge` as panels write it: the balance is read, then written, with nothing held in between."""
    locked = WALLET_CHARGE.read_text()
    assert LOCK in locked
    with connection.cursor() as cursor:
        cursor.execute(locked.replace(LOCK, "").replace(SPEND, f"perform pg_sleep(0.01);\n  {SPEND}"))
        yield
        cursor.execute(locked)


@pytest.mark.usefixtures("charging_without_a_lock")
def test_without_the_lock_the_same_calls_are_not_answered_right(web_server):
    """Negative control: the database's checks keep the books, and customers get errors instead of answers."""
    with pytest.raises(AssertionError):
        try_often(web_server, ServiceFactory())


def try_often(web_server: str, service: Service) -> None:
    """With a new wallet each time: chance may keep the calls of one try apart."""
    for _ in range(8):
        reseller = Reseller(funds="75")
        assert_exactly_the_affordable(add_in_parallel(web_server, reseller, service.pk), reseller)
