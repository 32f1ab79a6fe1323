"""The order form in the browser's place: what it shows, what it refuses, and that it places one order once."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

import policies.operations as policies
import wallet.operations as wallet
from accounts import operations as accounts
from orders.models import Route, Service, Switches
from plumbing.templatetags.amounts import amount
from policies.models import Acceptance
from policies.rules.vocabulary import ServiceType
from tests.factories import OrderFactory, ServiceFactory
from tests.orders.buyer import LINK, PLACE, QUOTE, Buyer

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


class TestChoosing:
    def test_a_visitor_is_asked_to_log_in(self, client: Client):
        assert client.get(PLACE).status_code == 302

    def test_without_a_service_the_form_helps_to_find_one(self, buyer: Buyer):
        ServiceFactory(name="Reel Views")

        page = buyer.browser.get(PLACE, {"q": "reel"}).content.decode()

        assert "Reel Views" in page

    def test_services_ordered_before_come_first(self, buyer: Buyer):
        again = ServiceFactory(name="Ordered before")
        OrderFactory(user=buyer.user, service=again, quantity=100)

        assert [listed.service for listed in buyer.browser.get(PLACE).context["recent"]] == [again]

    @pytest.mark.parametrize("service", ["0", "-1", "x", "9" * 30])
    def test_a_service_that_is_not_on_sale_leads_to_the_choice(self, buyer: Buyer, service: str):
        page = buyer.browser.get(PLACE, {"service": service})

        assert (page.status_code, "not on sale" in page.content.decode()) == (200, True)


class TestPlacing:
    def test_it_charges_once_and_leads_to_the_order(self, buyer: Buyer):
        service = ServiceFactory(rate=Decimal("1.50"))

        answer = buyer.place(buyer.form(service), quantity="1,000")

        (order,) = buyer.orders
        assert answer.url == reverse("orders:detail", args=[order.pk])
        assert (order.quantity, order.link, order.charge) == (1000, LINK, Decimal("1.50"))
        assert buyer.balance == Decimal("8.50")

    def test_the_versions_shown_are_accepted_and_kept_on_the_order(self, buyer: Buyer):
        """R7: acceptance with the text's checksum; decision 25: the order keeps its versions."""
        buyer.place(buyer.form(ServiceFactory()), quantity="100")

        accepted = {acceptance.version_id for acceptance in Acceptance.objects.filter(user=buyer.user, context="order")}
        assert accepted == {version.pk for version in policies.required_versions(now=timezone.now())}
        assert accepted > {buyer.orders[0].refund_policy_id, buyer.orders[0].support_policy_id}

    def test_once_accepted_the_form_asks_no_more(self, buyer: Buyer):
        service = ServiceFactory()
        buyer.place(buyer.form(service), quantity="100")

        page = buyer.browser.get(PLACE, {"service": service.pk}).content.decode()

        assert 'name="accept"' not in page
        assert "accepted on" in page

    def test_comments_are_counted_a_line_each(self, buyer: Buyer):
        service = ServiceFactory(type=ServiceType.CUSTOM_COMMENTS.value, rate=Decimal(10), min_quantity=2)

        buyer.place(buyer.form(service), comments="Nice!\r\n\r\nWell done\r\n")

        assert (buyer.orders[0].units, buyer.balance) == (2, Decimal("9.98"))

    def test_a_package_has_one_price_and_no_quantity(self, buyer: Buyer):
        service = ServiceFactory(type=ServiceType.PACKAGE.value, rate=Decimal("3.25"), min_quantity=1, max_quantity=1)

        assert 'name="quantity"' not in buyer.browser.get(PLACE, {"service": service.pk}).content.decode()
        buyer.place(buyer.look(buyer.form(service)))

        assert buyer.balance == Decimal("6.75")


