"""The order form in a real browser: a click that is faster than its quote still sends what was shown (R4)."""

from decimal import Decimal

import pytest

from orders.models import Order
from tests.factories import ServiceFactory
from tests.orders.buyer import LINK, Buyer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(chromium, live_server):
    """The form of a customer who is logged in."""
    buyer = Buyer()
    service = ServiceFactory(rate=Decimal("1.5"))
    context = chromium.new_context(base_url=live_server.url)
    cookie = buyer.browser.cookies["session"].value
    context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/order?service={service.pk}")
    page.fill("#id_link", LINK)
    page.check("#id_accept")
    yield page
    context.close()


@pytest.mark.parametrize("press", ["click", "enter", "double"])
def test_what_was_typed_last_is_quoted_before_it_is_ordered(page, press: str):
    page.fill("#id_quantity", "1000")
    if press == "enter":
        page.press("#id_quantity", "Enter")
    else:
        page.locator("[data-submit]").click(click_count=2 if press == "double" else 1)
    page.wait_for_url("**/orders/*")

    order = Order.objects.get()
    assert (order.quote.content["units"], order.quote.content["price"]) == (1000, "1.50000")


def test_a_quote_that_does_not_come_holds_nobody_up(page):
    """The price per thousand was shown, and is still the one that is charged."""
    page.route("**/order/quote", lambda route: None)
    page.fill("#id_quantity", "1000")
    page.locator("[data-submit]").click()
    page.wait_for_url("**/orders/*")

    assert (Order.objects.get().charge, hasattr(Order.objects.get(), "quote")) == (Decimal("1.5"), False)
