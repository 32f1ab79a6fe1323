"""Nobody pays before the total of this very order was shown to them (R4, R7, terms.3.2): attacks on the order form."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerGroup, User
from orders.models import Order, PriceRule, Quote, Service
from orders.operations.quotes import HOLDS_FOR
from tests.factories import ServiceFactory
from tests.orders.buyer import LINK, PLACE, Buyer
from tests.orders.test_accepting import refund_policy
from tests.policy_versions import publish_next

pytestmark = pytest.mark.django_db

Form = dict[str, Any]


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


@pytest.fixture
def service() -> Service:
    return ServiceFactory(rate=Decimal("1.5"), refill=True, refill_days=30)


def as_submitted(answer: Any, form: Form) -> Form:
    """What one click on the page that came back sends."""
    draft = answer.context["draft"]
    versions = [f"{version.pk}:{version.checksum}" for version in draft.quoted.versions]
    return {**form, "key": answer.context["key"], "quote": draft.shown.token, "version": versions}


def forged(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")


def for_another_quantity(buyer: Buyer, form: Form) -> Form:
    return {**buyer.look(form, quantity="500"), "quantity": "1000"}


def for_another_link(buyer: Buyer, form: Form) -> Form:
    return {**buyer.look(form, link=f"{LINK}else"), "link": LINK}


def for_another_service(buyer: Buyer, form: Form) -> Form:
    return {**form, "quote": buyer.look(form, service=ServiceFactory(rate=Decimal("1.5")).pk)["quote"]}


def somebody_else_s(buyer: Buyer, form: Form) -> Form:
    return {**form, "quote": Buyer().look(form)["quote"]}


UNSEEN: dict[str, Callable[[Buyer, Form], Form]] = {
    "scripts off, price skipped": lambda buyer, form: form,
    "no token": lambda buyer, form: {**form, "quote": ""},
    "field left out": lambda buyer, form: {name: value for name, value in form.items() if name != "quote"},
    "forged": lambda buyer, form: {**form, "quote": forged(buyer.look(form)["quote"])},
    "another quantity": for_another_quantity,
    "another link": for_another_link,
    "another service": for_another_service,
    "another customer": somebody_else_s,
}


@pytest.mark.parametrize("attack", UNSEEN.values(), ids=UNSEEN)
def test_what_was_not_shown_is_shown_first_and_one_click_then_places_it(buyer: Buyer, service: Service, attack):
    form = attack(buyer, {**buyer.form(service), "quantity": "1000"})

    answer = buyer.send(form)

    text = answer.content.decode()
    assert (answer.status_code, buyer.orders, buyer.balance) == (409, [], Decimal(10))
    assert "this order costs $1.50 in all" in text
    assert text.count("autofocus") == 1
    for kept in (f'value="{LINK}"', 'value="1000"', 'id="price">$1.50<', "at once, as one part", "up to 20 units"):
        assert kept in text
    assert "checked" in text.split('name="accept"', 1)[1].split(">", 1)[0]

    again = buyer.send(as_submitted(answer, form))
    [order] = buyer.orders
    assert again.url == reverse("orders:detail", args=[order.pk])
    assert (order.charge, order.quote.quote_id) == (Decimal("1.5"), answer.context["draft"].shown.id)


@pytest.mark.parametrize(
    ("rate", "said"), [("1.5", "too long ago"), ("3", "it was $1.50 and is now $3.00"), ("1", "is now $1.00")]
)
def test_a_page_that_was_left_open_shows_what_holds_now(buyer: Buyer, service: Service, rate: str, said: str):
    form = buyer.look(buyer.form(service), quantity="1000")
    Service.objects.update(rate=Decimal(rate))

    with time_machine.travel(timezone.now() + HOLDS_FOR, tick=False):
        answer = buyer.send(form)
        assert (answer.status_code, buyer.orders) == (409, [])
        assert said in answer.content.decode()
        assert buyer.send(as_submitted(answer, form)).status_code == 302

    assert [order.charge for order in buyer.orders] == [Decimal(rate)]


def test_a_group_s_price_that_changes_meanwhile_does_not_change_what_was_shown(buyer: Buyer, service: Service):
    group = CustomerGroup.objects.create(name="Wholesale")
    User.objects.filter(pk=buyer.user.pk).update(group=group)
    rule = PriceRule.objects.create(service=service, group=group, rate=Decimal("0.7"))
    form = buyer.look(buyer.form(service), quantity="1000")
    PriceRule.objects.filter(pk=rule.pk).update(rate=Decimal("0.9"))

    buyer.send(form)

    assert [order.charge for order in buyer.orders] == [Decimal("0.7")]


@pytest.mark.parametrize("changed", [{"refill_days": 7}, {"name": "Something else"}, {"pace_per_hour": 1}])
def test_a_service_that_changes_meanwhile_is_shown_again(buyer: Buyer, service: Service, changed: Form):
    form = buyer.look(buyer.form(service), quantity="1000")
    Service.objects.update(**changed)

    answer = buyer.send(form)

    assert (answer.status_code, buyer.orders) == (409, [])
    assert "terms of this order have just changed" in answer.content.decode()
    buyer.send(as_submitted(answer, form))
    [field, value] = next(iter(changed.items()))
    assert str(value) in str(buyer.orders[0].quote.content)
    assert Quote.objects.count() == 1, field


def test_a_policy_that_changes_meanwhile_keeps_the_input_whatever_was_shown(buyer: Buyer, service: Service):
    """R7, D48: with scripts off and the price skipped, one page shows both, and one click answers both."""
    form = {**buyer.form(service), "quantity": "777"}
    second = publish_next(refund_policy(), at=timezone.now(), fail_after_h=48)

    answer = buyer.send(form)

    text = answer.content.decode()
    assert (answer.status_code, buyer.orders) == (409, [])
    for said in ("have just changed", f'value="{LINK}"', 'value="777"', 'id="price">$1.1655<'):
        assert said in text
    assert buyer.send(as_submitted(answer, form)).status_code == 302
    assert [order.refund_policy_id for order in buyer.orders] == [second.pk]


class TestAgain:
    """Decision 13 with quotes: the same draft again leads to its order; a quote that was used is shown anew."""

    def test_a_double_click_and_the_way_back_lead_to_the_same_order(self, buyer: Buyer, service: Service):
        form = buyer.look(buyer.form(service), quantity="1000")

        first, second = buyer.send(form), buyer.send(form)
        with time_machine.travel(timezone.now() + 2 * HOLDS_FOR, tick=False):
            back = buyer.send({**form, "quote": "forged"})

        assert first.url == second.url == back.url
        assert len(buyer.orders) == 1

    def test_a_second_tab_with_another_order_is_shown_first(self, buyer: Buyer, service: Service):
        tab = buyer.look(buyer.form(service), quantity="1000")
        other = buyer.look(buyer.form(service), quantity="2000")
        buyer.send(tab)

        answer = buyer.send(other)

        assert (answer.status_code, len(buyer.orders)) == (409, 1)
        assert buyer.send(as_submitted(answer, other)).status_code == 302
        assert [order.quantity for order in buyer.orders] == [1000, 2000]

    def test_a_quote_that_served_an_order_serves_no_other(self, buyer: Buyer, service: Service):
        """The key is another one, the order and the token are the same: the first order is named, not repeated."""
        form = buyer.look(buyer.form(service), quantity="1000")
        buyer.send(form)
        [first] = buyer.orders

        answer = buyer.send({**form, "key": "another"})

        assert (answer.status_code, buyer.orders, buyer.balance) == (409, [first], Decimal("8.5"))
        text = answer.content.decode()
        assert f'<a href="{reverse("orders:detail", args=[first.pk])}">See order {first.pk}</a>' in text
        assert buyer.send(as_submitted(answer, form)).status_code == 302
        assert Quote.objects.count() == len(buyer.orders) == 2


def test_each_order_by_the_form_keeps_what_it_showed(buyer: Buyer):
    """R4: for each type that can be ordered."""
    kinds = [
        ({}, {"quantity": "100"}),
        ({"type": "Package"}, {}),
        ({"type": "Custom Comments", "min_quantity": 1}, {"comments": "Nice!\r\nGood"}),
    ]
    for columns, typed in kinds:
        buyer.send(buyer.look(buyer.form(ServiceFactory(**columns)), **typed))

    assert len(buyer.orders) == len(kinds)
    assert all(order.quote.content["price"] == str(order.charge) for order in buyer.orders)
    assert not Order.objects.filter(channel=Order.Channel.WEB, quote=None).exists()


def test_showing_the_price_without_scripts_is_a_look(buyer: Buyer, service: Service):
    """Example 4.11: the button beside it answers with the token that the next click sends."""
    form = {**buyer.form(service), "quantity": "1000"}

    shown = buyer.browser.post(PLACE, {**form, "show": "1"})

    assert (shown.status_code, buyer.orders) == (200, [])
    assert buyer.send(as_submitted(shown, form)).status_code == 302


def test_the_page_says_for_how_long_its_price_counts(buyer: Buyer, service: Service):
    page = buyer.browser.get(PLACE, {"service": service.pk, "quantity": "1000"}).content.decode()

    assert f'data-holds-seconds="{HOLDS_FOR // timedelta(seconds=1)}"' in page
