"""A customer's way in a real browser: find a service, order it, watch it arrive. By mouse, by keys, without scripts."""

import re
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

pytestmark = pytest.mark.browser

LIVE_MS = 120_000  # the demonstration provider lets an hour pass in a minute
FAST = "instagram reel views standard worldwide"
QUANTITY = "100"
_number = count(1)


@pytest.fixture
def visitor(chromium: Browser, running_panel: dict) -> Iterator[BrowserContext]:
    """A browser that has never been here."""
    context = chromium.new_context(base_url=running_panel["url"])
    yield context
    context.close()


@pytest.fixture
def customer(visitor: BrowserContext, running_panel: dict) -> Page:
    """The demo customer, logged in."""
    return logged_in(visitor, running_panel)


def logged_in(context: BrowserContext, panel: dict) -> Page:
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("[name=login]", panel["customer"]["email"])
    page.fill("[name=password]", panel["customer"]["password"])
    page.press("[name=password]", "Enter")
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()
    return page


def own_link() -> str:
    """A link nobody else orders for, so that no order waits for another one."""
    return f"https://instagram.com/reel/journey{next(_number)}"


def open_form(page: Page) -> None:
    page.goto("/services?q=" + FAST.replace(" ", "+"))
    page.locator("table.services").get_by_role("link", name="Order").first.click()
    expect(page.get_by_role("heading", name="New order")).to_be_visible()


def fill_in(page: Page, link: str, quantity: str = QUANTITY) -> None:
    page.get_by_label("Link").fill(link)
    page.get_by_label("Quantity").fill(quantity)
    accept = page.locator("#id_accept")
    if accept.count():
        accept.check()


def orders_for(page: Page, link: str) -> int:
    page.goto("/orders?q=" + link.removeprefix("https://"))
    return page.locator("table.orders tbody tr").count()


def test_an_order_is_placed_and_watched_to_its_end_without_reloading(customer: Page):
    """The main job: search, price while typing, place, and a page that follows by itself (rows 4, 6, 7)."""
    link = own_link()
    open_form(customer)
    fill_in(customer, link)
    expect(customer.locator("#price")).to_have_text(re.compile(r"^\$\d+\.\d{2,5}$"))
    price = customer.locator("#price").inner_text()
    expect(customer.get_by_role("heading", name="When you get money back")).to_be_visible()

    customer.get_by_role("button", name="Place order").click()
    customer.wait_for_url(re.compile(r"/orders/\d+$"))
    customer.evaluate("window.stillHere = true")
    expect(customer.locator(".facts", has_text="Charge").first).to_contain_text(price)

    expect(customer.locator("#status")).to_have_text("Completed", timeout=LIVE_MS)
    assert customer.evaluate("window.stillHere") is True
    expect(customer.locator("#delivered")).to_have_text(QUANTITY)
    expect(customer.locator("#chart canvas")).to_be_visible()
    customer.get_by_text("The same as a table").click()
    expect(customer.locator("#chart-numbers tbody tr").last).to_contain_text(QUANTITY)
    expect(customer.locator(".timeline li").last).to_contain_text("Completed")
    expect(customer.locator("#live")).not_to_have_attribute("hx-trigger", re.compile(".*"))


def test_the_list_follows_too(customer: Page):
    link = own_link()
    open_form(customer)
    fill_in(customer, link)
    customer.get_by_role("button", name="Place order").click()
    customer.wait_for_url(re.compile(r"/orders/\d+$"))

    customer.goto("/orders?q=" + link.removeprefix("https://"))
    customer.evaluate("window.stillHere = true")
    expect(customer.locator("table.orders .badge").first).to_have_text("Completed", timeout=LIVE_MS)
    assert customer.evaluate("window.stillHere") is True


def test_a_double_click_is_one_order(customer: Page):
    """Decision 13, row 5."""
    link = own_link()
    open_form(customer)
    fill_in(customer, link)
    customer.get_by_role("button", name="Place order").dblclick()
    customer.wait_for_url(re.compile(r"/orders/\d+$"))

    assert orders_for(customer, link) == 1


def test_two_tabs_and_the_way_back_are_one_order(customer: Page):
    """Decision 13: the draft is the same in every tab, and a form that has placed an order places no second one."""
    link = own_link()
    other = customer.context.new_page()
    for tab in (customer, other):
        open_form(tab)
        fill_in(tab, link)
    for tab in (customer, other):
        tab.get_by_role("button", name="Place order").click()
        tab.wait_for_url(re.compile(r"/orders/\d+$"))
    customer.go_back()
    customer.get_by_role("button", name="Place order").click()
    customer.wait_for_load_state()

    assert customer.url == other.url or "New order" in customer.inner_text("h1")
    assert orders_for(customer, link) == 1


