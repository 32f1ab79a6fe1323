"""The order form in a real browser: a click that is faster than its quote still sends what was shown (R4)."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from orders.models import Order, Service
from orders.operations.quotes import HOLDS_FOR
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


@pytest.mark.parametrize("fails", [lambda route: route.abort(), lambda route: route.fulfill(status=503)])
def test_a_quote_that_does_not_come_holds_nobody_up_and_charges_nobody(page, fails):
    """The server shows the total instead, and the next click places the order."""
    page.route("**/order/quote", fails)
    page.fill("#id_quantity", "1000")
    page.locator("[data-submit]").click()
    expect(page.get_by_role("heading", name="this order costs $1.50 in all")).to_be_visible()
    assert not Order.objects.exists()

    page.unroute("**/order/quote")
    page.locator("[data-submit]").click()
    page.wait_for_url("**/orders/*")

    order = Order.objects.get()
    assert (order.charge, order.quote.content["price"]) == (Decimal("1.5"), "1.50000")


def test_a_price_that_is_about_to_end_is_asked_for_anew(page):
    """What stands on the page is what holds, however long it is left open."""
    page.clock.install()
    page.reload()
    with page.expect_response("**/order/quote"):
        page.fill("#id_quantity", "1000")
        page.clock.run_for(200)
    expect(page.locator("#price")).to_have_text("$1.50")
    Service.objects.update(rate=Decimal(3))

    with page.expect_response("**/order/quote"):
        page.clock.run_for((HOLDS_FOR.total_seconds() - 30) * 1000)

    expect(page.locator("#price")).to_have_text("$3.00")
