"""What no browser sends: answered as what it is, never with an error of our own."""

from decimal import Decimal

import pytest
from django.urls import reverse

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
