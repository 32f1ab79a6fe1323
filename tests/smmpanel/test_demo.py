"""The demo: known logins, real money operations, a key that survives a restart; refused in production."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.models import ApiKey, User
from orders.models import Category, Provider, Service
from policies import operations as policies
from tests.simulator.conftest import Simulator
from wallet import operations as wallet

pytestmark = pytest.mark.django_db
WHERE = ["--url", "http://127.0.0.1:8000", "--api-url", "http://127.0.0.1:8000/api/v2"]


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    """The demo's provider, as its own process."""
    running = Simulator(tmp_path_factory.mktemp("demo"))
    yield running
    running.stop()


@pytest.fixture
def run(tmp_path, settings, simulator):
    """Seed, fill in the demo and return what the file says."""
    settings.DEMO = True
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{simulator.port}"]
    out = tmp_path / "demo.json"

    def fill():
        call_command("seed")
        call_command("demo", *WHERE, "--simulator-url", f"http://127.0.0.1:{simulator.port}", "--out", str(out))
        return json.loads(out.read_text())

    fill.out = out
    return fill


def test_the_file_holds_addresses_and_logins_that_work(run, client, settings):
    facts = run()
    people = [facts["customer"], *facts["staff"].values()]

    assert facts["api_url"] == "http://127.0.0.1:8000/api/v2"
    assert set(facts["staff"]) == {"owner", "support", "finance"}
    for person in people:
        assert client.login(email=person["email"], password=person["password"])
    assert run.out.stat().st_mode & 0o077 == 0


def test_the_customer_is_funded_once_however_often_it_runs(run, now):
    first, second = run(), run()
    customer = User.objects.get(email=first["customer"]["email"])

    assert wallet.balance_of(customer.pk) == 1000
    assert second == first
    assert keys.authenticate(second["customer"]["api_key"], now) == customer
    assert ApiKey.objects.count() == 1


def test_the_simulators_whole_catalogue_is_on_sale_and_imported_once(run):
    run()
    services, categories = Service.objects.on_sale().count(), Category.objects.count()
    run()

    assert services >= 1200
    assert categories == 40
    assert (Service.objects.on_sale().count(), Provider.objects.count()) == (services, 1)


def test_a_second_run_follows_the_simulator_to_another_port(run):
    run()
    Provider.objects.update(api_url="http://127.0.0.1:1/api/v2")

    facts = run()

    assert Provider.objects.get().api_url == f"{facts['simulator_url']}/api/v2"


def test_the_customers_program_may_order_without_a_tick(run, now):
    run()
    customer = User.objects.get(email="customer@demo.test")

    assert not policies.missing_acceptances(user_id=customer.pk, by_key=True, now=now.replace(year=2027))


def test_a_revoked_key_is_replaced(run, now):
    first = run()
    key = ApiKey.objects.get()
    keys.revoke(user_id=key.user_id, key_id=key.pk, now=now)

    assert run()["customer"]["api_key"] != first["customer"]["api_key"]


def test_a_lost_file_gives_a_new_key_and_ends_the_old_one(run, now):
    first = run()["customer"]["api_key"]
    run.out.unlink()
    second = run()["customer"]["api_key"]

    assert keys.authenticate(first, now) is None
    assert keys.authenticate(second, now) is not None


def test_production_refuses_demo_accounts(run, settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="known passwords"):
        run()
    assert not User.objects.exists()