class TestOnce:
    """Decision 13: one draft, one order."""

    def test_a_second_click_leads_to_the_same_order(self, buyer: Buyer):
        form = buyer.form(ServiceFactory())

        first, second = buyer.place(form, quantity="100"), buyer.place(form, quantity="100")

        assert first.url == second.url
        assert len(buyer.orders) == 1

    def test_two_tabs_hold_the_same_draft(self, buyer: Buyer):
        service = ServiceFactory()
        tab, other = buyer.form(service), buyer.form(service)

        buyer.place(tab, quantity="100")
        buyer.place(other, quantity="100")

        assert len(buyer.orders) == 1

    def test_another_order_from_the_old_form_is_shown_first_and_placed_only_when_sent_again(self, buyer: Buyer):
        form = buyer.form(ServiceFactory())
        buyer.place(form, quantity="100")

        asked = buyer.place(form, quantity="200")

        text = asked.content.decode()
        assert asked.status_code == 409
        assert len(buyer.orders) == 1
        assert reverse("orders:detail", args=[buyer.orders[0].pk]) in text
        assert 'value="200"' in text

        again = {"key": asked.context["key"], "quote": asked.context["draft"].shown.token}
        buyer.send({**form, **again, "quantity": "200"})
        assert [order.quantity for order in buyer.orders] == [100, 200]

    def test_a_fresh_form_after_an_order_places_another_one(self, buyer: Buyer):
        service = ServiceFactory()

        buyer.place(buyer.form(service), quantity="100")
        buyer.place(buyer.form(service), quantity="100")

        assert len(buyer.orders) == 2

    def test_without_the_key_each_click_would_be_an_order(self, buyer: Buyer):
        """The control of the tests above: the key, and nothing else, makes them pass."""
        form = buyer.form(ServiceFactory())

        buyer.place(form, quantity="100", key="one")
        buyer.place(form, quantity="100", key="two")

        assert len(buyer.orders) == 2


REFUSED = [
    # what is wrong, the field it belongs to, a word of the message
    ({"quantity": "9"}, "quantity", "smallest order"),
    ({"quantity": "100001"}, "quantity", "largest order"),
    ({"quantity": ""}, "quantity", "whole number"),
    ({"quantity": "1.5"}, "quantity", "whole number"),
    ({"quantity": "many"}, "quantity", "whole number"),
    ({"quantity": "-100"}, "quantity", "whole number"),
    ({"link": ""}, "link", "enter the link"),
    ({"link": "not a link"}, "link", "blank"),
    ({"link": "x" * 501}, "link", "501"),
    ({"link": "https://user:secret@instagram.com/x"}, "link", "web address"),
    ({"accept": ""}, "accept", "accept"),
]


