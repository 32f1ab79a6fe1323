"""A customer's money in a real browser: add funds, pay at the sandbox, see the receipt, and spend it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_ordering import fill_in, is_fault, logged_in, open_form, own_link

pytestmark = pytest.mark.browser
ARRIVES_MS = 60_000  # a webhook, and a tick that asks the sandbox


@pytest.fixture
def customer(chromium: Browser, running_panel: dict) -> Iterator[Page]:
    """The demo customer, logged in."""
    context = chromium.new_context(base_url=running_panel["url"])
    yield logged_in(context, running_panel)
    context.close()


def begin(page: Page, amount: str) -> None:
    """Ask to add so much by the test gateway; the hosted page opens."""
    page.goto("/wallet/add")
    page.get_by_label("Amount to add").fill(amount)
    page.get_by_text("Test payment").first.check()
    expect(page.locator("#total")).to_have_text(f"${amount}")
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url(re.compile(r"/pay/"))


def test_funds_are_added_and_spent(customer: Page, running_panel: dict):
    """Quote while typing, the hosted page, a page that turns to paid by itself, receipt, statement, order."""
    begin(customer, "37.50")
    assert customer.url.startswith(running_panel["simulator_url"])
    expect(customer.locator("body")).to_contain_text("37.50")
    customer.get_by_role("button", name=re.compile(r"^Pay 37\.50")).click()

    customer.wait_for_url(re.compile(r"/wallet/top-ups/TU-"))
    customer.evaluate("window.stillHere = true")
    expect(customer.locator("#status")).to_have_text("Paid", timeout=ARRIVES_MS)
    assert customer.evaluate("window.stillHere") is True
    expect(customer.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(customer.locator(".receipt")).to_contain_text("$37.50")
    expect(customer.locator("#top-up")).not_to_have_attribute("hx-trigger", re.compile(".*"))
    reference = customer.url.rpartition("/")[2]

    customer.get_by_role("link", name="See the statement").click()
    expect(customer.locator(".statement tbody tr").first).to_contain_text(reference)
    expect(customer.locator(".statement tbody tr").first).to_contain_text("+$37.50")

    open_form(customer)
    fill_in(customer, own_link())
    customer.get_by_role("button", name="Place order").click()
    customer.wait_for_url(re.compile(r"/orders/\d+$"))
    customer.goto("/wallet/")
    expect(customer.locator(".statement tbody tr").first).to_contain_text("Paid for")


def test_what_is_paid_with_too_little_is_looked_at_and_credits_nothing(customer: Page):
    begin(customer, "20.00")
    customer.get_by_role("button", name=re.compile("^Pay too little")).click()

    customer.wait_for_url(re.compile(r"/wallet/top-ups/TU-"))
    expect(customer.locator("#status")).to_have_text("Being checked by our staff", timeout=ARRIVES_MS)
    expect(customer.locator("#top-up")).to_contain_text("Less arrived than was asked for.")


def test_a_payment_left_open_is_found_by_its_reference_and_can_still_be_paid(customer: Page):
    begin(customer, "15.00")
    customer.goto("/wallet/add")
    reference = customer.locator(".recent tbody tr").first.get_by_role("link").inner_text()

    customer.get_by_role("link", name="Paid but not shown?").click()
    customer.get_by_label("Reference").fill(reference.lower())
    customer.get_by_role("button", name="Find it").click()
    expect(customer.locator("#found")).to_contain_text("$15.00")
    customer.get_by_role("link", name="Open its page").click()
    customer.get_by_role("link", name="Pay $15.00").click()
    customer.get_by_role("button", name=re.compile(r"^Pay 15\.00")).click()

    expect(customer.locator("#status")).to_have_text("Paid", timeout=ARRIVES_MS)


def test_adding_funds_needs_no_script(chromium: Browser, running_panel: dict):
    """Every page works without JavaScript; what it costs comes on request, and the state by reloading."""
    context = chromium.new_context(base_url=running_panel["url"], java_script_enabled=False)
    page = logged_in(context, running_panel)
    page.goto("/wallet/add")
    page.get_by_label("Amount to add").fill("12.00")
    page.get_by_text("Bank transfer").first.check()
    page.get_by_role("button", name="Show what it costs").click()
    expect(page.locator("#total")).to_have_text("$12.00")
    page.get_by_role("button", name="Continue to payment").click()

    expect(page.locator("h2#where")).to_contain_text("Send $12.00, and write the reference")
    expect(page.locator("#reference")).to_have_text(page.url.rpartition("/")[2])
    context.close()


def test_a_refusal_takes_the_focus_and_keeps_the_input(customer: Page):
    customer.goto("/wallet/add")
    customer.get_by_label("Amount to add").fill("0.10")
    customer.get_by_role("button", name="Continue to payment").click()

    expect(customer.locator(".form-errors")).to_be_focused()
    expect(customer.locator("#id_amount_error")).to_contain_text("Add at least")
    expect(customer.get_by_label("Amount to add")).to_have_value("0.10")


PAGES = [
    "/wallet/",
    "/wallet/?kind=refund",
    "/wallet/add?amount=50",
    "/wallet/missing",
    "/wallet/limits",
    "/wallet/payouts",
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_every_page_about_money_fits_and_raises_no_error(
    chromium: Browser, running_panel: dict, width: int, theme: str
):
    """No scrolling sideways down to 320 px, nothing that the content policy refuses."""
    context = chromium.new_context(base_url=running_panel["url"], viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": running_panel["url"]}])
    page, errors, wide = logged_in(context, running_panel), [], []
    page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    for address in PAGES:
        page.goto(address, wait_until="load")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(address)
    context.close()

    assert (errors, wide) == ([], [])
