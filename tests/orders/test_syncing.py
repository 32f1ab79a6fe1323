"""A provider's list is staged, what needs nobody happens, and the rest waits for staff (fault row 17)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Alarm, Outgoing, User
from orders.models import CatalogueChange, CatalogueSync, Provider, Route, Service, SyncChange
from orders.operations import catalogue, connecting, editing
from orders.operations.catalogue import staging
from orders.operations.placing import Refused
from orders.syncing import lists_due, read_list
from policies.rules.catalogue import RemoteService
from policies.rules.syncing import Guards
from tests.factories import NOON, ProviderFactory, ServiceFactory
from tests.orders.syncing import Lister, staged

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def lister(upstream, settings):
    """Ten services of the real simulator, the first of them ours already."""
    settings.ALARM_EMAIL = "owner@example.test"
    return Lister(upstream.simulator, upstream.provider)


@pytest.fixture
def owner():
    return User.objects.create_superuser("owner@staff.test")


@pytest.fixture
def sold(lister, owner):
    """The same, all of them taken over and on sale."""
    take_all(lister.read(NOON), owner)
    assert Service.objects.filter(active=True).count() == 10
    return lister


def ids(sync, **filters):
    return list(SyncChange.objects.filter(sync=sync, **filters).values_list("pk", flat=True))


def take_all(sync, owner, now=NOON):
    return catalogue.apply_changes(change_ids=ids(sync), staff=owner, now=now)


def service_of(lister, place=0):
    return Route.objects.get(provider=lister.provider, provider_service=str(lister.rows[place]["service"])).service


def rated(lister, place, factor):
    """The entry's rate times something, as the wire has it."""
    return f"{Decimal(lister.rows[place]['rate']) * Decimal(factor):.5f}"


def alarms():
    told = Outgoing.objects.filter(key__startswith="alarm:").order_by("pk")
    return list(told.values_list("subject", flat=True))


