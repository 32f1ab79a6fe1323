"""One thing is delivered to at a time, however its link is spelled, and a link that does not fit is told so."""

import importlib
import json

import pytest
from django.utils import timezone

from accounts import keys
from orders.models import LinkHold, Order, Service
from tests.factories import OrderFactory, ServiceFactory
from tests.orders.buyer import QUOTE, Buyer
from tests.past_the_guards import past_the_guards

pytestmark = pytest.mark.django_db

SPELLINGS = [
    "https://www.instagram.com/p/CxZ1/",
    "https://instagram.com/p/CxZ1?x=1",
    "https://instagram.com:443/p/CxZ1",
    "https://instagram.com/p/Cx%5A1",
    "https://instagram.com//p/CxZ1",
    "https://instagram.com/somebody/reel/CxZ1/?igsh=a",
]


class TestOneAtATime:
    """Decision 14: one live order a link and metric."""

    def test_six_spellings_of_one_post_are_sent_one_after_the_other(self, upstream):
        orders = [upstream.order(link=link) for link in SPELLINGS]

        assert upstream.send() == 1

        assert [upstream.fresh(order).status for order in orders] == ["processing", *["waiting"] * 5]
        assert LinkHold.objects.count() == 1

    def test_read_by_its_letters_alone_each_would_be_sent(self, upstream, monkeypatch):
        """The control."""
        monkeypatch.setattr("orders.operations.placing.links.normal_form", lambda link, platform=None: link)
        for link in SPELLINGS:
            upstream.order(link=link)

        assert upstream.send() == len(SPELLINGS)

    def test_the_same_name_on_two_platforms_is_two_accounts(self, upstream):
        first = upstream.order(link="@nasa")
        Service.objects.update(platform="x")
        second = upstream.order(link="@nasa")

        assert upstream.send() == 2
        assert first.fingerprint != second.fingerprint

    def test_who_is_ahead_is_known_before_ordering_also_of_a_bare_name(self, upstream):
        """The quote counts the wait by the same fingerprint."""
        buyer = Buyer()
        OrderFactory(service=upstream.service, link="https://www.instagram.com/NASA/")

        shown = buyer.browser.post("/api/v2", self.quote(buyer, upstream.service, "@nasa")).json()
        alone = buyer.browser.post("/api/v2", self.quote(buyer, upstream.service, "@nobody_else")).json()

        assert (shown["plan"]["orders_ahead"], alone["plan"]["orders_ahead"]) == ("1", "0")

    def quote(self, buyer: Buyer, service: Service, link: str) -> dict[str, object]:
        _, key = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
        return {"key": key, "action": "quote", "service": service.pk, "link": link, "quantity": 100}


class TestAHint:
    """R21: at the field, with what was typed, and before any money moves."""

    LIKES = "https://instagram.com/somebody"

    def test_of_a_wrong_kind(self):
        buyer, service = Buyer(), ServiceFactory(metric="likes")

        answer = buyer.place(buyer.form(service), link=self.LIKES, quantity="100")

        form = answer.context["form"]
        assert answer.status_code == 422
        assert form.errors["link"] == [
            "This link leads to a profile, and this service needs a link to a post or a video. Please copy that one."
        ]
        assert self.LIKES in answer.content.decode()
        assert (buyer.orders, buyer.balance) == ([], 10)

    def test_of_another_platform_also_while_the_form_is_filled_in(self):
        buyer, service = Buyer(), ServiceFactory()

        typed = {"link": "https://youtu.be/dQw4w9WgXcQ", "touched": "link"}
        page = buyer.browser.post(QUOTE, {**buyer.form(service), **typed})

        assert "This is a link to YouTube, and this service delivers on Instagram." in page.content.decode()

    def test_a_service_that_nobody_has_placed_is_not_on_sale_and_no_error_of_ours(self):
        buyer, service = Buyer(), ServiceFactory(metric="", active=False)
        _, key = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
        call = {"key": key, "action": "add", "service": service.pk, "link": self.LIKES, "quantity": 100}

        assert buyer.browser.post("/api/v2", call).json() == {"error": "Incorrect service ID"}

    def test_by_program(self):
        buyer, service = Buyer(), ServiceFactory(metric="likes")
        _, key = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
        call = {"key": key, "action": "add", "service": service.pk, "link": self.LIKES, "quantity": 100}

        answer = buyer.browser.post("/api/v2", json.dumps(call), content_type="application/json").json()

        assert answer["error"] == "Bad link"
        assert buyer.orders == []

    @pytest.mark.parametrize(
        "link", ["https://instagr.am/p/1", "https://example.com/p/1", "https://instagram.com/explore"]
    )
    def test_what_fits_or_is_not_known_is_taken(self, link):
        buyer, service = Buyer(), ServiceFactory(metric="likes")

        buyer.place(buyer.form(service), link=link, quantity="100")

        assert len(buyer.orders) == 1


class TestOrdersFromBefore:
    """Migration orders 0025: read anew, with their holds."""

    @pytest.mark.django_db(transaction=True)
    def test_have_the_fingerprints_of_today_and_one_holder_a_link(self):
        service = ServiceFactory()
        older, newer, erased, other = (OrderFactory(service=service, link=link) for link in (*SPELLINGS[:3], "@nasa"))
        with past_the_guards():
            for order in (older, newer, erased, other):
                Order.objects.filter(pk=order.pk).update(fingerprint=f"{order.pk:064}")
            Order.objects.filter(pk=erased.pk).update(link="")
        for order in (older, newer, other):
            LinkHold.objects.create(fingerprint=f"{order.pk:064}", metric=order.metric, order=order)

        importlib.import_module("orders.migrations.0025_links").read_links_anew(None, None)

        known = dict(Order.objects.values_list("pk", "fingerprint"))
        assert known[older.pk] == known[newer.pk] == older.fingerprint
        assert (known[erased.pk], known[other.pk]) == (f"{erased.pk:064}", other.fingerprint)
        assert set(LinkHold.objects.values_list("order_id", "fingerprint")) == {
            (older.pk, older.fingerprint), (other.pk, other.fingerprint),
        }  # fmt: skip
