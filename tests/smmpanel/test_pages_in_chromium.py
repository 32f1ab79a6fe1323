"""Every page that a role may open, in Chromium: nothing refused by the content policy, nothing wider than a phone,
nothing too pale to read in light or dark.
"""

import re
from pathlib import Path

import pytest

from tests.smmpanel.test_urls_walk import address
from tests.smmpanel.url_table import TABLE, Row
from tests.smmpanel.world import PASSWORD, World, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 320, "height": 700}
PALE = (Path(__file__).parent / "contrast.js").read_text()
NOT_A_PAGE = re.compile(
    r"livez|readyz|statement.csv|\.(txt|json|atom)$|jsi18n|/state$|logout|recovery-codes|<path:object_id>/$"
)


@pytest.fixture
def world(settings, no_limits, now) -> World:
    settings.STAFF_MFA_REQUIRED = False
    return build(now)


@pytest.fixture
def visitor(chromium, live_server):
    """A page at 320 px that notes each complaint of the browser."""
    context = chromium.new_context(base_url=live_server.url, viewport=NARROW)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type in ("error", "warning") and page.complaints.append((page.url, said.text)))
    page.on("pageerror", lambda error: page.complaints.append((page.url, str(error))))
    yield page
    context.close()


def pages(role: str, *, admin: bool) -> list[Row]:
    shown = [row for row in TABLE if row.post is None and row.expected[role] in ("ok", "in")]
    return [row for row in shown if row.route.startswith("admin/") is admin and not NOT_A_PAGE.search(row.route)]


def log_in(page, address):
    page.goto("/accounts/login/")
    page.fill("[name=login]", address)
    page.fill("[name=password]", PASSWORD)
    page.click("main form .btn-primary")
    page.wait_for_url("**/orders")


def visit(page, rows, world):
    """Open each page once and look at it in light and dark; return by page what is too wide or too pale."""
    found = {}
    for row in rows:
        page.goto(address(row, world))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            faults = page.evaluate(PALE)
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                faults.append("wider than the window")
            if faults:
                found[row.route, scheme] = faults
    return found


@pytest.mark.parametrize("role", ["anonymous", "customer"])
def test_the_pages_of_the_site_load_cleanly_and_fit_320_px(visitor, world, role):
    """WCAG 1.4.3 and 1.4.10, decision 5, R60."""
    if role != "anonymous":
        log_in(visitor, world.users[role].email)

    assert visit(visitor, pages(role, admin=False), world) == {}
    assert visitor.complaints == []


def test_the_pages_of_staff_load_cleanly_and_fit_390_px(visitor, world):
    """A phone in the pocket of whoever is on duty."""
    log_in(visitor, world.users["owner"].email)
    visitor.set_viewport_size({"width": 390, "height": 844})

    assert visit(visitor, pages("owner", admin=True), world) == {}
    assert visitor.complaints == []


def test_a_pale_text_would_be_seen(visitor):
    """The control: grey on white at 3.5 to 1, in both schemes as it names its own colours."""
    visitor.goto("/")
    visitor.evaluate(
        """() => {
            const text = document.body.appendChild(document.createElement("p"));
            text.textContent = "pale";
            Object.assign(text.style, { color: "#888", backgroundColor: "#fff" });
        }"""
    )

    assert visitor.evaluate(PALE) == ["pale: 3.54"]


def test_a_second_factor_is_set_up_with_its_picture_shown(visitor, world):
    """The QR code is a data: image, the one kind of address that the policy allows beside our own."""
    log_in(visitor, world.users["customer"].email)
    visitor.goto("/accounts/2fa/totp/activate/")
    visitor.fill("[name=password]", PASSWORD)
    visitor.click("main form .btn-primary")
    visitor.wait_for_url("**/totp/activate/")

    assert visitor.evaluate("document.querySelector('img.qr').naturalWidth") > 0
    assert visitor.complaints == []


def test_the_browser_does_complain_about_inline_code(visitor, world):
    """The control: the policy is on, and its refusals reach the list."""
    visitor.goto("/")
    visitor.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")

    assert "Content Security Policy" in str(visitor.complaints)


def test_the_theme_is_switched_without_scripts_and_stays(chromium, live_server, world):
    """R60."""
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, color_scheme="light")
    page = context.new_page()
    page.goto("/api")
    page.click("button[value=dark]")
    page.goto("/")

    assert page.locator("html").get_attribute("data-theme") == "dark"
    context.close()