class TestStaging:
    def test_what_is_new_waits_for_a_person_and_is_sold_once_taken(self, lister, owner):
        """Ecosystem 3: a preview, and nothing sold or repriced that nobody has seen."""
        before = Service.objects.count()

        sync = lister.read(NOON)

        assert (sync.state, sync.listed, sync.finding) == ("open", 10, "")
        assert staged(sync, kind="new") == [("new", "waiting")] * 9
        assert Service.objects.count() == before
        outcome = catalogue.apply_changes(change_ids=ids(sync, kind="new"), staff=owner, now=LATER)
        assert len(outcome.made) == 9
        made = service_of(lister, 1)
        assert made.rate == (Decimal(lister.rows[1]["rate"]) * Decimal("1.3")).quantize(Decimal("0.00001"))
        change = CatalogueChange.objects.get(service=made)
        assert (change.kind, change.actor, change.at) == ("new", f"staff:{owner.pk}", LATER)
        assert SyncChange.objects.get(service=made).decided_by == f"staff:{owner.pk}"

    def test_a_list_of_which_nothing_waits_is_done(self, lister, owner):
        sync = lister.read(NOON)
        take_all(sync, owner)

        sync.refresh_from_db()
        assert sync.state == "done"

    def test_the_same_list_again_is_the_same_row_checked_later(self, sold, lister):
        first, again = lister.read(NOON), lister.read(LATER)

        assert first == again
        assert (again.fetched_at, again.checked_at) == (NOON, LATER)
        assert CatalogueChange.objects.filter(at=LATER).count() == 0

    def test_a_waiting_list_that_says_the_same_is_not_staged_twice(self, lister):
        first, again = lister.read(NOON), lister.read(LATER)

        assert first == again
        assert SyncChange.objects.waiting().count() == SyncChange.objects.filter(sync=first, state="waiting").count()

    def test_a_later_list_replaces_what_nobody_decided(self, lister):
        first = lister.read(NOON)
        lister.change(3, name="Another name")

        second = lister.read(LATER)

        first.refresh_from_db()
        assert (first.state, second.state) == ("superseded", "open")
        assert not SyncChange.objects.waiting().filter(sync=first).exists()
        assert len(ids(second, kind="new", state="waiting")) == 9

    def test_what_was_dismissed_is_not_asked_again_until_it_is_another(self, sold, owner):
        lister = sold
        lister.change(1, name="Renamed")
        sync = lister.read(NOON)
        assert catalogue.dismiss_changes(change_ids=ids(sync, kind="name"), staff=owner, now=NOON) == 1

        same = lister.read(LATER)
        assert "name" not in dict(staged(same, state="waiting"))
        lister.change(1, name="Renamed again")
        assert dict(staged(lister.read(LATER)))["name"] == "waiting"
        assert service_of(lister, 1).name != "Renamed"

    def test_what_was_dismissed_can_still_be_taken(self, lister, owner):
        sync = lister.read(NOON)
        catalogue.dismiss_changes(change_ids=ids(sync, kind="new"), staff=owner, now=NOON)

        assert len(catalogue.apply_changes(change_ids=ids(sync, kind="new"), staff=owner, now=LATER).made) == 9

    def test_what_staff_changed_meanwhile_is_not_overwritten(self, sold, owner):
        lister = sold
        lister.change(1, name="Renamed", max="77777")
        sync = lister.read(NOON)
        service = service_of(lister, 1)
        editing.save_service(service_id=service.pk, values={"name": "By hand"}, actor="staff:1", now=NOON)

        outcome = take_all(sync, owner)

        service.refresh_from_db()
        assert (service.name, service.max_quantity, outcome.overtaken) == ("By hand", 77_777, 1)
        assert "changed meanwhile" in SyncChange.objects.get(sync=sync, kind="name").problem

    def test_a_route_made_by_hand_meanwhile_is_not_made_twice(self, lister, owner):
        sync = lister.read(NOON)
        number = str(lister.rows[1]["service"])
        Route.objects.create(service=ServiceFactory(routed=False), provider=lister.provider, provider_service=number)

        assert len(take_all(sync, owner).made) == 8
        assert Route.objects.filter(provider_service=number).count() == 1

    def test_only_who_may_decides(self, lister):
        sync, somebody = lister.read(NOON), User.objects.create_user("clerk@staff.test", is_staff=True)

        for act in (catalogue.apply_changes, catalogue.dismiss_changes):
            with pytest.raises(PermissionDenied):
                act(change_ids=ids(sync), staff=somebody, now=NOON)
        with pytest.raises(PermissionDenied):
            catalogue.ask(provider_id=lister.provider.pk, staff=somebody, now=NOON)
        assert len(staged(sync, state="waiting")) >= 9

    def test_the_database_refuses_two_lists_that_wait_and_a_decision_without_a_time(self, lister):
        """The control: the operation cannot be the only guard."""
        sync = lister.read(NOON)
        with pytest.raises(IntegrityError, match="one_list_a_provider_waits"), transaction.atomic():
            CatalogueSync.objects.create(provider=lister.provider, state="open", fetched_at=NOON, checked_at=NOON)
        with pytest.raises(IntegrityError, match="a_decided_change_says_when"), transaction.atomic():
            SyncChange.objects.filter(sync=sync).update(state="applied", decided_at=None)
        with pytest.raises(IntegrityError, match="a_route_closed_by_an_import_is_closed"), transaction.atomic():
            Route.objects.update(closed_because="gone", enabled=True)


