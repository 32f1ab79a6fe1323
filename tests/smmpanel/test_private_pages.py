"""A page about somebody is kept by no shared cache; the rest says about caching what it said before."""

from decimal import Decimal

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

import policies.operations as policies
from smmpanel.middleware import PrivatePages
from tests.factories import CustomerFactory, OrderFactory, ServiceFactory

pytestmark = pytest.mark.django_db
PRIVATE = "private, no-cache"


@pytest.fixture
def browser():
    """A customer with an order and money, logged in."""
    policies.seed(now=timezone.now())
    order = OrderFactory(user=CustomerFactory(funds=Decimal(100)))
    browser = Client()
    browser.force_login(order.user)
    browser.order = order
    return browser


@pytest.mark.parametrize("page", ["/", "/orders", "/order", "/wallet/", "/account/settings", "/services"])
def test_each_page_of_somebody_logged_in_is_private(browser, page):
    answer = browser.get(page)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, PRIVATE)


def test_so_are_an_order_the_form_its_refusals_and_its_part_while_typing(browser):
    form = {"service": ServiceFactory().pk, "quantity": "1"}
    answers = [
        browser.get(f"/orders/{browser.order.pk}"),
        browser.get("/order", form),
        browser.post("/order", form),
        browser.post("/order/quote", form),
        browser.get("/orders/1"),  # nobody's: the answer 404 still shows who is logged in
    ]

    assert [answer.headers["Cache-Control"] for answer in answers] == [PRIVATE] * 5


def test_a_page_that_says_more_itself_is_left_alone(browser, rf):
    request = rf.get("/")
    request.user = browser.order.user

    answer = PrivatePages(lambda _: HttpResponse(headers={"Cache-Control": "no-store"}))(request)

    assert answer.headers["Cache-Control"] == "no-store"


def test_a_visitor_the_api_and_static_files_are_not_meant(browser, client):
    answers = [client.get("/services"), browser.post("/api/v2", {}), browser.get("/livez")]

    assert ["Cache-Control" in answer.headers for answer in answers] == [False] * 3
    static = browser.get("/static/css/orders.css")
    static.close()
    assert static.status_code == 200
    assert static.headers.get("Cache-Control") != PRIVATE
