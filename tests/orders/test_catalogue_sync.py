"""An import makes our catalogue say what the provider's list says, once, and never believes a list that shrank."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from orders.models import CatalogueChange, Category, Provider, Route, Service
from orders.operations.catalogue import apply_catalogue
from policies.rules.catalogue import LeftOut, RemoteService
from tests.orders.providers.conftest import simulate  # noqa: F401  the fixture
from tests.plumbing.listeners import http, listening, saying
from tests.simulator.conftest import KEY

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def entry(number, **changes):
    stated = {
        "provider_service": str(number),
        "name": f"Likes {number}",
        "category": "Instagram Likes",
        "type": "Default",
        "rate": Decimal("1.00000"),
        "min": 10,
        "max": 1000,
    }
    return RemoteService(**{**stated, **changes})


@pytest.fixture
def provider():
    return Provider.objects.create(name="Upstream", api_url="https://panel.example/api/v2", api_key=KEY)


@pytest.fixture
def listed():
    """Ten entries."""
    return [entry(number) for number in range(1, 11)]


def apply(provider, remote, **more):
    return apply_catalogue(provider_id=provider.pk, remote=remote, now=NOON, actor="staff:3", **more)


def service_of(number):
    return Route.objects.get(provider_service=str(number)).service


def feed(kind=None):
    changes = CatalogueChange.objects.order_by("id")
    changes = changes.filter(kind=kind) if kind else changes
    return [(change.kind, change.before, change.after) for change in changes]


# --- new


def test_a_new_entry_becomes_a_service_with_a_category_a_route_and_a_line_in_the_feed(provider):
    result = apply(provider, [entry(7, refill=True, refill_days=30, description="Simulated likes.")])
    service = service_of(7)
    assert (service.platform, service.metric, service.category.name) == ("instagram", "likes", "Instagram Likes")
    assert (service.rate, service.min_quantity, service.max_quantity) == (Decimal("1.3"), 10, 1000)
    assert (service.active, service.instant, service.refill_days) == (True, False, 30)
    assert service.delivers == "Simulated likes."
    route = service.routes.get()
    assert (route.provider_id, route.cost, route.enabled) == (provider.pk, Decimal(1), True)
    change = CatalogueChange.objects.get()
    assert (change.kind, change.actor, change.at) == ("new", "staff:3", NOON)
    assert change.after == {"name": "Likes 7", "rate": "1.30000", "active": True}
    assert (result.created, result.changed, result.gone) == (1, 0, 0)


def test_a_service_whose_metric_nobody_states_waits_for_a_person(provider):
    """R48, decision 16: visibility only, of a metric from the closed list."""
    result = apply(provider, [entry(7, category="Other", name="Boost")])
    service = service_of(7)
    assert (service.active, service.metric) == (False, "")
    assert "metric" in service.inactive_reason
    assert result.unplaced == 1


def test_what_staff_named_stays_named(provider):
    apply(provider, [entry(7, category="Other", name="Boost")])
    Service.objects.update(platform="tiktok", metric="saves", active=True, inactive_reason="")
    apply(provider, [entry(7, category="Other", name="Boost", min=20)])
    service = service_of(7)
    assert (service.platform, service.metric, service.active, service.min_quantity) == ("tiktok", "saves", True, 20)


def test_the_database_refuses_to_sell_what_counts_nothing(provider):
    """The control: the import cannot be the only guard."""
    apply(provider, [entry(7, category="Other", name="Boost")])
    with pytest.raises(IntegrityError, match="service_counts_a_visibility_metric"):
        Service.objects.update(active=True)


def test_a_service_is_instant_only_while_its_description_says_so(provider):
    """R19."""
    apply(provider, [entry(7, description="Instant delivery."), entry(8, description="Instant start.")])
    assert service_of(7).instant
    assert not service_of(8).instant
    apply(provider, [entry(7, description="Gradual."), entry(8, description="Instant start.")])
    assert not service_of(7).instant


def test_entries_that_cannot_be_sold_are_named_and_the_others_imported(provider):
    remote = [entry(1), entry(2, type="Comment Replies"), entry(1, name="again"), entry(4, min=9, max=3)]
    result = apply(provider, remote)
    assert Service.objects.count() == 1
    assert set(result.left_out) == {
        LeftOut("2", "unknown_type"),
        LeftOut("1", "listed_twice"),
        LeftOut("4", "impossible_quantities"),
    }


def test_categories_keep_the_providers_order_and_are_shared(provider):
    apply(provider, [entry(1, category="TikTok Likes"), entry(2, category="Instagram Likes")])
    other = Provider.objects.create(name="Other", api_url="https://other.example/api/v2")
    apply(other, [entry(1, category="Instagram Likes"), entry(2, category="Zeta Likes")])
    names = list(Category.objects.order_by("position").values_list("name", flat=True))
    assert names == ["TikTok Likes", "Instagram Likes", "Zeta Likes"]


# --- changed


def test_the_same_list_again_changes_nothing(provider, listed):
    apply(provider, listed)
    before = list(Service.objects.order_by("id").values())
    result = apply(provider, listed)
    assert (result.created, result.changed, result.unchanged) == (0, 0, 10)
    assert list(Service.objects.order_by("id").values()) == before
    assert len(feed()) == 10


def test_a_changed_rate_is_taken_and_recorded(provider, listed):
    apply(provider, listed)
    result = apply(provider, [replace(listed[0], rate=Decimal("1.23457")), *listed[1:]])
    assert service_of(1).rate == Decimal("1.60495")
    assert service_of(1).routes.get().cost == Decimal("1.23457")
    assert feed("rate") == [("rate", {"rate": "1.30000"}, {"rate": "1.60495"})]
    assert (result.changed, result.unchanged) == (1, 9)


def test_changed_terms_are_one_line_that_names_each(provider, listed):
    apply(provider, listed)
    apply(provider, [replace(listed[0], name="New", min=50, max=900, category="Instagram Post Likes"), *listed[1:]])
    before = {"name": "Likes 1", "min_quantity": 10, "max_quantity": 1000, "category": "Instagram Likes"}
    after = {"name": "New", "min_quantity": 50, "max_quantity": 900, "category": "Instagram Post Likes"}
    assert feed("terms") == [("terms", before, after)]
    assert service_of(1).category.name == "Instagram Post Likes"


def test_another_markup_reprices_everything(provider, listed):
    apply(provider, listed)
    assert apply(provider, listed, markup=Decimal(50)).changed == 10
    assert service_of(1).rate == Decimal("1.5")


def test_a_second_route_changes_its_cost_and_never_the_services_terms(provider):
    first = Provider.objects.create(name="First", api_url="https://first.example/api/v2")
    apply(first, [entry(1)])
    service = Service.objects.get()
    Route.objects.create(service=service, provider=provider, provider_service="9", priority=2)
    result = apply(provider, [entry(9, name="Theirs", rate=Decimal(5))])
    service.refresh_from_db()
    assert service.name == "Likes 1"
    assert Route.objects.get(provider=provider).cost == Decimal(5)
    assert (result.created, result.changed) == (0, 0)


# --- gone


def test_a_service_that_has_gone_is_taken_off_sale_and_comes_back(provider, listed):
    """Fault row 17."""
    apply(provider, listed)
    assert apply(provider, listed[1:]).gone == 1
    assert not service_of(1).active
    assert not service_of(1).routes.get().enabled
    assert feed("gone") == [("gone", {"active": True}, {"active": False})]
    assert apply(provider, listed[1:]).gone == 0
    assert apply(provider, listed).returned == 1
    assert service_of(1).active
    assert service_of(1).inactive_reason == ""
    assert service_of(1).routes.get().enabled
    assert len(feed("enabled")) == 1


@pytest.mark.parametrize("left", [0, 1, 7])
def test_a_list_that_shrank_by_more_than_a_fifth_is_not_believed(provider, listed, left):
    apply(provider, listed)
    result = apply(provider, listed[:left])
    assert (result.gone, result.missing) == (0, 10 - left)
    assert Service.objects.filter(active=True).count() == 10
    assert feed("gone") == []


def test_a_fifth_is_believed(provider, listed):
    apply(provider, listed)
    assert apply(provider, listed[2:]).gone == 2


def test_entries_that_are_listed_but_unusable_are_not_gone(provider, listed):
    apply(provider, listed)
    result = apply(provider, [replace(listed[0], type="Odd"), *listed[2:]], unreadable=["2"])
    assert (result.gone, result.missing) == (0, 0)
    assert service_of(1).active
    assert service_of(2).active


def test_what_staff_took_off_sale_stays_off_sale(provider, listed):
    apply(provider, listed)
    Service.objects.filter(pk=service_of(1).pk).update(active=False, inactive_reason="complaints")
    apply(provider, listed[1:])
    apply(provider, listed)
    assert (service_of(1).active, service_of(1).inactive_reason) == (False, "complaints")


def test_a_service_that_another_provider_delivers_too_stays_on_sale(provider, listed):
    apply(provider, listed)
    other = Provider.objects.create(name="Other", api_url="https://other.example/api/v2")
    service = service_of(1)
    Route.objects.create(service=service, provider=other, provider_service="77", priority=2)
    assert apply(provider, listed[1:]).gone == 0
    service.refresh_from_db()
    assert service.active
    assert not service.routes.get(provider=provider).enabled
    assert service.routes.get(provider=other).enabled


# --- size


def test_the_number_of_statements_does_not_grow_with_the_list(provider):
    """1,200 services, new or all changed, in some dozen statements; row by row it would be thousands."""

    def statements(remote):
        with CaptureQueriesContext(connection) as queries:
            apply(provider, remote)
        return len(queries)

    many = [entry(number, category=f"Instagram Likes {number % 40}") for number in range(1200)]
    assert statements(many) <= 32
    assert statements(many) <= 20
    assert statements([replace(one, rate=Decimal(2), min=20) for one in many]) <= 32


# --- over HTTP, from the real simulator


@pytest.fixture
def upstream(simulate, provider, settings):  # noqa: F811
    simulator = simulate()
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{simulator.port}"]
    Provider.objects.filter(pk=provider.pk).update(api_url=f"http://127.0.0.1:{simulator.port}/api/v2")
    return simulator


def sync(*arguments):
    out, err = StringIO(), StringIO()
    call_command("sync_catalogue", "--apply", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_whole_catalogue_comes_over_http_and_a_second_run_changes_nothing(upstream):
    out, err = sync()
    count = Service.objects.filter(active=True).count()
    assert count == Service.objects.count() >= 1200
    assert Category.objects.count() == 40
    assert len(set(Service.objects.values_list("platform", flat=True))) == 8
    assert f"{count:,} new" in out
    assert err.splitlines()[0] == "Upstream: fetching the catalogue"
    assert "#" not in err  # the bar is for a terminal
    assert f"0 new, 0 changed, {count:,} unchanged" in sync()[0]
    assert CatalogueChange.objects.count() == count


def test_without_apply_the_command_shows_what_differs_and_changes_nothing(upstream, provider):
    sync("--markup", "0")
    Service.objects.filter(pk=service_of(1001).pk).update(max_quantity=60_000)
    Service.objects.filter(pk=service_of(1002).pk).update(name="By hand")
    before = list(Service.objects.order_by("id").values())
    out = StringIO()

    call_command("sync_catalogue", "--markup", "0", stdout=out, stderr=StringIO())

    said = out.getvalue()
    assert "Upstream: 2 changes wait." in said
    assert "    1001 Instagram Followers" in said
    assert "most 60,000 → 50,000" in said
    assert "  ? 1002 By hand: → Instagram Followers" in said
    assert list(Service.objects.order_by("id").values()) == before


def test_imports_before_this_release_are_known_to_have_closed_their_routes(provider, listed):
    """The migration says on the route what was said on the service, so that an import opens it again."""
    apply(provider, listed)
    apply(provider, listed[1:])
    Route.objects.update(closed_because="")
    migration = import_module("orders.migrations.0014_catalogue_syncs")
    with connection.cursor() as cursor:
        cursor.execute(migration.GONE)
    assert list(Route.objects.exclude(closed_because="").values_list("provider_service", "closed_because")) == [
        ("1", "gone")
    ]
    assert apply(provider, listed).returned == 1


def test_another_markup_on_the_command_line_reprices(upstream):
    sync("--markup", "0")
    before = {service.pk: service.rate for service in Service.objects.all()}
    sync("--markup", "100")
    assert all(service.rate == 2 * before[service.pk] for service in Service.objects.all())


def test_a_terminal_gets_a_progress_bar(upstream):
    class Terminal(StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    call_command("sync_catalogue", "--apply", stdout=StringIO(), stderr=screen, no_color=True)
    assert f"] {Service.objects.count():,} of {Service.objects.count():,}\n" in screen.getvalue()


def test_a_provider_that_answers_nonsense_changes_nothing_and_is_named(upstream):
    sync()
    upstream.fault("html", action="services")
    with pytest.raises(CommandError, match="Upstream: wrong shape"):
        sync()
    upstream.fault("empty", action="services")
    with pytest.raises(CommandError, match="Upstream"):
        sync()
    assert not Service.objects.filter(active=False).exists()


def test_an_empty_list_takes_nothing_off_sale(upstream, provider, settings):
    sync()
    with listening(saying(http(b"[]"))) as listener:
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{listener.port}"]
        Provider.objects.filter(pk=provider.pk).update(api_url=f"http://127.0.0.1:{listener.port}/api/v2")
        assert "too many to believe it" in sync()[0]
    assert not Service.objects.filter(active=False).exists()


def test_a_provider_with_another_currency_is_refused(simulate, provider, settings):  # noqa: F811
    simulator = simulate("--currency", "TRY")
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{simulator.port}"]
    Provider.objects.filter(pk=provider.pk).update(api_url=f"http://127.0.0.1:{simulator.port}/api/v2")
    with pytest.raises(CommandError, match="TRY"):
        sync()
    assert Service.objects.count() == 0


def test_without_a_provider_the_command_says_so():
    with pytest.raises(CommandError, match="No provider is enabled"):
        sync()
    with pytest.raises(CommandError, match="No such provider"):
        sync("--provider", "99")
    with pytest.raises(CommandError, match="percentage"):
        sync("--markup", "cheap")