class TestARateThatRises:
    def test_past_the_margin_pauses_the_service_before_its_next_order(self, sold, upstream):
        """Fault row 17: the first order goes on at its price, the next is refused, and staff are told."""
        lister, service = sold, service_of(sold)
        order = upstream.order()
        lister.change(0, rate=rated(lister, 0, 2))

        sync = lister.read(LATER)

        service.refresh_from_db()
        assert (service.active, service.inactive_reason) == (False, catalogue.REASONS["cost"])
        assert dict(staged(sync)) == {"cost": "applied", "pause": "applied", "price": "waiting"}
        with pytest.raises(Refused):
            upstream.order()
        assert upstream.send() == 1
        assert upstream.ended(order).status == "completed"
        assert alarms() == [f"Services of {lister.provider} are paused: 1"]
        newest = CatalogueChange.objects.filter(service=service).order_by("-pk").first()
        assert (newest.kind, newest.actor, newest.at) == ("disabled", "system", LATER)

    def test_accepting_the_new_price_sells_it_again(self, sold, upstream, owner):
        lister, service = sold, service_of(sold)
        lister.change(0, rate=rated(lister, 0, 2))
        sync = lister.read(LATER)

        catalogue.apply_changes(change_ids=ids(sync, kind="price"), staff=owner, now=LATER)

        service.refresh_from_db()
        assert (service.active, service.inactive_reason) == (True, "")
        assert service.rate == (Decimal(lister.rows[0]["rate"]) * Decimal("1.3")).quantize(Decimal("0.00001"))
        assert upstream.order().charge == service.rate
        sync.refresh_from_db()
        assert sync.state == "done"

    def test_falling_again_sells_it_again_without_anybody(self, sold):
        lister, service, usual = sold, service_of(sold), sold.rows[0]["rate"]
        lister.change(0, rate=rated(lister, 0, 2))
        lister.read(NOON)
        lister.change(0, rate=usual)

        lister.read(LATER)

        service.refresh_from_db()
        assert service.active
        assert service.routes.get().closed_because == ""

    def test_within_the_margin_goes_on_at_our_price(self, sold, upstream):
        lister, service = sold, service_of(sold)
        lister.change(0, rate=rated(lister, 0, "1.1"))

        sync = lister.read(LATER)

        assert dict(staged(sync)) == {"cost": "applied", "price": "waiting"}
        assert upstream.order().charge == service.rate
        assert service.routes.get().cost == Decimal(lister.rows[0]["rate"])
        assert not Alarm.objects.filter(cleared_at=None).exists()

    def test_where_another_provider_delivers_it_only_this_way_is_closed(self, sold, upstream):
        lister, service = sold, service_of(sold)
        other = ProviderFactory()
        Route.objects.create(service=service, provider=other, provider_service="5", priority=2)
        lister.change(0, rate=rated(lister, 0, 2))

        lister.read(LATER)

        service.refresh_from_db()
        assert service.active
        assert (service.routes.get(provider=lister.provider).enabled, service.routes.get(provider=other).enabled) == (
            False,
            True,
        )
        assert upstream.run(upstream.order()).provider_id == other.pk

    def test_two_readings_with_a_rise_between_tell_once(self, sold):
        lister = sold
        lister.change(0, rate=rated(lister, 0, 2))
        lister.read(NOON)
        lister.read(LATER)

        assert len(alarms()) == 1

    def test_what_staff_open_by_hand_stays_open(self, sold):
        """A loss may be meant: the provider's rate has not risen since."""
        lister, service = sold, service_of(sold)
        lister.change(0, rate=rated(lister, 0, 2))
        lister.read(NOON)
        route = service.routes.get()
        route.enabled = True
        editing.save_routes(service_id=service.pk, routes=[route], removed=[], actor="staff:1", now=NOON)
        editing.switch_services(service_ids=[service.pk], active=True, reason="", actor="staff:1", now=NOON)

        lister.read(LATER)

        service.refresh_from_db()
        assert service.active
        assert service.routes.get().closed_because == ""

    def test_staged_alone_changes_nothing(self, sold):
        """The control: what pauses is applying it."""
        lister = sold
        lister.change(0, rate=rated(lister, 0, 2))
        catalogue.stage(provider_id=lister.provider.pk, listed=[entry(1)], unreadable=(), now=LATER)

        assert not Service.objects.filter(active=False).exists()


