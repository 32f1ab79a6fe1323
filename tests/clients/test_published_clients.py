"""Two published clients of API v2 run unchanged against a real web server (api-v2 b.9)."""

from decimal import Decimal

import pytest
from safesmm import SafeSMM, SafeSMMError
from smmpy import smm

from orders.models import Order
from tests.factories import ServiceFactory
from tests.orders.test_api_v2 import LINK, Reseller


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/"])
class TestSmmpy:
    def test_orders_and_reads_back(self, web_server, path):
        service, reseller = ServiceFactory(), Reseller()
        client = smm(web_server + path, reseller.key)

        order = client.add_order(service.pk, LINK, 1000)["order"]

        assert client.get_balance() == {"balance": "98.50", "currency": "USD"}
        assert [listed["service"] for listed in client.get_services()] == [service.pk]
        assert client.get_status(order)["status"] == "Pending"
        assert client.get_multi_status([order, 1])["1"] == {"error": "Incorrect order ID"}

    def test_shows_the_error_s_text(self, web_server, path):
        client = smm(web_server + path, Reseller().key)

        with pytest.raises(Exception, match=r"^Incorrect service ID$"):
            client.add_order(1, LINK, 1000)


class TestSafeSmm:
    def test_orders_and_reads_back(self, web_server):
        service, reseller = ServiceFactory(), Reseller()
        client = SafeSMM(reseller.key, api_url=f"{web_server}/api/v2")

        order = client.add_order(service.pk, LINK, 1000, request_id="first")["order"]

        assert client.add_order(service.pk, LINK, 1000, request_id="first") == {"order": order}
        assert client.balance()["balance"] == "98.50"
        assert client.services()[0]["rate"] == "1.50"
        assert client.status(order)["remains"] == "1000"
        assert list(client.multi_status([order])) == [str(order)]
        assert Order.objects.get().charge == Decimal("1.5")

    def test_raises_on_any_error_key(self, web_server):
        with pytest.raises(SafeSMMError, match="Invalid API key"):
            SafeSMM("pk_wrong", api_url=f"{web_server}/api/v2").balance()
