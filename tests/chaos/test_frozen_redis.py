"""Redis hangs without ending: orders are taken as ever, and go out when it is back (row 19)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import pytest
import requests
from django.conf import settings

from orders.models import CatalogueSync, Order
from smmpanel.embedded import processes
from tests.chaos.counting import what_happened
from tests.chaos.panel import WITH_WEB, Panel
from tests.chaos.ports import own_port
from tests.orders.buyer import Buyer
from tests.orders.test_api_v2 import Reseller
from tests.orders.upstream import FUNDS

pytestmark = pytest.mark.chaos

ORDERS = 12
FROZEN_SECONDS = 12
MOST_SECONDS = 2.0  # a cache that hangs costs 0.2 s each time it is asked; a queue that hangs would cost nine


@contextmanager
def frozen(panel: Panel) -> Iterator[None]:
    server = processes.recall(panel.redis.record)
    assert server
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def timed(ask: Callable[[], requests.Response]) -> tuple[float, requests.Response]:
    begun = time.monotonic()
    answer = ask()
    return time.monotonic() - begun, answer


def test_orders_are_taken_while_redis_hangs_and_sent_when_it_is_back(chaos, tell):
    port = own_port()
    begun = chaos("--latency-ms", "20", processes=WITH_WEB, web_port=port)
    url, service = f"http://127.0.0.1:{port}", begun.upstream.service.pk
    begun.until(CatalogueSync.objects.exists, "the provider's list is not read")  # it may change what the form shows
    reseller, buyer = Reseller(funds=str(FUNDS)), Buyer(funds=str(FUNDS))
    form = buyer.look(buyer.form(begun.upstream.service), quantity=100, link="https://instagram.com/p/by-form")
    browser = requests.Session()
    browser.cookies.set(settings.SESSION_COOKIE_NAME, buyer.browser.cookies[settings.SESSION_COOKIE_NAME].value)
    begun.until(lambda: answers(f"{url}/livez"), "no web server")

    def add(number: int) -> requests.Response:
        asked = {"key": reseller.key, "action": "add", "service": service, "quantity": 100}
        return requests.post(f"{url}/api/v2", {**asked, "link": f"https://instagram.com/p/frozen{number}"}, timeout=30)

    with frozen(begun.panel):
        time.sleep(2)  # what had been published before is done
        thaw_at = time.monotonic() + FROZEN_SECONDS
        took, said = zip(*(timed(lambda number=number: add(number)) for number in range(ORDERS)), strict=True)
        page, opened = timed(lambda: browser.get(f"{url}/order", params={"service": service}, timeout=30))
        token = {"csrfmiddlewaretoken": browser.cookies[settings.CSRF_COOKIE_NAME]}
        sent, placed = timed(lambda: browser.post(f"{url}/order", {**form, **token}, allow_redirects=False, timeout=30))
        time.sleep(max(0, thaw_at - time.monotonic()))
        arrived_while_frozen = begun.simulator.watch("totals")["arrived"]
    begun.settle()

    happened = what_happened(begun.simulator, customers=[reseller.user.pk, buyer.user.pk])
    tell(f"Redis frozen: an add in {median(took):.2f} s, the form in {page:.2f} s, sent in {sent:.2f} s; {happened}")
    assert [set(each.json()) for each in said] == [{"order"}] * ORDERS
    assert (opened.status_code, placed.status_code) == (200, 302)
    assert max(median(took), page, sent) < MOST_SECONDS
    assert arrived_while_frozen == 0  # the control: what goes through Redis did hang
    assert happened.as_promised
    assert happened.ended == ORDERS + 1 == Order.objects.exclude(user=begun.upstream.customer).count()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