class TestTermsThatChange:
    def test_fewer_quantities_hold_at_once_and_open_orders_keep_theirs(self, sold, upstream):
        lister, service = sold, service_of(sold)
        order = upstream.order(quantity=1000)
        lister.change(0, max="500")

        sync = lister.read(LATER)

        assert staged(sync) == [("narrower", "applied")]
        service.refresh_from_db()
        assert service.max_quantity == 500
        with pytest.raises(Refused):
            upstream.order(quantity=1000)
        upstream.send()
        assert upstream.ended(order).status == "completed"

    def test_more_quantities_wait(self, sold):
        lister, service = sold, service_of(sold)
        lister.change(0, max="5000000")

        sync = lister.read(LATER)

        assert staged(sync) == [("wider", "waiting")]
        service.refresh_from_db()
        assert service.max_quantity == 50_000

    def test_a_refill_that_ended_is_not_sold_any_more(self, sold, upstream):
        """R41: an order keeps the terms it was placed on."""
        lister, service = sold, service_of(sold)
        assert service.refill is True
        order = upstream.order()
        lister.change(0, refill=False, refill_days=0)

        assert staged(lister.read(LATER)) == [("less", "applied")]

        service.refresh_from_db()
        order.refresh_from_db()
        assert (service.refill, order.refill) == (False, True)
        assert CatalogueChange.objects.filter(service=service, kind="terms", actor="system").exists()

    def test_another_type_pauses_until_somebody_has_looked(self, sold, upstream, owner):
        lister, service = sold, service_of(sold)
        lister.change(0, type="Package", min="1", max="1")

        sync = lister.read(LATER)

        service.refresh_from_db()
        assert (service.active, service.type) == (False, "Default")
        assert dict(staged(sync))["type"] == "waiting"
        take_all(sync, owner)
        service.refresh_from_db()
        assert (service.active, service.type, service.max_quantity) == (True, "Package", 1)

    def test_a_text_with_a_claim_is_refused_and_says_which(self, sold, owner):
        lister, service = sold, service_of(sold, 1)
        lister.change(1, name="Likes, guaranteed")
        sync = lister.read(NOON)

        take_all(sync, owner)

        change = SyncChange.objects.get(sync=sync, kind="name")
        assert (change.state, service.name) == ("refused", service_of(lister, 1).name)
        assert "“guaranteed” (refund.12.1)" in change.problem
        assert staged(lister.read(LATER), state="waiting") == []