class TestRefusals:
    """R20, X14: a message at its field, the input kept, a summary that takes the focus, and no money moved."""

    @pytest.mark.parametrize(("changes", "field", "word"), REFUSED, ids=lambda value: str(value)[:40])
    def test_each_is_told_at_its_field_and_moves_nothing(self, buyer: Buyer, changes, field: str, word: str):
        form = {**buyer.form(ServiceFactory()), "quantity": "777"}

        answer = buyer.place(form, **changes)

        assert answer.status_code == 422
        assert word in answer.context["draft"].form.errors[field][0]
        assert "autofocus" in answer.content.decode().split("form-errors", 1)[1][:80]
        assert (buyer.orders, buyer.balance) == ([], Decimal(10))
        kept = {**form, **changes}
        for name in ("link", "quantity"):
            if kept[name]:
                assert f'value="{kept[name]}"' in answer.content.decode()

    def test_too_little_money_names_what_is_missing(self):
        buyer = Buyer(funds="1")

        answer = buyer.place(buyer.form(ServiceFactory(rate=Decimal("1.50"))), quantity="1000")

        assert answer.status_code == 422
        assert "$0.50" in answer.context["draft"].form.non_field_errors()[0]
        assert buyer.balance == Decimal(1)

    def test_a_suspended_customer_orders_nothing(self, buyer: Buyer):
        form = buyer.form(ServiceFactory())
        accounts.suspend(user_id=buyer.user.pk, reason="Chargeback", actor="staff:1", now=timezone.now())

        answer = buyer.place(form, quantity="100")

        assert answer.status_code in (302, 403, 422)
        assert (buyer.orders, buyer.balance) == ([], Decimal(10))

    def test_nothing_is_sold_while_selling_is_stopped(self, buyer: Buyer):
        form = buyer.form(ServiceFactory())
        Switches.objects.update_or_create(id=1, defaults={"stop_selling": True})

        answer = buyer.place(form, quantity="100")

        assert answer.status_code == 422
        assert buyer.orders == []

    @pytest.mark.parametrize("withdraw", ["service", "route"])
    def test_a_service_withdrawn_meanwhile_is_told_at_its_field_and_the_input_kept(self, buyer: Buyer, withdraw: str):
        service = ServiceFactory(name="Reel Views")
        form = buyer.form(service)
        rows = Service.objects.filter(pk=service.pk) if withdraw == "service" else Route.objects.all()
        rows.update(**{"active" if withdraw == "service" else "enabled": False})

        answer = buyer.place(form, quantity="777")

        text = answer.content.decode()
        assert answer.status_code == 422
        assert "not for sale" in answer.context["form"].errors["service"][0]
        assert "autofocus" in text.split("form-errors", 1)[1][:80]
        for kept in ("Reel Views", f'value="{LINK}"', 'value="777"'):
            assert kept in text
        assert (buyer.orders, buyer.balance) == ([], Decimal(10))

    def test_comments_are_kept_too(self, buyer: Buyer):
        service = ServiceFactory(type=ServiceType.CUSTOM_COMMENTS.value)
        form = buyer.form(service)
        Service.objects.update(active=False)

        assert "Well done</textarea>" in buyer.place(form, comments="Nice!\r\nWell done").content.decode()

    def test_a_second_click_on_what_was_placed_before_leads_to_its_order(self, buyer: Buyer):
        """Decision 13: the key is looked up before any rule."""
        form = buyer.form(ServiceFactory())
        buyer.place(form, quantity="1000")
        Service.objects.update(active=False)

        again = buyer.place(form, quantity="1000")
        otherwise = buyer.place(form, quantity="2000")

        assert [again.status_code, again.url] == [302, f"/orders/{buyer.orders[0].pk}"]
        assert otherwise.status_code == 422
        assert len(buyer.orders) == 1

    def test_another_service_is_chosen_with_the_input_and_ordered_only_then(self, buyer: Buyer):
        gone, other = ServiceFactory(), ServiceFactory(name="Story Views")
        form = buyer.form(gone)
        Service.objects.filter(pk=gone.pk).update(active=False)
        page = buyer.place(form, quantity="777", q="story")
        assert f'name="service" value="{other.pk}"' in page.content.decode()

        chosen = buyer.place(form, quantity="777", show="1", service=[gone.pk, other.pk])

        text = chosen.content.decode()
        assert chosen.context["draft"].listed.service == other
        assert f'value="{LINK}"' in text
        assert 'value="777"' in text
        assert buyer.orders == []

    def test_a_type_that_cannot_be_ordered_says_so(self, buyer: Buyer):
        service = ServiceFactory(type=ServiceType.POLL.value)

        answer = buyer.place(buyer.form(service), quantity="100")

        assert answer.status_code == 422
        assert "Poll" in answer.context["draft"].form.errors["service"][0]


