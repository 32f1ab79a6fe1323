"""What no browser sends: answered as what it is, never with an error of our own."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from orders.models import Order, Service
from tests.factories import CustomerFactory, OrderFactory, ProviderFactory, ServiceFactory
from tests.orders.buyer import Buyer

pytestmark = pytest.mark.django_db
PLACE, QUOTE = reverse("orders:place"), reverse("orders:quote")
MANY_DIGITS = "9" * 5000  # more than Python turns into a number


@pytest.mark.parametrize("address", [PLACE, QUOTE])
@pytest.mark.parametrize("number", [MANY_DIGITS, "", "-1", "１", "1" * 19])
def test_a_version_that_is_no_id_is_not_accepted(address, number):
    buyer = Buyer()
    form = buyer.form(ServiceFactory())

    answer = buyer.browser.post(address, {**form, "quantity": "1000", "version": [f"{number}:x"]})

    assert answer.status_code in ({422} if address == PLACE else {200})
    assert buyer.orders == []


def test_a_search_for_more_digits_than_any_order_has_finds_none(client):
    order = OrderFactory()
    client.force_login(order.user)

    assert list(client.get(reverse("orders:index"), {"q": MANY_DIGITS}).context["page"].lines) == []


@pytest.mark.parametrize("link", ["http://[", "http://[x]y", "a\ud800", "a\0", "//", "@", "?", "\u202e"], ids=ascii)
def test_a_link_that_is_none_is_refused_at_its_field_also_where_others_on_it_are_looked_for(link):
    """R5, R20: what goes first on a link is asked before the rules have looked at it."""
    buyer, service = Buyer(), ServiceFactory()
    _, key = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
    call = {"key": key, "service": service.pk, "link": link, "quantity": 100}

    answers = [
        buyer.browser.post("/api/v2", json.dumps({**call, "action": action}), content_type="application/json")
        for action in ("quote", "add")
    ]
    form = buyer.form(service)
    typed = {**form, "quantity": "100", "link": link.encode(errors="surrogatepass")}
    shown = [buyer.browser.post(address, typed) for address in (QUOTE, PLACE)]

    assert {answer.json()["error"] for answer in answers} <= {"Bad link", "Incorrect request"}
    assert shown[0].status_code == 200
    assert shown[1].status_code in (409, 422)  # the total for this link was not shown, or it is refused before
    assert buyer.orders == []


class TestAProviderThatIsSwitchedOff:
    """Decision 11: nobody pays for what nobody can take."""

    def test_its_services_are_not_on_sale(self):
        service = ServiceFactory(routed=ProviderFactory(enabled=False))

        assert service not in Service.objects.on_sale()

    def test_and_cannot_be_ordered(self):
        buyer = Buyer()
        provider = ProviderFactory()
        service = ServiceFactory(routed=provider)
        form = buyer.form(service)
        provider.enabled = False
        provider.save(update_fields=["enabled"])

        answer = buyer.place(form, quantity="1000")

        assert answer.status_code == 422
        assert not Order.objects.exists()

    def test_another_route_takes_over(self):
        service = ServiceFactory(routed=ProviderFactory(enabled=False))
        other = ProviderFactory()
        service.routes.create(provider=other, provider_service="7", priority=2)

        assert service in Service.objects.on_sale()
        assert OrderFactory(service=service, user=CustomerFactory(funds=Decimal(10))).provider == other


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("0", "smallest order"),
        ("000", "smallest order"),
        ("1,000,000,000", "largest order"),
        (MANY_DIGITS, "largest order"),
        ("1,00", "whole number"),
        ("1_000", "whole number"),
        ("１０００", "whole number"),
        ("-1", "whole number"),
    ],
)
def test_a_quantity_is_told_what_is_wrong_with_it(typed, told):
    buyer = Buyer()

    answer = buyer.place(buyer.form(ServiceFactory()), quantity=typed)

    assert answer.status_code == 422
    assert told in answer.context["draft"].form.errors["quantity"][0]
