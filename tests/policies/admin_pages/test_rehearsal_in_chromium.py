"""A rehearsal watched in a browser: its bar moves and its result comes by itself."""

import pytest

from policies.models import Rehearsal
from tests.policies.admin_pages.test_rehearsal_page import RESULT
from tests.policies.admin_pages.walking import address
from tests.policies.people import rehearse

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}


@pytest.fixture
def page(chromium, live_server, client, settings, written):
    """A page of who wrote the draft, that notes what the browser complains about."""
    context = chromium.new_context(base_url=live_server.url, viewport=NARROW)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: said.type in ("error", "warning") and page.complaints.append(said.text))
    yield page
    context.close()


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_the_bars_of_a_chart_have_one_scale(page, written, size):
    """A bar as long as another stands for as much, however wide the number beside it is."""
    rehearse(written, result={**RESULT, "paid_before": "9.00000", "paid_after": "1234567.28000"})
    page.set_viewport_size(size)
    page.goto(address("rehearsals", written))

    boxes = [bar.bounding_box() for bar in page.locator("#paid-title + .policy-body svg").all()]
    assert [(box["x"], box["width"]) for box in boxes] == [(boxes[0]["x"], boxes[0]["width"])] * 2
    assert boxes[0]["width"] > 100


def test_its_bar_moves_and_its_result_comes_without_a_reload(page, written):
    rehearsal = Rehearsal.objects.filter(pk=rehearse(written, state="running", done=2500, total=10000).pk)
    page.goto(address("rehearsals", written))
    assert page.locator("progress").get_attribute("value") == "2500"

    rehearsal.update(done=7500)
    page.locator("progress[value='7500']").wait_for()
    rehearsal.update(done=10000, state="done", result=RESULT, finished_at=rehearsal.get().asked_at)
    page.get_by_text("43 of 412 cases would have come out otherwise").wait_for()

    assert page.locator(".policy-bar svg").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.complaints == []