class TestAListNobodyBelieves:
    def test_an_empty_list_takes_nothing_off_sale_and_alarms_once(self, sold, upstream):
        """Fault row 17."""
        lister = sold
        lister.list([])

        sync = lister.read(NOON)
        assert lister.read(LATER) == sync

        assert (sync.state, sync.finding, sync.missing) == ("refused", "empty_list", 10)
        assert staged(sync) == []
        assert not Service.objects.filter(active=False).exists()
        assert upstream.order().status == "queued"
        assert alarms() == [f"The list of {lister.provider} is not believed"]

    def test_what_waited_before_an_empty_list_still_waits(self, lister):
        first = lister.read(NOON)
        lister.list([])
        lister.read(LATER)

        first.refresh_from_db()
        assert first.state == "open"

    @pytest.mark.parametrize("left", [5, 7])
    def test_half_a_list_takes_nothing_off_sale_and_alarms(self, sold, left):
        lister = sold
        lister.list(lister.rows[:left])

        sync = lister.read(NOON)

        assert (sync.state, sync.finding, sync.missing) == ("open", "list_shrank", 10 - left)
        assert set(staged(sync)) == {("gone", "waiting")}
        assert not Service.objects.filter(active=False).exists()
        assert not Route.objects.filter(enabled=False).exists()
        assert alarms() == [f"The list of {lister.provider} is not believed"]
        lister.list(lister.rows)
        assert dict(staged(lister.read(LATER), state="waiting")) == {}
        assert not SyncChange.objects.waiting().exists()
        assert not Alarm.objects.filter(cleared_at=None).exists()

    def test_without_that_rule_half_a_list_would_have_taken_half_of_it_off_sale(self, sold):
        """The negative control of the test above: the same list, and a rule that believes anything."""
        lister = sold
        listed = [remote(row) for row in lister.rows[:5]]
        credulous = Guards(markup=Decimal(30), least_margin=Decimal(5), most_gone=100)

        result = catalogue.stage(
            provider_id=lister.provider.pk, listed=listed, unreadable=(), now=LATER, guards=credulous
        )
        catalogue.apply_safe(sync_id=result.sync_id, actor="system", now=LATER)

        assert Service.objects.filter(active=False, inactive_reason=catalogue.GONE).count() == 5

    def test_a_person_may_believe_it(self, sold, owner):
        lister = sold
        lister.list(lister.rows[:5])

        take_all(lister.read(NOON), owner)

        assert Service.objects.filter(active=False, inactive_reason=catalogue.GONE).count() == 5

    def test_not_believing_it_once_hides_no_service_that_goes_later(self, sold, owner):
        lister = sold
        lister.list(lister.rows[:5])
        sync = lister.read(NOON)
        catalogue.dismiss_changes(change_ids=ids(sync), staff=owner, now=NOON)
        lister.list(lister.rows[:9])

        assert staged(lister.read(LATER)) == [("gone", "applied")]

    def test_one_that_went_goes_by_itself_and_comes_back_by_itself(self, sold, upstream):
        lister, service = sold, service_of(sold)
        lister.list(lister.rows[1:])
        lister.read(NOON)
        service.refresh_from_db()
        assert (service.active, service.inactive_reason) == (False, catalogue.GONE)
        lister.list(lister.rows)
        lister.read(LATER)
        service.refresh_from_db()
        assert service.active
        assert upstream.order().status == "queued"


class TestNonsense:
    @pytest.mark.parametrize("trouble", ["html", "empty", "garbage", "http_500", "drop"])
    def test_an_answer_that_is_no_list_changes_nothing_and_the_second_tells_staff(self, sold, trouble):
        lister = sold
        before = SyncChange.objects.count()

        lister.simulator.fault(trouble, action="services", next=2)
        sync = lister.read(NOON)
        assert (sync.state, alarms()) == ("failed", [])
        assert lister.read(LATER) == sync

        assert alarms() == [f"The list of {lister.provider} cannot be read"]
        assert SyncChange.objects.count() == before
        assert lister.read(LATER + timedelta(hours=1)).state == "done"
        assert not Alarm.objects.filter(cleared_at=None).exists()

    def test_a_provider_that_is_switched_off_troubles_nobody_any_more(self, sold):
        sold.list([])
        sold.read(NOON)
        assert Alarm.objects.filter(cleared_at=None).exists()

        connecting.save_provider(provider_id=sold.provider.pk, values={"enabled": False}, by="staff:1", now=LATER)

        assert not Alarm.objects.filter(cleared_at=None).exists()

    @pytest.mark.parametrize("listed", [{"error": "No"}, {"services": []}, "none", 7])
    def test_something_else_than_a_list_is_not_read(self, sold, listed):
        sold.list(listed)

        assert sold.read(LATER).state == "failed"

    @pytest.mark.parametrize("row", [None, "x", 7, [], {}, {"service": 1}, {"service": "x", "name": "y"}])
    def test_entries_that_make_no_sense_are_counted_and_nothing_is_concluded(self, sold, row):
        lister = sold
        lister.list([*lister.rows, row])

        sync = lister.read(LATER)

        assert (sync.listed, sync.unreadable, staged(sync, state="waiting")) == (10, 1, [])
        assert not Service.objects.filter(active=False).exists()

    def test_a_list_of_nothing_but_nonsense_is_not_believed(self, sold):
        sold.list([{"service": 1}, "x"])

        sync = sold.read(LATER)

        assert (sync.state, sync.finding) == ("refused", "nothing_readable")
        assert not Service.objects.filter(active=False).exists()

    @pytest.mark.parametrize("rate", ["1,20", "NaN", "-1", "Infinity", "", "1e99", True, [], {}, "٣"])
    def test_a_rate_that_is_none_leaves_the_service_as_it_is(self, sold, rate):
        lister, service, usual = sold, service_of(sold), Decimal(sold.rows[0]["rate"])
        lister.change(0, rate=rate)

        sync = lister.read(LATER)

        service.refresh_from_db()
        known = service.routes.get().cost
        if rate == "٣":  # an Arabic three is a number, and dear enough to pause
            assert (service.active, known) == (False, Decimal(3))
        else:
            assert (sync.unreadable, service.active, known) == (1, True, usual)

    @pytest.mark.parametrize("rate", [" 0.8 ", 0.8, "0.80", "8e-1", "0.800001"])
    def test_a_rate_in_another_spelling_is_the_same_rate(self, sold, rate):
        lister = sold
        lister.change(0, rate=rate)
        lister.read(NOON)

        assert service_of(lister).routes.get().cost == Decimal("0.8")

    def test_a_number_listed_twice_counts_once(self, sold):
        lister = sold
        lister.list([*lister.rows, {**lister.rows[0], "rate": "99", "name": "Twice"}])

        sync = lister.read(LATER)

        assert (sync.left_out, staged(sync, state="waiting")) == (1, [])
        assert service_of(lister).name != "Twice"

    @pytest.mark.parametrize(
        "name",
        [
            "<script>alert(1)</script>",
            "'; DROP TABLE orders_service; --",
            "{{ 7*7 }} {% debug %}",
            "a\x00b\x1b[31m\u202e\u200fc",
            "N" * 10_000,
            "\\\"{}'%s%(x)s",
            "🦄" * 300,
        ],
    )
    def test_a_hostile_name_is_text(self, lister, owner, name):
        lister.change(1, name=name, category=name, desc=name)

        take_all(lister.read(NOON), owner)

        service = service_of(lister, 1)
        assert service.name == "".join(sign for sign in name if sign.isprintable())[:255]
        assert len(service.category.name) <= 120
        assert "\x00" not in service.description


