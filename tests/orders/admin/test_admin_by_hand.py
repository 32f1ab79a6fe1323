"""The list of what staff deliver, and its pages: who sees it, what they ask, and what comes of it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from orders.delivery import by_hand
from orders.delivery.holding import hold_and_release
from orders.models import Handling, Order, Provider, Run
from tests.factories import NOON, OrderFactory, ProviderFactory, ServiceFactory
from tests.orders.admin.test_admin_providers import posted

pytestmark = pytest.mark.django_db
LIST = reverse("admin:orders_runbyhand_changelist")


@pytest.fixture
def provider():
    return ProviderFactory(adapter="manual", api_url="", name="Our team")


@pytest.fixture
def order(provider) -> Order:
    return OrderFactory(service=ServiceFactory(routed=provider, name="Comments by people"), at=NOON)


def page_of(order, act):
    return reverse(f"admin:orders_runbyhand_{act}", args=[Run.objects.get(order=order).pk])


class TestList:
    def test_it_shows_what_is_to_be_done_and_how(self, client, staff, order):
        staff("support")
        OrderFactory(at=NOON)  # by a machine

        page = client.get(LIST).content.decode()

        assert page.count("field-on_order") == 1
        for said in (
            "Comments by people",
            order.link,
            "0 of 1,000",
            "to be taken",
            "due for",
            page_of(order, "take"),
        ):
            assert said in page

    def test_each_state_has_its_list(self, client, staff, order):
        me = staff("support")
        by_hand.take(run_id=Run.objects.get().pk, actor=f"staff:{me.pk}", now=NOON)

        shown = {state: str(order.pk) in client.get(LIST, {"state": state}).content.decode().split("result_list")[-1]
                 for state in ("queued", "live", "mine", "ended")}  # fmt: skip

        assert shown == {"queued": False, "live": True, "mine": True, "ended": False}
        assert me.email in client.get(LIST).content.decode()

    def test_it_takes_as_many_queries_for_many_as_for_one(self, client, staff, order, queries_of):
        staff("support")
        one = queries_of(LIST)
        for _ in range(5):
            OrderFactory(service=order.service, at=NOON)

        assert queries_of(LIST) == one

    def test_empty_it_says_so(self, client, staff):
        staff("support")

        assert "0 runs by hand" in client.get(LIST).content.decode()

    def test_who_only_looks_is_offered_nothing(self, client, staff, order):
        staff("finance")

        page = client.get(LIST).content.decode()

        assert str(order.pk) in page
        assert page_of(order, "take") not in page

    @pytest.mark.parametrize("group", ["customer", "finance"])
    @pytest.mark.parametrize("act", ["take", "take-over", "report", "finish"])
    def test_who_may_not_act_is_refused(self, client, staff, order, group, act):
        staff(group)

        answer = client.post(page_of(order, act), {"delivered": 1000, "reason": "done"})

        assert answer.status_code in (302, 403)
        assert Run.objects.get(order=order).state == "queued"


class TestActs:
    def test_taken_reported_and_finished(self, client, staff, order):
        me = staff("support")

        client.post(page_of(order, "take"))
        client.post(page_of(order, "report"), {"delivered": 300, "start_count": 77, "reason": "counted on the page"})
        said = client.post(page_of(order, "finish"), {"delivered": 900, "reason": "they ran out"}, follow=True)

        order.refresh_from_db()
        assert (order.status, order.refunded) == ("partial", order.charge / 10)
        assert "Partial" in said.content.decode()
        assert "0.15" in said.content.decode()
        assert [line.change_message.split(":")[0] for line in LogEntry.objects.order_by("pk")] == [
            "Take",
            "Report",
            "Finish",
        ]
        assert set(order.events.exclude(actor__startswith="customer").values_list("actor", flat=True)) == {
            f"staff:{me.pk}"
        }

    def test_taking_over_says_why(self, client, staff, order):
        me = staff("support")
        by_hand.take(run_id=Run.objects.get().pk, actor="staff:1", now=NOON)

        assert "reason" in client.post(page_of(order, "take-over")).context["form"].errors
        client.post(page_of(order, "take-over"), {"reason": "on holiday"})

        assert Handling.objects.get().taken_by == f"staff:{me.pk}"
        assert "no longer possible" in client.post(page_of(order, "take")).content.decode()

    def test_a_wrong_number_is_told_at_its_field_and_what_was_typed_stays(self, client, staff, order):
        staff("support")
        client.post(page_of(order, "take"))

        answer = client.post(page_of(order, "report"), {"delivered": 1001, "reason": "counted on the page"})

        form = answer.context["form"]
        assert form.errors["delivered"] == ["From 0, which were reported before, to 1,000."]
        assert "counted on the page" in answer.content.decode()

    @pytest.mark.parametrize("typed", ["", "-1", "many", "1.5", "99999999999999999999"])
    def test_what_is_no_number_changes_nothing(self, client, staff, order, typed):
        staff("support")
        client.post(page_of(order, "take"))

        answer = client.post(page_of(order, "finish"), {"delivered": typed, "reason": "done"})

        assert "delivered" in answer.context["form"].errors
        assert Run.objects.get().state == "live"

    def test_a_reason_is_asked_for(self, client, staff, order):
        staff("support")
        client.post(page_of(order, "take"))

        assert "reason" in client.post(page_of(order, "finish"), {"delivered": 1000}).context["form"].errors

    def test_what_somebody_else_has_finished_is_told_so(self, client, staff, order):
        staff("support")
        run_id = Run.objects.get().pk
        by_hand.take(run_id=run_id, actor="staff:1", now=NOON)
        by_hand.finish(run_id=run_id, delivered=1000, start_count=None, actor="staff:1", reason="done", now=NOON)

        page = client.post(page_of(order, "finish"), {"delivered": 10, "reason": "mine"}).content.decode()

        assert "no longer possible" in page
        assert Run.objects.get().delivered == 1000

    def test_a_machines_run_has_no_such_page(self, client, staff):
        staff("support")
        order = OrderFactory(at=NOON)

        assert client.get(page_of(order, "take")).status_code == 404

    def test_the_order_shows_by_whom_and_the_flag_leads_there(self, client, staff, order):
        staff("support")
        hold_and_release(now=NOON)

        page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()

        assert "to be delivered by hand" in page
        assert page_of(order, "take") in page


class TestProvider:
    def test_one_by_hand_needs_no_address(self, client, staff):
        staff("owner")
        values = posted(ProviderFactory.build(name="People", adapter="manual", api_url=""))

        answer = client.post(reverse("admin:orders_provider_add"), values)

        assert answer.status_code == 302, answer.context["errors"]
        assert Provider.objects.get(name="People").is_manual

    def test_one_that_is_called_does(self, client, staff):
        staff("owner")
        values = posted(ProviderFactory.build(name="People", api_url=""))

        answer = client.post(reverse("admin:orders_provider_add"), values)

        assert "has an address" in str(answer.context["adminform"].form.errors["api_url"])

    def test_who_delivers_does_not_change_under_runs(self, client, staff, order, provider, settings):
        staff("owner")
        settings.OUTBOUND_ALLOW = ["127.0.0.1:1"]

        answer = client.post(
            reverse("admin:orders_provider_change", args=[provider.pk]),
            posted(provider, adapter="api_v2", api_url="http://127.0.0.1:1/"),
        )

        assert "has runs" in str(answer.context["adminform"].form.errors["adapter"])
        provider.refresh_from_db()
        assert provider.is_manual

    def test_a_page_says_what_is_the_matter_and_what_comes_next(self, client, staff):
        staff("owner")
        provider = ProviderFactory(opened_at=NOON, backoff_until=NOON.replace(hour=13), failures=5, sends_per_minute=60)

        page = client.get(reverse("admin:orders_provider_change", args=[provider.pk])).content.decode()

        assert "does not answer" in page
        assert "after 5 calls in a row came to nothing" in page
        assert reverse("admin:orders_provider_reopen", args=[provider.pk]) in page
