"""Stopping selling or sending: turned by who may, with a reason, told to staff and customers (decision 29)."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection
from django.test import Client
from django.urls import reverse

from accounts import operations as accounts
from accounts.models import Alarm, Outgoing, User
from orders.models import Switches, SwitchTurn
from orders.operations import seeding, switches
from orders.operations.switches import Switch
from tests.factories import NOON, CustomerFactory, OrderFactory, ServiceFactory
from tests.orders.buyer import Buyer

pytestmark = pytest.mark.django_db

NO_ORDERS_NOW = "We are not taking new orders now."
NOT_SENT_NOW = "We have stopped sending orders for now."


@pytest.fixture
def owner() -> User:
    accounts.seed()
    seeding.seed()
    user = User.objects.create_user("owner@example.test", is_staff=True)
    user.groups.add(Group.objects.get(name="owner"))
    return user


def turn(
    owner: User, switch: Switch = Switch.SELLING, *, stopped: bool = True, reason: str = "Provider is down"
) -> None:
    switches.turn(staff=owner, switch=switch, stopped=stopped, reason=reason, now=NOON)


class TestTurning:
    @pytest.mark.parametrize(("switch", "stands"), [(Switch.SELLING, (True, False)), (Switch.DISPATCH, (False, True))])
    def test_stops_one_thing_and_keeps_who_when_and_why(self, owner, switch, stands):
        turn(owner, switch)

        row, kept = Switches.objects.get(), SwitchTurn.objects.get()
        assert (row.stop_selling, row.stop_dispatch) == stands
        assert (kept.switch, kept.stopped, kept.reason) == (switch, True, "Provider is down")
        assert (kept.actor, kept.at) == (f"staff:{owner.pk}", NOON)

    def test_twice_the_same_way_is_refused_and_recorded_once(self, owner):
        turn(owner)

        with pytest.raises(switches.TurnedAlready):
            turn(owner)
        assert SwitchTurn.objects.count() == 1

    def test_needs_a_reason(self, owner):
        with pytest.raises(ValueError, match="reason"):
            turn(owner, reason="  ")
        assert not Switches.objects.get().stop_selling

    @pytest.mark.parametrize("group", ["support", "finance"])
    def test_is_for_the_owner(self, owner, group):
        person = User.objects.create_user(f"{group}@example.test", is_staff=True)
        person.groups.add(Group.objects.get(name=group))

        with pytest.raises(PermissionDenied):
            turn(person)

    @pytest.mark.parametrize(
        "statement", ["UPDATE orders_switchturn SET reason = 'x'", "DELETE FROM orders_switchturn"]
    )
    def test_what_was_turned_is_written_once(self, owner, statement):
        turn(owner)

        with pytest.raises(DatabaseError, match="written once"), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_the_database_wants_a_reason_too(self):
        with pytest.raises(IntegrityError, match="switch_is_turned_for_a_reason"):
            SwitchTurn.objects.create(switch="selling", stopped=True, reason="", actor="staff:1", at=NOON)


class TestAlarms:
    def test_staff_are_told_while_something_is_stopped(self, owner, settings):
        settings.ALARM_EMAIL = "ops@example.test"
        turn(owner, Switch.DISPATCH)

        alarm = Alarm.objects.get()
        assert (alarm.subject, alarm.lasts, alarm.is_open) == ("Sending is stopped", True, True)
        assert "owner@example.test stopped it: Provider is down" in alarm.body
        assert Outgoing.objects.get().subject == "Sending is stopped"

        turn(owner, Switch.DISPATCH, stopped=False)

        alarm.refresh_from_db()
        assert (alarm.cleared_at, alarm.cleared_by) == (NOON, f"staff:{owner.pk}")

    def test_each_switch_has_its_own(self, owner):
        turn(owner, Switch.DISPATCH)
        turn(owner, Switch.SELLING)
        turn(owner, Switch.DISPATCH, stopped=False)

        assert Alarm.objects.get(cleared_at=None).subject == "Selling is stopped"


class TestWhatCustomersRead:
    def test_that_no_orders_are_taken_and_nothing_of_it_otherwise(self, owner):
        buyer, service = Buyer(), ServiceFactory()
        pages = [
            reverse("orders:services"),
            reverse("orders:service", args=[service.pk]),
            reverse("orders:place"),
            f"{reverse('orders:place')}?service={service.pk}",
        ]

        assert [NO_ORDERS_NOW in buyer.browser.get(page).content.decode() for page in pages] == [False] * 4
        turn(owner)
        assert [NO_ORDERS_NOW in buyer.browser.get(page).content.decode() for page in pages] == [True] * 4
        assert NO_ORDERS_NOW in Client().get(pages[0]).content.decode()

    def test_when_selling_stops_while_the_form_is_filled_in_what_was_typed_is_kept(self, owner):
        buyer = Buyer()
        form = buyer.look({**buyer.form(ServiceFactory()), "quantity": "100"})
        turn(owner)

        answer = buyer.place(form)

        assert answer.status_code == 422
        assert "We are not taking orders at the moment." in answer.content.decode()
        assert 'value="100"' in answer.content.decode()
        assert (buyer.orders, buyer.balance) == ([], Decimal(10))

    def test_that_sending_is_stopped_on_the_page_of_an_order_that_waits_for_it(self, owner):
        order = OrderFactory()
        browser = Client()
        browser.force_login(order.user)
        page = reverse("orders:detail", args=[order.pk])

        assert NOT_SENT_NOW not in browser.get(page).content.decode()
        turn(owner, Switch.DISPATCH)
        assert NOT_SENT_NOW in browser.get(page).content.decode()
        turn(owner, Switch.DISPATCH, stopped=False)
        assert NOT_SENT_NOW not in browser.get(page).content.decode()


class TestStaffPage:
    ADDRESS = reverse("admin:orders_switches_change", args=[1])

    @pytest.fixture(autouse=True)
    def _without_second_factor(self, settings):
        settings.STAFF_MFA_REQUIRED = False

    def act(self, client, slug, **typed):
        return client.post(reverse(f"admin:orders_switches_{slug}", args=[1]), typed, follow=True)

    def test_is_one_row_whose_list_leads_to_it(self, client, owner):
        client.force_login(owner)

        assert client.get(reverse("admin:orders_switches_changelist")).headers["Location"] == self.ADDRESS
        assert "Nobody has turned one yet." in client.get(self.ADDRESS).content.decode()
        assert client.get(reverse("admin:orders_switches_add")).status_code == 403

    def test_stops_with_a_reason_and_tells_who_did(self, client, owner):
        client.force_login(owner)

        shown = self.act(client, "stop-selling", reason="Too many tickets").content.decode()

        assert Switches.objects.get().stop_selling
        assert "Selling is stopped." in shown
        assert "Too many tickets" in shown
        assert "staff owner@example.test" in shown
        assert reverse("admin:orders_switches_start-selling", args=[1]) in shown
        assert reverse("admin:orders_switches_stop-selling", args=[1]) not in shown

    def test_without_a_reason_nothing_is_stopped(self, client, owner):
        client.force_login(owner)

        assert "This field is required." in self.act(client, "stop-dispatch", reason="").content.decode()
        assert not Switches.objects.get().stop_dispatch

    def test_a_page_that_was_overtaken_says_so(self, client, owner):
        client.force_login(owner)
        turn(owner)

        assert "This is no longer possible" in self.act(client, "stop-selling", reason="Again").content.decode()
        assert SwitchTurn.objects.count() == 1

    def test_the_front_page_says_what_is_stopped(self, client, owner):
        client.force_login(owner)
        self.act(client, "stop-dispatch", reason="Provider is down")

        shown = client.get(reverse("admin:index")).content.decode()

        assert "Sending is stopped" in shown
        assert "Provider is down" in shown

    def test_others_look_and_turn_nothing(self, client, owner):
        support = User.objects.create_user("support@example.test", is_staff=True)
        support.groups.add(Group.objects.get(name="support"))
        client.force_login(support)

        shown = client.get(self.ADDRESS).content.decode()

        assert "Stop selling" not in shown
        assert self.act(client, "stop-selling", reason="Mine").status_code == 403
        assert not Switches.objects.get().stop_selling

    def test_customers_are_not_let_in(self, client, owner):
        client.force_login(CustomerFactory())

        assert client.get(self.ADDRESS).status_code == 302
