"""Policies that change between page and click, and an order taken back, in a real browser (R7, D48, R3)."""

from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

import policies.operations as policies
from orders.models import Order
from tests.factories import ServiceFactory
from tests.orders.buyer import LINK, Buyer
from tests.policy_versions import publish_next

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


@pytest.fixture
def page(chromium, live_server, buyer):
    """A filled-in order form of a customer who has accepted nothing yet."""
    service = ServiceFactory(rate=Decimal("1.5"))
    context = chromium.new_context(base_url=live_server.url)
    cookie = buyer.browser.cookies["session"].value
    context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/order?service={service.pk}")
    page.fill("#id_link", LINK)
    page.fill("#id_quantity", "1000")
    page.check("#id_accept")
    yield page
    context.close()


def place(page):
    """Press the button; the status of the answer to the form itself."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/order")) as sent:
        page.locator("[data-submit]").click()
    return sent.value.status


def test_a_version_that_takes_effect_after_the_page_is_shown_before_anything_is_ordered(page, buyer):
    publish_next(policies.in_force(slug="refund", now=timezone.now()), at=timezone.now(), fail_after_h=48)

    assert place(page) == 409
    expect(page.locator("[role=alert]")).to_be_focused()
    expect(page.locator("[role=alert]")).to_contain_text("Refund and cancellation policy is now version 2")
    expect(page.locator("#changes-refund del")).to_have_text("72")
    expect(page.locator("#changes-refund ins")).to_have_text("48")
    expect(page.get_by_label("Link")).to_have_value(LINK)
    expect(page.get_by_label("Quantity")).to_have_value("1000")
    expect(page.locator("#id_accept")).not_to_be_checked()
    assert (buyer.orders, buyer.balance) == ([], Decimal(10))

    page.check("#id_accept")
    place(page)
    page.wait_for_url("**/orders/*")
    assert [order.refund_policy.number for order in buyer.orders] == [2]


def test_an_order_that_waits_is_taken_back_with_one_click(page, buyer):
    place(page)
    page.wait_for_url("**/orders/*")
    assert buyer.balance == Decimal("8.5")

    page.get_by_role("button", name="Cancel, $1.50 back").click()

    expect(page.locator("#messages")).to_contain_text("What was not delivered is paid back to your wallet.")
    expect(page.locator("#status")).to_have_text("Canceled")
    expect(page.locator(".give-back")).to_contain_text("$1.50 back")
    expect(page.locator("#cancel")).to_have_count(0)
    assert (Order.objects.get().cause, buyer.balance) == ("canceled_before_claim", Decimal(10))