class TestWhenAListIsRead:
    def test_at_its_interval_and_by_one_reader(self, lister):
        provider = lister.provider
        Provider.objects.update(sync_minutes=30, sync_due_at=None)
        assert lists_due(now=NOON) == [provider.pk]
        asked = lister.simulator.watch()["requests"]["services"]

        read_list(provider_id=provider.pk, now=NOON)
        read_list(provider_id=provider.pk, now=NOON)

        assert lister.simulator.watch()["requests"]["services"] == asked + 1
        assert lists_due(now=NOON + timedelta(minutes=29)) == []
        assert lists_due(now=NOON + timedelta(minutes=30)) == [provider.pk]

    def test_a_reader_that_died_is_followed_by_another(self, lister):
        assert catalogue.claim(provider_id=lister.provider.pk, now=NOON)
        assert not catalogue.claim(provider_id=lister.provider.pk, now=NOON)

        assert lists_due(now=NOON + timedelta(minutes=4)) == []
        assert lists_due(now=NOON + timedelta(minutes=5)) == [lister.provider.pk]

    def test_never_by_itself_with_an_interval_of_none_but_when_asked(self, lister, owner):
        provider = lister.provider
        Provider.objects.update(sync_minutes=0, sync_due_at=None)
        assert lists_due(now=NOON) == []

        catalogue.ask(provider_id=provider.pk, staff=owner, now=NOON)

        assert lists_due(now=NOON) == [provider.pk]
        read_list(provider_id=provider.pk, now=NOON)
        assert lists_due(now=NOON + timedelta(days=9)) == []

    def test_not_of_a_provider_that_is_switched_off(self, lister, owner):
        Provider.objects.update(enabled=False)

        assert lists_due(now=NOON) == []
        with pytest.raises(catalogue.NotListed):
            catalogue.ask(provider_id=lister.provider.pk, staff=owner, now=NOON)

    def test_rates_in_another_currency_are_not_ours(self, lister, settings):
        settings.CURRENCY = "EUR"

        sync = lister.read(NOON)

        assert (sync.state, SyncChange.objects.count()) == ("failed", 0)
        assert "USD" in sync.finding

    def test_a_key_that_cannot_be_decrypted_is_told(self, lister):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_provider SET api_key = 'nonsense'")

        assert "decrypted" in lister.read(NOON).finding


