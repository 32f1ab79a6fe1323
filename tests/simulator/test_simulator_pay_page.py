"""The sandbox's hosted page in a real browser, under its own strict policy."""

import pytest

from tests.simulator.till import Till

pytestmark = pytest.mark.browser
SMALLEST = 44  # CSS pixels of a button's height that a thumb finds


@pytest.fixture
def till(simulator):
    till = Till(simulator)
    yield till
    till.close()


@pytest.fixture(params=[(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request, chromium):
    """A page that fails the test for anything that its policy or a script error would report."""
    width, scheme = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_payer_pays_comes_back_and_somebody_takes_the_money_back(till, page):
    back = f"http://127.0.0.1:{till.server.server_address[1]}/thanks"
    payment = till.create(total="1250.00", return_url=back, description="Add 1,250.00 USD to your wallet")
    page.goto(payment["url"])
    assert page.get_by_text("Sandbox: no money moves").is_visible()
    assert page.get_by_role("heading", level=1).inner_text() == "To pay\n1,250.00 USD"
    check_layout(page)
    assert page.get_by_role("button").count() == 6

    page.get_by_role("button", name="Pay too much").click()
    page.wait_for_url(back)
    assert till.truth(payment)["received"] == "1875.01"

    page.goto(payment["url"])
    page.get_by_role("button", name="Charge back").click()
    page.get_by_text("all of it went back").wait_for()
    check_layout(page)
    page.get_by_role("button", name="Decide for the seller").click()
    page.get_by_role("button", name="Refund").click()
    page.get_by_text("all of it went back").wait_for()
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("link", name="Back to the seller").get_attribute("href") == back
    assert till.truth(payment)["refunded"] == "1875.01"


def check_layout(page):
    """Nothing sticks out sideways, buttons are large enough, and styles arrived in spite of the policy."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    heights = [button.bounding_box()["height"] for button in page.get_by_role("button").all()]
    assert min(heights) >= SMALLEST
    assert page.evaluate("getComputedStyle(document.querySelector('main')).borderRadius") == "12px"