class TestWhileTyping:
    def quote(self, buyer: Buyer, service: Service, **typed: object) -> str:
        return buyer.browser.post(QUOTE, {"service": service.pk, **typed}).content.decode()

    def test_price_plan_and_balance_follow(self, buyer: Buyer):
        """Row 4: price, rate and balance after, from the server alone; R5, R16: the plan in words."""
        service = ServiceFactory(rate=Decimal("1.50"), run_size=250, run_interval_minutes=30)

        part = self.quote(buyer, service, quantity="1000", link=LINK)

        for said in ("$1.50", "$10.00", "$8.50", "in 4 parts of about 250", "about 1,000 an hour", "forecast"):
            assert said in part

    def test_the_conditions_for_money_back_come_before_the_button(self, buyer: Buyer):
        """R4: every condition of this order with its own numbers and clause."""
        service = ServiceFactory()
        page = buyer.browser.get(PLACE, {"service": service.pk, "quantity": "1000"})

        conditions = page.context["draft"].quoted.terms.conditions
        text = page.content.decode()
        assert len(conditions) >= 6
        assert all(f"#{condition.reason.clause.id}" in text for condition in conditions)
        assert all(amount(condition.amount) in text for condition in conditions if condition.amount)
        assert "up to 20 units" in text

    def test_an_error_waits_until_the_field_was_left(self, buyer: Buyer):
        service = ServiceFactory(min_quantity=100)

        assert "smallest order" not in self.quote(buyer, service, quantity="1")
        assert "smallest order" in self.quote(buyer, service, quantity="1", touched="link,quantity")

    def test_a_service_that_left_sale_says_so(self, buyer: Buyer):
        service = ServiceFactory()
        Service.objects.update(active=False)

        part = self.quote(buyer, service, quantity="1000", link=LINK)

        assert part.count("not for sale") == 2  # beside the form, and at its field
        assert 'id="following"' in part
        assert 'name="show"' in part

    def test_nothing_is_written(self, buyer: Buyer):
        self.quote(buyer, ServiceFactory(), quantity="1000", link=LINK, accept="on")

        assert (buyer.orders, buyer.balance, Acceptance.objects.count()) == ([], Decimal(10), 0)

    def test_the_smallest_quantity_is_suggested_the_first_time_only(self, buyer: Buyer):
        """R58: one click, and never forced."""
        service = ServiceFactory(min_quantity=50)
        page = buyer.browser.get(PLACE, {"service": service.pk}).content.decode()
        assert 'data-quantity="50"' in page
        assert "value=" not in re.search(r'<input[^>]*name="quantity"[^>]*>', page).group()

        OrderFactory(user=buyer.user, service=service, quantity=100)
        assert "data-quantity" not in buyer.browser.get(PLACE, {"service": service.pk}).content.decode()


def test_a_price_that_rose_since_it_was_shown_is_told_instead_of_charged(buyer: Buyer):
    """Reliability 3, row 32: the input stays, the new price stands on the page, and a second look places the order."""
    service = ServiceFactory(rate=Decimal("1.5"))
    form = buyer.form(service) | {"quantity": "1000"}
    Service.objects.update(rate=Decimal("3"))

    answer = buyer.place(form)
    page = answer.content.decode()

    assert (answer.status_code, buyer.orders, buyer.balance) == (409, [], Decimal(10))
    assert "it was $1.50 and is now $3.00" in page
    assert "this order costs $3.00 in all" in page
    assert LINK in page
    assert buyer.place(form, quote=answer.context["draft"].shown.token).status_code == 302
    assert [order.charge for order in buyer.orders] == [Decimal(3)]


def test_a_quantity_beyond_all_reason_is_refused_without_a_plan(buyer: Buyer):
    service = ServiceFactory(run_size=1, run_interval_minutes=1)

    answer = buyer.place(buyer.form(service), quantity="999999999")

    assert (answer.status_code, buyer.orders) == (422, [])


def test_the_price_shown_is_the_price_charged(buyer: Buyer):
    """Row 4, decision 17: whatever the quantity and the rate."""
    wallet.top_up(user_id=buyer.user.pk, amount=Decimal(100_000_000), key="rich", actor="system", now=timezone.now())
    service = ServiceFactory()

    @settings(max_examples=100, deadline=None)
    @given(quantity=st.integers(10, 100_000), rate=st.integers(1, 900_000).map(lambda parts: Decimal(parts).scaleb(-5)))
    def check(quantity: int, rate: Decimal) -> None:
        Service.objects.filter(pk=service.pk).update(rate=rate)
        before = buyer.balance
        form = {**buyer.form(service), "quantity": quantity}
        shown = buyer.browser.post(QUOTE, form).context["draft"].quoted.price

        buyer.place(buyer.look(form))

        assert buyer.orders[-1].charge == shown == before - buyer.balance

    check()
