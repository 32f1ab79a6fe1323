"""One text about what to expect, before and after paying (R5): form, confirmation, order page, mail and API."""

import json
import re
from html import unescape

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import Outgoing
from orders.models import Order, Provider, ServiceHistory, Switches
from policies.rules.vocabulary import ServiceType
from tests.factories import OrderFactory, ServiceFactory
from tests.orders.buyer import QUOTE, Buyer

pytestmark = pytest.mark.django_db

LINK = "https://example.com/anywhere"  # which no platform is known by
SERVICES = [
    {},
    {"refill": True, "refill_days": 30, "refill_max": 3, "refill_cap_percent": 150, "platform": "tiktok"},
    {"refill": True, "refill_days": 0, "instant": True, "description": "Instant delivery."},
    {"refill": True, "run_size": 250, "run_interval_minutes": 30, "metric": "views", "platform": "youtube"},
    {"type": ServiceType.PACKAGE.value, "min_quantity": 1, "max_quantity": 1},
    {"pace_per_hour": 1500},
]


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def on_page(html: str) -> list[str]:
    """The sentences of the list of a page, as a reader sees them."""
    listed = html.split("data-expectations", 1)[1].split("</ul>", 1)[0]
    return [unescape(text).strip() for text in re.findall(r"<li><span>(.*?)</span>", listed, re.DOTALL)]


def in_mail(body: str) -> list[str]:
    return [line.removeprefix("- ") for line in body.splitlines() if line.startswith("- ")]


def by_api(buyer: Buyer, service, **asked: object) -> dict:
    _, key = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
    call = {"key": key, "action": "quote", "service": service.pk, "link": LINK, **asked}
    return json.loads(buyer.browser.post("/api/v2", call).content)


@pytest.mark.parametrize("terms", SERVICES, ids=lambda terms: ",".join(terms) or "plain")
@pytest.mark.parametrize("sample", [9, 120])
def test_five_places_say_the_same_words(buyer: Buyer, terms: dict, sample: int):
    """R5, R12, R13, R46, R49, R50."""
    service = ServiceFactory(**terms)
    for size in (0, 9):
        ServiceHistory.objects.create(
            service=service, size=size, sample=sample, measured_at=timezone.now(), p10_s=3600, p50_s=11_400,
            p90_s=90_061, start_p10_s=60, start_p50_s=300, start_p90_s=7500,
        )  # fmt: skip
    form = {**buyer.form(service), "link": LINK, **({} if "type" in terms else {"quantity": "1000"})}

    quoted = on_page(buyer.browser.post(QUOTE, form).content.decode())
    told = by_api(buyer, service, quantity=1000)["expectations"]
    placed = buyer.place(buyer.look(form))
    confirmed = on_page(buyer.browser.get(placed.url).content.decode())
    mailed = in_mail(Outgoing.objects.get(key=f"order:{buyer.orders[0].pk}:placed").body)
    ServiceHistory.objects.all().delete()
    type(service).objects.filter(pk=service.pk).update(refill=False, platform="x", pace_per_hour=7)
    Order.objects.filter(pk=buyer.orders[0].pk).update(status="processing")
    later = on_page(buyer.browser.get(placed.url).content.decode())

    assert quoted == confirmed == mailed == told == later
    assert len(quoted) >= 7
    assert any(("3 h 10 min" in said) is (sample >= 10) for said in quoted)
    assert any("half began within 5 min and nine in ten within 2 h 5 min" in said for said in quoted) is (sample >= 10)
    assert ("not enough data" in " ".join(quoted)) is (sample < 10)
    stated = "pace of 1,500 units an hour, which we have not measured" in " ".join(quoted)
    assert stated is ("pace_per_hour" in terms and sample < 10)


def test_nothing_is_forecast_while_nothing_is_sent(buyer: Buyer):
    """R12, R14: nobody knows when a paused provider or a stopped dispatch goes on; what was promised before stays."""
    service = ServiceFactory()
    history = {"sample": 120, "p10_s": 60, "p50_s": 3600, "p90_s": 7200, "measured_at": timezone.now()}
    ServiceHistory.objects.create(service=service, size=9, **history)
    form = buyer.look({**buyer.form(service), "quantity": "1000"})
    known = by_api(buyer, service, quantity=1000)["expected_end"]

    Provider.objects.update(paused_at=timezone.now(), paused_reason="maintenance")
    paused = by_api(buyer, service, quantity=1000)["expected_end"]
    Provider.objects.update(paused_at=None, paused_reason="")
    Switches.objects.update_or_create(pk=1, defaults={"stop_dispatch": True})
    stopped = by_api(buyer, service, quantity=1000)["expected_end"]
    buyer.place(form)

    assert (known["sample"], paused, stopped) == ("120", "not enough data", "not enough data")
    assert buyer.orders[0].forecast["p90_s"] == 7200


@pytest.mark.parametrize("sample", [9, 120])
def test_a_program_is_told_what_the_form_shows(buyer: Buyer, sample: int):
    """R4, R5: plan, expected end, minor difference and the table of money back."""
    service = ServiceFactory(run_size=250, run_interval_minutes=30, refill=True, refill_days=30)
    history = {"sample": sample, "p50_s": 3600, "p90_s": 7200, "measured_at": timezone.now()}
    ServiceHistory.objects.create(service=service, size=9, **history)

    page = buyer.browser.post(QUOTE, {**buyer.form(service), "quantity": "1000"}).content.decode()
    told = by_api(buyer, service, quantity=1000)

    plan, end = told["plan"], told["expected_end"]
    assert f"in {plan['parts']} parts of about {plan['largest_part']}, 30 min apart;" in page
    assert f"up to {told['tolerance']} units" in page
    table = re.findall(r"<tr><td>(.*?)\s*<a", page.split("money-back", 1)[1], re.DOTALL)
    assert [unescape(text) for text in table] == [each["when"] for each in told["refund_conditions"]]
    known = end != "not enough data"
    assert known is (sample >= 10)
    assert ("Nine in ten end by" in page, "<dd>not enough data</dd>" in page) == (known, not known)


def test_the_table_of_the_order_page_is_the_one_of_the_form(buyer: Buyer):
    """R4, D55: when money comes back, by the terms that were frozen."""
    form = buyer.look({**buyer.form(ServiceFactory(cancel=True)), "quantity": "1000"})
    before = buyer.browser.post(QUOTE, form).context["draft"].quoted.terms.conditions

    page = buyer.browser.get(buyer.place(form).url)

    assert page.context["page"].conditions == before
    assert "$1.125" in page.content.decode()


def test_an_order_by_program_says_it_on_its_page_too(buyer: Buyer):
    order = OrderFactory(user=buyer.user, channel=Order.Channel.API_V2, quantity=100)

    assert len(on_page(buyer.browser.get(f"/orders/{order.pk}").content.decode())) == 8
