"""A decision's way in a real browser: quoted, accepted, ordered, decided, appealed, overturned, paid back once.

By somebody who signs up for it: the demo customer has accepted the policies beforehand. What the form says when a
version takes effect between page and click is in tests/orders/test_accepting_in_chromium.py.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_adding_funds import ARRIVES_MS, begin
from tests.journeys.test_ordering import LIVE_MS, QUANTITY, open_form

pytestmark = pytest.mark.browser
ENDS_SHORT = "https://instagram.com/reel/appealed?sim=partial:0.97"  # three of a hundred missing: a minor difference


@pytest.fixture
def customer(chromium: Browser, running_panel: dict) -> Iterator[Page]:
    """Somebody new: signed up, with five dollars paid at the sandbox, who has accepted nothing yet."""
    context = chromium.new_context(base_url=running_panel["url"])
    page = context.new_page()
    page.goto("/accounts/signup/")
    page.fill("[name=email]", "somebody.new@example.test")
    page.fill("[name=password1]", "long enough to be a password")
    page.locator("main form").get_by_role("button", name="Sign up").click()
    page.wait_for_url("**/orders")
    begin(page, "5.00")
    page.get_by_role("button", name=re.compile(r"^Pay 5\.00")).click()
    expect(page.locator("#status")).to_have_text("Paid", timeout=ARRIVES_MS)
    yield page
    context.close()


@pytest.fixture
def support(chromium: Browser, running_panel: dict) -> Iterator[Page]:
    """Somebody of the support group, in the admin."""
    context = chromium.new_context(base_url=running_panel["url"])
    page = context.new_page()
    page.goto("/admin/")
    page.fill("[name=login]", running_panel["staff"]["support"]["email"])
    page.fill("[name=password]", running_panel["staff"]["support"]["password"])
    page.press("[name=password]", "Enter")
    expect(page.locator("#user-tools")).to_be_visible()
    yield page
    context.close()


def refunds_of(page: Page, order: str) -> list[str]:
    """The lines of the statement that pay the order back."""
    page.goto("/wallet/?kind=refund")
    return page.locator(".statement tbody tr", has_text=order.rpartition("/")[2]).all_inner_texts()


def order_that_ends_short(page: Page) -> str:
    """Read price, conditions and what is to be accepted; order; the page of the order once it has ended."""
    open_form(page)
    page.get_by_label("Link").fill(ENDS_SHORT)
    page.get_by_label("Quantity").fill(QUANTITY)
    expect(page.locator("#price")).to_have_text(re.compile(r"^\$\d+\.\d{2,5}$"))
    expect(page.get_by_role("heading", name="When you get money back")).to_be_visible()
    lines = page.locator(".to-accept", has_text="Refund and cancellation policy").locator("li")
    expect(lines).to_have_count(3)
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#id_accept_error")).not_to_be_empty()
    expect(page.get_by_label("Link")).to_have_value(ENDS_SHORT)
    page.locator("#id_accept").check()
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    expect(page.locator("#status")).to_have_text("Completed", timeout=LIVE_MS)
    return page.url


def overturn(page: Page) -> None:
    """Press the button of a form that was filled in before."""
    page.get_by_label("Reason").fill("The count of the platform shows it.")
    page.get_by_role("button", name="Overturn: pay back more").click()


def test_a_refusal_is_appealed_overturned_and_paid_back_once(customer: Page, support: Page):
    """D53, D54: each step leads to the next one by a link that is on the page."""
    order = order_that_ends_short(customer)
    customer.get_by_role("link", name="Receipt and appeal").click()
    expect(customer.locator("main")).to_contain_text("refund.7.2")
    expect(customer.locator("main")).to_contain_text("The software decided")
    receipt = customer.url
    assert refunds_of(customer, order) == []

    customer.goto(receipt)
    customer.get_by_role("link", name="Appeal").click()
    customer.get_by_label("What is wrong with this decision?").fill("Too short")
    customer.get_by_role("button", name="Send the appeal").click()
    expect(customer.locator(".form-errors")).to_be_focused()
    customer.get_by_label("What is wrong with this decision?").fill("I counted, and the missing ones matter to me.")
    customer.get_by_role("button", name="Send the appeal").click()
    expect(customer.locator("main")).to_contain_text("A person is looking at it")

    support.goto("/admin/policies/appeal/")
    support.locator("#result_list tbody tr").last.get_by_role("link").first.click()
    expect(support.locator("body")).to_contain_text("the missing ones matter to me")
    support.get_by_role("link", name="Overturn: pay back more").click()
    second = support.context.new_page()
    second.goto(support.url)
    overturn(support)
    expect(support.locator(".messagelist")).to_contain_text("Overturned.")
    overturn(second)
    expect(second.locator("#content")).to_contain_text("This is no longer possible")

    customer.goto(receipt)
    expect(customer.locator("main")).to_contain_text("This decision no longer holds.")
    expect(customer.locator("main")).to_contain_text("The count of the platform shows it.")
    customer.goto(order)
    paid = customer.locator(".give-back strong").inner_text().removesuffix(" back")
    assert re.fullmatch(r"\$0\.\d{2,5}", paid)
    [line] = refunds_of(customer, order)
    assert f"+{paid}" in line