def test_ordering_needs_no_mouse(customer: Page):
    """Row 15: every step by keyboard, from the search to the order's page."""
    link = own_link()
    customer.goto("/order")
    customer.keyboard.type(FAST)  # the search has the focus
    choice = customer.locator(".choice").first
    expect(choice).to_contain_text("Instagram Reel Views")
    expect(customer.locator(".choice")).not_to_have_count(20)
    tab_to(customer, ".choice")
    customer.keyboard.press("Enter")
    expect(customer.get_by_label("Link")).to_be_visible()
    tab_to(customer, "#id_link")
    customer.keyboard.type(link)
    customer.keyboard.press("Tab")
    customer.keyboard.type(QUANTITY)
    if customer.locator("#id_accept").count():
        tab_to(customer, "#id_accept")
        customer.keyboard.press("Space")
    tab_to(customer, "[data-submit]")
    customer.keyboard.press("Enter")

    customer.wait_for_url(re.compile(r"/orders/\d+$"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has the focus."""
    for _ in range(40):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab")


def test_ordering_needs_no_script(chromium: Browser, running_panel: dict):
    """Example 4.11: every page works without JavaScript; the price comes on request."""
    context = chromium.new_context(base_url=running_panel["url"], java_script_enabled=False)
    page, link = logged_in(context, running_panel), own_link()
    page.goto("/services")
    page.get_by_label("Search").fill(FAST)
    page.get_by_role("button", name="Search").click()
    page.locator("table.services").get_by_role("link", name="Order").first.click()
    fill_in(page, link)
    page.get_by_role("button", name="Show price and plan").click()
    expect(page.locator("#price")).to_be_visible()
    expect(page.get_by_label("Link")).to_have_value(link)
    fill_in(page, link)
    page.get_by_role("button", name="Place order").click()

    assert re.search(r"/orders/\d+$", page.url)
    assert orders_for(page, link) == 1
    context.close()


def test_without_a_script_nothing_is_paid_unseen(chromium: Browser, running_panel: dict):
    """R4: who skips the price is shown it, with all that was typed, and one more click places the order."""
    context = chromium.new_context(base_url=running_panel["url"], java_script_enabled=False)
    page, link = logged_in(context, running_panel), own_link()
    open_form(page)
    fill_in(page, link)
    page.get_by_role("button", name="Place order").click()

    expect(page.get_by_role("heading", name="Please look first")).to_be_visible()
    expect(page.locator("#price")).to_be_visible()
    expect(page.get_by_label("Link")).to_have_value(link)
    page.get_by_role("button", name="Place order").click()

    assert re.search(r"/orders/\d+$", page.url)
    assert orders_for(page, link) == 1
    context.close()


def test_a_refusal_takes_the_focus_and_keeps_the_input(customer: Page):
    """Row 14, R20: a summary on top with the focus, the message at its field, nothing typed is lost."""
    open_form(customer)
    fill_in(customer, "no link at all", quantity="1")
    customer.get_by_role("button", name="Place order").click()

    expect(customer.locator(".form-errors")).to_be_focused()
    expect(customer.locator("#id_quantity_error")).to_contain_text("smallest order")
    expect(customer.get_by_label("Link")).to_have_value("no link at all")
    assert customer.locator("#id_quantity").get_attribute("aria-invalid") == "true"


def test_errors_while_typing_wait_until_the_field_was_left(customer: Page):
    open_form(customer)
    quantity = customer.get_by_label("Quantity")
    with customer.expect_response("**/order/quote"):
        quantity.press_sequentially("1")
    expect(customer.locator("#id_quantity_error")).to_be_empty()

    quantity.press("Tab")
    expect(customer.locator("#id_quantity_error")).to_contain_text("smallest order")

    quantity.fill(QUANTITY)
    expect(customer.locator("#id_quantity_error")).to_be_empty()
    expect(quantity).not_to_have_attribute("aria-invalid", "true")


def test_a_session_that_ended_leads_to_the_login(customer: Page):
    """The part of a page never shows the login form inside the page."""
    open_form(customer)
    customer.context.clear_cookies(name="session")
    customer.get_by_label("Quantity").press_sequentially(QUANTITY)

    customer.wait_for_url(re.compile(r"/accounts/login/\?next="))


def test_the_suggested_quantity_is_one_click(customer: Page):
    """R58: suggested at the first order of a service, never forced."""
    customer.goto("/services?q=spotify+track+saves+turkey")
    customer.locator("table.services").get_by_role("link", name="Order").first.click()
    expect(customer.get_by_label("Quantity")).to_have_value("")
    customer.locator("[data-quantity]").click()

    expect(customer.get_by_label("Quantity")).not_to_have_value("")
    expect(customer.locator("#price")).to_be_visible()


PAGES = ["/services", "/services?q=no+such+thing", "/order", "/orders", "FORM", "ORDER", "SERVICE"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_every_ordering_page_fits_and_raises_no_error(chromium: Browser, running_panel: dict, width: int, theme: str):
    """Rows 16 and 18, decision 5: no scrolling sideways down to 320 px, nothing that the CSP refuses."""
    context = chromium.new_context(base_url=running_panel["url"], viewport={"width": width, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": running_panel["url"]}])
    page, errors, wide = logged_in(context, running_panel), [], []
    page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    for address in addresses(page):
        page.goto(address, wait_until="load")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(address)
    context.close()

    assert (errors, wide) == ([], [])


def is_fault(message: ConsoleMessage) -> bool:
    """What the browser complains about; htmx also notes there each request that a newer one or a leave cut off."""
    return message.type == "error" and not message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))


def addresses(page: Page) -> list[str]:
    """The ordering pages, with a service and an order that exist."""
    open_form(page)
    form = page.url
    fill_in(page, own_link())
    page.get_by_role("button", name="Place order").click()
    page.wait_for_url(re.compile(r"/orders/\d+$"))
    service = form.partition("?service=")[2]
    known = {"FORM": form, "ORDER": page.url, "SERVICE": f"/services/{service}"}
    return [known.get(address, address) for address in PAGES]
