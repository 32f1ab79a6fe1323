"""The catalogue's pages in the admin: what may be saved, what is recorded, what is refused at its field."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import CustomerGroup
from orders.api import price_list
from orders.models import CatalogueChange, PriceRule, Route, Service
from orders.operations import editing, seeding
from tests.factories import NOON, CustomerFactory, ProviderFactory, ServiceFactory

pytestmark = pytest.mark.django_db
SERVICES = reverse("admin:orders_service_changelist")


def page_of(service):
    return reverse("admin:orders_service_change", args=[service.pk])


def posted(service, routes=(), **changed):
    """What the change form sends, with some of it changed. routes: dicts of route columns."""
    names = [
        "name", "platform", "metric", "type", "description", "delivers", "rate", "min_quantity", "max_quantity",
        "pace_per_hour", "average_minutes", "start_window_hours", "run_size", "run_interval_minutes", "refill_days",
        "refill_max", "refill_cap_percent", "inactive_reason",
    ]  # fmt: skip
    values = {name: "" if getattr(service, name) is None else getattr(service, name) for name in names}
    flags = {name: "on" for name in ("active", "instant", "cancel", "refill", "dripfeed") if getattr(service, name)}
    rows = {"routes-TOTAL_FORMS": len(routes), "routes-INITIAL_FORMS": sum("id" in route for route in routes)}
    for place, route in enumerate(routes):
        rows |= {f"routes-{place}-{name}": value for name, value in route.items()}
    sent = {**values, **flags, "category": service.category_id, **rows, **changed}
    return {name: value for name, value in sent.items() if value is not None}


def columns(route, **changed):
    return {
        "id": route.pk, "service": route.service_id, "provider": route.provider_id, "priority": route.priority,
        "provider_service": route.provider_service, "cost": route.cost, "enabled": "on", **changed,
    }  # fmt: skip


def newest():
    return CatalogueChange.objects.order_by("-pk").first()


class TestEditingAService:
    def test_each_changed_column_is_recorded_with_who_and_both_values(self, client, staff):
        owner, service = staff("owner"), ServiceFactory(rate=Decimal("1.50"))

        answer = client.post(page_of(service), posted(service, rate="1.75", max_quantity=5000, name="Renamed"))

        assert answer.status_code == 302, answer.context["errors"]
        terms, rate = sorted(CatalogueChange.objects.exclude(kind="new"), key=lambda change: change.kind, reverse=True)
        assert (rate.kind, rate.before, rate.after) == ("rate", {"rate": "1.50000"}, {"rate": "1.75000"})
        assert terms.after == {"name": "Renamed", "max_quantity": 5000}
        assert terms.before == {"name": service.name, "max_quantity": 100_000}
        assert {terms.actor, rate.actor} == {f"staff:{owner.pk}"}
        service.refresh_from_db()
        assert (service.rate, service.max_quantity, service.name) == (Decimal("1.75"), 5000, "Renamed")

    def test_saving_without_a_change_records_nothing(self, client, staff):
        staff("owner")
        service = ServiceFactory()
        before = newest()

        assert client.post(page_of(service), posted(service)).status_code == 302
        assert newest() == before

    def test_the_price_list_of_the_api_is_renewed_by_an_edit(self, client, staff):
        staff("owner")
        service, customer = ServiceFactory(rate=Decimal("1.50")), CustomerFactory()
        assert b'"rate":"1.50"' in price_list.for_customer(customer)

        client.post(page_of(service), posted(service, rate="9.25"))

        assert b'"rate":"9.25"' in price_list.for_customer(customer)

    def test_instant_is_refused_at_its_field_unless_the_description_says_so(self, client, staff):
        """R19: should not expect immediate delivery unless stated in the description."""
        staff("owner")
        service = ServiceFactory(description="Starts within the hour.")

        answer = client.post(page_of(service), posted(service, instant="on"))

        assert "description says" in str(answer.context["adminform"].form.errors["instant"])
        service.refresh_from_db()
        assert not service.instant
        said = posted(service, instant="on", description="Instant start, gradual delivery.")
        assert client.post(page_of(service), said).status_code == 302

    def test_a_service_without_a_metric_is_refused_at_its_field(self, client, staff):
        """R48: a service counts one visibility metric of a closed list."""
        staff("owner")
        service = ServiceFactory()

        for metric in ("", "sales"):
            answer = client.post(page_of(service), posted(service, metric=metric))
            assert "metric" in answer.context["adminform"].form.errors
        with pytest.raises(editing.EditRefused, match="only visibility"):
            editing.save_service(service_id=service.pk, values={"metric": "sales"}, actor="staff:1", now=NOON)

    def test_a_maximum_below_the_minimum_is_refused_at_its_field(self, client, staff):
        staff("owner")
        service = ServiceFactory()

        answer = client.post(page_of(service), posted(service, min_quantity=500, max_quantity=100))

        assert "below the minimum" in str(answer.context["adminform"].form.errors["max_quantity"])

    def test_a_new_service_is_made_with_its_route_and_recorded(self, client, staff):
        staff("owner")
        like, provider = ServiceFactory(), ProviderFactory()
        route = {"provider": provider.pk, "provider_service": "77", "priority": 1, "cost": "0.4", "enabled": "on"}

        answer = client.post(reverse("admin:orders_service_add"), posted(like, routes=[route], name="Brand new"))

        assert answer.status_code == 302, answer.context["errors"]
        made = Service.objects.get(name="Brand new")
        assert made.routes.get().provider_service == "77"
        assert set(made.changes.values_list("kind", flat=True)) == {"new", "terms"}

    def test_routes_exchange_their_priorities(self, client, staff):
        staff("owner")
        service = ServiceFactory()
        first = service.routes.get()
        second = Route.objects.create(service=service, provider=ProviderFactory(), provider_service="2", priority=2)
        exchanged = [columns(first, priority=2), columns(second, priority=1, cost="")]

        answer = client.post(page_of(service), posted(service, routes=exchanged))

        assert answer.status_code == 302, answer.context["errors"]
        assert list(service.routes.order_by("priority")) == [second, first]

    def test_an_import_between_opening_and_saving_is_not_undone(self, client, staff):
        staff("owner")
        service = ServiceFactory(rate=Decimal("1.50"))
        opened = posted(service, name="Renamed")
        opened.pop("rate")
        Service.objects.update(average_minutes=5)

        editing.save_service(service_id=service.pk, values={"name": "Renamed"}, actor="staff:1", now=NOON)

        service.refresh_from_db()
        assert (service.name, service.average_minutes) == ("Renamed", 5)


class TestTheListOfServices:
    def test_a_loss_is_shown_as_one(self, client, staff):
        staff("finance")
        dear = ServiceFactory(rate=Decimal("1.00"))
        Route.objects.filter(service=dear).update(cost=Decimal("1.25"))

        page = client.get(SERVICES).content.decode()

        assert '<span class="badge badge-bad">−$0.25 (-25%)</span>' in page

    def test_a_number_finds_the_service_of_that_id_alone(self, client, staff):
        staff("support")
        wanted, _ = ServiceFactory(name="Wanted"), ServiceFactory(name="Other")

        assert client.get(SERVICES, {"q": str(wanted.pk)}).context["cl"].result_count == 1
        assert client.get(SERVICES, {"q": "want"}).context["cl"].result_list[0] == wanted

    def test_an_action_says_what_it_did_and_what_it_did_not_do(self, client, staff):
        staff("owner")
        on, off, lost = ServiceFactory(), ServiceFactory(active=False), ServiceFactory(active=False, routed=False)
        chosen = {"_selected_action": [each.pk for each in (on, off, lost)]}

        page = client.post(SERVICES, {"action": "put_on_sale", **chosen}, follow=True).content.decode()

        assert "1 of 3 put on sale; 1 were so already." in page
        assert "1 have no metric or no enabled route" in page
        assert set(Service.objects.on_sale()) == {on, off}

    def test_taking_off_sale_keeps_the_reason_and_is_recorded(self, client, staff):
        owner, service = staff("owner"), ServiceFactory()
        chosen = {"action": "take_off_sale", "reason": "Drops a lot", "_selected_action": [service.pk]}

        client.post(SERVICES, chosen)

        service.refresh_from_db()
        assert (service.active, service.inactive_reason) == (False, "Drops a lot")
        assert (newest().kind, newest().actor) == ("disabled", f"staff:{owner.pk}")

    def test_ten_times_the_rows_cost_no_more_queries(self, client, staff, queries_of):
        staff("owner")
        provider = ProviderFactory()
        ServiceFactory.create_batch(3, routed=provider)
        few = queries_of(SERVICES)
        ServiceFactory.create_batch(27, routed=provider)

        assert queries_of(SERVICES) == few


class TestPricesAndCategories:
    def test_a_customers_price_is_recorded_and_renews_their_price_list(self, client, staff):
        staff("owner")
        service, customer = ServiceFactory(rate=Decimal("1.50")), CustomerFactory()
        assert b'"rate":"1.50"' in price_list.for_customer(customer)

        answer = client.post(
            reverse("admin:orders_pricerule_add"), {"service": service.pk, "user": customer.pk, "rate": "1.10"}
        )

        assert answer.status_code == 302, answer.context["errors"]
        assert newest().kind == "price"
        assert b'"rate":"1.10"' in price_list.for_customer(customer)

    def test_a_price_taken_back_is_recorded_too(self, client, staff):
        staff("owner")
        group = CustomerGroup.objects.create(name="Resellers")
        rule = PriceRule.objects.create(service=ServiceFactory(), group=group, rate=1)

        client.post(reverse("admin:orders_pricerule_delete", args=[rule.pk]), {"post": "yes"})

        assert not PriceRule.objects.exists()
        assert (newest().kind, newest().before["rate"]) == ("price", "1.00000")

    @pytest.mark.parametrize("whose", [{}, {"user": True, "group": True}])
    def test_a_price_is_for_a_customer_or_a_group_and_not_both(self, client, staff, whose):
        staff("owner")
        ids = {"user": CustomerFactory().pk, "group": CustomerGroup.objects.create(name="Resellers").pk}
        sent = {"service": ServiceFactory().pk, "rate": "1"} | {name: ids[name] for name in whose}

        answer = client.post(reverse("admin:orders_pricerule_add"), sent)

        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors

    def test_renaming_a_category_is_a_change_of_each_of_its_services(self, client, staff):
        staff("owner")
        service = ServiceFactory()
        address = reverse("admin:orders_category_change", args=[service.category_id])

        client.post(address, {"name": "Instagram followers, slow", "position": 3})

        assert newest().after == {"category": "Instagram followers, slow"}
        assert newest().service == service


PAGES = ["service", "category", "pricerule", "cataloguechange", "provider", "switches"]


class TestWhoMay:
    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize("group", ["owner", "support", "finance"])
    def test_staff_open_what_their_group_may_see(self, client, staff, group, page):
        seeding.seed()
        ServiceFactory()
        staff(group)
        hidden = (group, page) == ("support", "pricerule")

        answer = client.get(reverse(f"admin:orders_{page}_changelist"), follow=True)

        assert answer.status_code == (403 if hidden else 200)

    @pytest.mark.parametrize("page", PAGES)
    def test_customers_are_sent_to_the_login(self, client, staff, page):
        staff("customer")

        assert client.get(reverse(f"admin:orders_{page}_changelist")).status_code in (302, 403)

    @pytest.mark.parametrize("group", ["support", "finance"])
    def test_only_an_owner_edits_the_catalogue(self, client, staff, group):
        staff(group)
        service = ServiceFactory()

        assert client.post(page_of(service), posted(service, rate="9")).status_code == 403
        assert client.get(reverse("admin:orders_service_add")).status_code == 403

    @pytest.mark.parametrize("page", ["service", "category", "provider", "cataloguechange"])
    def test_nobody_deletes_what_orders_point_to(self, client, staff, page):
        staff("owner")
        service = ServiceFactory()
        ids = {
            "service": service.pk,
            "category": service.category_id,
            "provider": service.routes.get().provider_id,
            "cataloguechange": newest().pk,
        }

        answer = client.post(reverse(f"admin:orders_{page}_delete", args=[ids[page]]), {"post": "yes"})

        assert answer.status_code == 403