class TestSize:
    def test_five_thousand_services_take_a_handful_of_statements(self, owner):
        """P11's size: the same for ten services, so that a longer list costs rows and no round trips."""
        small, large = (self._statements(ProviderFactory(), size, owner) for size in (10, 5000))

        assert [large[step] - small[step] <= 12 for step in small] == [True] * len(small), (small, large)
        assert max(large.values()) <= 40, large

    def test_what_was_replaced_long_ago_goes_without_a_join(self, owner):
        """Through one, the planner loops over the table for each of its rows where its statistics are old."""
        provider = ProviderFactory()
        for rate in (1, 2):
            listed = [entry(number, rate=Decimal(rate)) for number in range(1, 4)]
            catalogue.stage(provider_id=provider.pk, listed=listed, unreadable=(), now=NOON)
        assert SyncChange.objects.filter(state="superseded").count() == 3
        much_later = NOON + staging.KEPT + timedelta(days=1)

        with CaptureQueriesContext(connection) as queries:
            catalogue.stage(provider_id=provider.pk, listed=[entry(1)], unreadable=(), now=much_later)

        assert not SyncChange.objects.filter(state="superseded", decided_at=NOON).exists()
        (deleted,) = [each["sql"] for each in queries if each["sql"].startswith('DELETE FROM "orders_syncchange"')]
        assert ("JOIN" in deleted, "SELECT" in deleted) == (False, False)

    def _statements(self, provider, size, owner):
        """Statements of each step: staging and taking what is new, the same again, everything dearer and safe."""
        numbers = {}

        def counted(step, work):
            with CaptureQueriesContext(connection) as queries:
                result = work()
            numbers[step] = len(queries)
            return result

        def stage(factor, **changes):
            listed = [entry(number, rate=Decimal(factor), **changes) for number in range(1, size + 1)]
            return catalogue.stage(provider_id=provider.pk, listed=listed, unreadable=(), now=NOON)

        new = counted("stage new", lambda: stage(1))
        counted("take new", lambda: take_all(new.sync_id, owner))
        counted("stage the same", lambda: stage(1))
        dearer = counted("stage changed", lambda: stage(2, min=20, max=900, pace=5))
        counted("apply safe", lambda: catalogue.apply_safe(sync_id=dearer.sync_id, actor="system", now=NOON))
        assert Service.objects.filter(routes__provider=provider, active=False, max_quantity=900).count() == size
        counted("dismiss", lambda: catalogue.dismiss_changes(change_ids=ids(dearer.sync_id), staff=owner, now=NOON))
        return numbers


def entry(number, **changes):
    stated = {
        "name": f"Likes {number}",
        "category": f"Instagram Likes {number % 40}",
        "type": "Default",
        "rate": Decimal(1),
        "min": 10,
        "max": 1000,
    }
    return RemoteService(provider_service=str(number), **{**stated, **changes})


def remote(row):
    """An entry of the simulator's list, as the adapter reads it."""
    return RemoteService(
        provider_service=str(row["service"]),
        name=row["name"],
        category=row["category"],
        type=row["type"],
        rate=Decimal(row["rate"]),
        min=int(row["min"]),
        max=int(row["max"]),
        refill=row["refill"],
        refill_days=row["refill_days"],
        cancel=row["cancel"],
        dripfeed=row["dripfeed"],
        description=row["desc"],
        average_minutes=int(row["average_time"]),
        platform=row["platform"],
        metric=row["metric"],
        pace=row["pace"],
    )
