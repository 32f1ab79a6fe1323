"""Alarms in the admin: on the front page while they are open, acknowledged with one click, kept as history."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts import operations
from accounts.models import Alarm, User

pytestmark = pytest.mark.django_db
FRONT = reverse("admin:index")
LIST = reverse("admin:accounts_alarm_changelist")


@pytest.fixture(autouse=True)
def _without_second_factor(settings):
    settings.STAFF_MFA_REQUIRED = False


@pytest.fixture
def log_in(client):
    """Log the client in as staff of a group."""

    def log_in(group):
        operations.seed()
        user = User.objects.create_user(f"{group}@example.test", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        return user

    return log_in


@pytest.fixture
def raised(now):
    """Raises an alarm and gives its row."""

    def raised(key="books", *, subject="The books <differ>", lasts=False):
        operations.queue_alarm(subject=subject, body="3 rows.\nSecond line.", key=key, now=now, lasts=lasts)
        return Alarm.objects.get(key=key, cleared_at=None)

    return raised


def page(client, address=FRONT):
    return client.get(address).content.decode()


def acknowledge(client, alarm, **fields):
    return client.post(reverse("admin:accounts_alarm_acknowledge", args=[alarm.pk]), fields, follow=True)


class TestTheFrontPage:
    def test_says_so_when_nothing_is_open(self, client, log_in):
        log_in("support")

        assert "Nothing is wrong that the panel knows of." in page(client)

    @pytest.mark.parametrize("group", ["support", "finance", "owner"])
    def test_shows_what_is_open_with_a_button(self, client, log_in, raised, group):
        log_in(group)
        alarm = raised()

        shown = page(client)

        assert "The books &lt;differ&gt;" in shown
        assert "3 rows." in shown
        assert reverse("admin:accounts_alarm_acknowledge", args=[alarm.pk]) in shown

    def test_shows_nothing_to_who_may_not_look(self, client, raised):
        raised()
        client.force_login(User.objects.create_user("new@example.test", is_staff=True))

        assert "books" not in page(client)

    def test_the_unseen_come_first_and_the_rest_is_counted(self, client, log_in, raised, now):
        support = log_in("support")
        seen = raised("seen", subject="Seen already", lasts=True)
        operations.acknowledge_alarm(staff=support, alarm_id=seen.pk, now=now)
        for number in range(7):
            raised(f"new:{number}", subject=f"New {number}")

        shown = page(client)

        assert "Seen already" not in shown
        assert "2 more are open." in shown

    def test_it_costs_one_query_however_many_are_open(self, client, log_in, raised, django_assert_num_queries):
        log_in("support")
        raised("first")
        with django_assert_num_queries(6) as before:
            page(client)
        for number in range(5):
            raised(f"more:{number}")
        with django_assert_num_queries(len(before)):
            page(client)


class TestOneClick:
    def test_ends_what_happened(self, client, log_in, raised):
        log_in("support")

        answer = acknowledge(client, raised())

        assert answer.redirect_chain == [(FRONT, 302)]
        assert "Acknowledged: The books &lt;differ&gt;." in answer.content.decode()
        assert "Nothing is wrong that the panel knows of." in answer.content.decode()

    def test_marks_what_lasts_as_seen(self, client, log_in, raised):
        log_in("support")

        shown = acknowledge(client, raised(lasts=True)).content.decode()

        assert "It stays here until its cause ends." in shown
        assert ">seen</span>" in shown
        assert "Acknowledge<" not in shown

    def test_twice_says_that_nothing_was_to_do(self, client, log_in, raised):
        log_in("support")
        alarm = raised()
        acknowledge(client, alarm)

        assert "somebody was faster" in acknowledge(client, alarm).content.decode()

    def test_from_its_own_page_leads_back_there(self, client, log_in, raised):
        log_in("support")
        alarm = raised()
        own = reverse("admin:accounts_alarm_change", args=[alarm.pk])
        assert 'name="own"' in page(client, own)

        answer = acknowledge(client, alarm, own="1")

        assert answer.redirect_chain == [(own, 302)]
        assert "by staff support@example.test" in answer.content.decode()
        assert 'name="own"' not in answer.content.decode()

    def test_looking_at_the_address_changes_nothing(self, client, log_in, raised):
        log_in("support")
        alarm = raised()

        assert client.get(reverse("admin:accounts_alarm_acknowledge", args=[alarm.pk])).status_code == 405
        assert Alarm.objects.get().is_open

    def test_is_refused_without_the_permission(self, client, raised):
        alarm = raised()
        client.force_login(User.objects.create_user("new@example.test", is_staff=True))

        assert acknowledge(client, alarm).status_code == 403

    def test_of_an_alarm_that_is_not_there_is_a_404(self, client, log_in):
        log_in("support")

        assert client.post(reverse("admin:accounts_alarm_acknowledge", args=[7])).status_code == 404


class TestTheList:
    def test_tells_who_saw_what_and_keeps_what_is_over(self, client, log_in, raised, now):
        support = log_in("support")
        operations.acknowledge_alarm(staff=support, alarm_id=raised("one", subject="One").pk, now=now)
        raised("two", subject="Two", lasts=True)
        operations.clear_alarm(key="two", now=now)
        raised("three", subject="Three")

        shown = page(client, LIST)

        assert shown.index("Three") < shown.index("One")
        assert "by staff support@example.test" in shown
        assert "by the system" in shown

    @pytest.mark.parametrize(("state", "kept"), [("new", ["New"]), ("open", ["New", "Seen"]), ("over", ["Over"])])
    def test_is_filtered(self, client, log_in, raised, now, state, kept):
        support = log_in("support")
        raised("new", subject="An alarm New")
        operations.acknowledge_alarm(
            staff=support, alarm_id=raised("seen", subject="An alarm Seen", lasts=True).pk, now=now
        )
        raised("over", subject="An alarm Over")
        operations.clear_alarm(key="over", now=now)

        shown = page(client, f"{LIST}?state={state}")

        assert [word for word in ("New", "Seen", "Over") if f"An alarm {word}" in shown] == kept

    def test_several_are_acknowledged_at_once(self, client, log_in, raised):
        log_in("finance")
        chosen = [raised(f"cause:{number}").pk for number in range(3)]

        shown = client.post(LIST, {"action": "acknowledge_chosen", "_selected_action": chosen}, follow=True)

        assert "3 of 3 acknowledged." in shown.content.decode()
        assert not Alarm.objects.filter(cleared_at=None).exists()

    def test_costs_the_same_however_many_there_are(self, client, log_in, raised, now, django_assert_num_queries):
        support = log_in("support")
        operations.acknowledge_alarm(staff=support, alarm_id=raised("first").pk, now=now)
        with django_assert_num_queries(8) as before:
            page(client, LIST)
        for number in range(20):
            operations.acknowledge_alarm(staff=support, alarm_id=raised(f"more:{number}").pk, now=now)
        with django_assert_num_queries(len(before)):
            page(client, LIST)
