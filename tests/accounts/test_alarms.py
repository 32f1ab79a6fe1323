"""Alarms to staff: one a cause while it lasts, mailed once, acknowledged by a person, over when the cause is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from accounts import operations
from accounts.models import Alarm, Outgoing, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mailed(settings):
    settings.ALARM_EMAIL = "Ops@example.test"


@pytest.fixture
def raised(now):
    """Raises an alarm; True when that opened it."""

    def queue(key="books", **different):
        told = {"subject": "The books differ", "body": "3 rows.", "now": now}
        return operations.queue_alarm(key=key, **{**told, **different})

    return queue


@pytest.fixture
def staff():
    """Somebody of a staff group."""

    def of(group):
        operations.seed()
        user = User.objects.create_user(f"{group}@example.test", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        return user

    return of


class TestRaising:
    """Decision 28: rows for the front page, mailed once a cause while it lasts."""

    def test_it_is_a_row_and_a_mail_to_the_address_of_the_installation(self, raised, now):
        assert raised()

        alarm, mail = Alarm.objects.get(), Outgoing.objects.get()
        assert (alarm.subject, alarm.body, alarm.raised_at, alarm.times) == ("The books differ", "3 rows.", now, 1)
        assert (mail.to, mail.subject, mail.body) == ("ops@example.test", "The books differ", "3 rows.")

    def test_seen_again_it_is_the_same_alarm_with_newer_words_and_no_second_mail(self, raised, now):
        raised()
        later = now + timedelta(hours=3)

        assert not raised(body="4 rows.", now=later)

        alarm = Alarm.objects.get()
        assert (alarm.body, alarm.raised_at, alarm.last_seen_at, alarm.times) == ("4 rows.", now, later, 2)
        assert Outgoing.objects.get().body == "3 rows."

    def test_a_clock_that_goes_back_moves_nothing_back(self, raised, now):
        raised()
        raised(now=now - timedelta(minutes=5))

        assert Alarm.objects.get().last_seen_at == now

    def test_after_it_was_over_it_is_another_alarm_and_another_mail(self, raised, now):
        raised(lasts=True)
        operations.clear_alarm(key="books", now=now)

        assert raised(lasts=True)
        assert (Alarm.objects.count(), Outgoing.objects.count()) == (2, 2)

    def test_without_an_address_it_is_a_row_alone(self, raised, settings):
        settings.ALARM_EMAIL = ""
        raised()

        assert (Alarm.objects.count(), Outgoing.objects.count()) == (1, 0)

    def test_what_is_rolled_back_alarms_nobody(self, raised):
        with transaction.atomic():
            raised()
            transaction.set_rollback(True)

        assert not Alarm.objects.exists()
        assert not Outgoing.objects.exists()

    def test_a_subject_of_two_lines_is_refused(self, raised):
        with pytest.raises(operations.UnfitHeader):
            raised(subject="Books\nBcc: all@example.test")

    def test_raising_again_is_one_query(self, raised, django_assert_num_queries):
        with django_assert_num_queries(2):
            raised()
        with django_assert_num_queries(1):
            raised()

    def test_it_is_found_through_the_index_of_open_causes(self, raised, now):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accounts_alarm (key, subject, body, lasts, raised_at, last_seen_at, times,"
                " acknowledged_by, cleared_at, cleared_by)"
                " SELECT 'cause:' || n, 's', 'b', false, %s, %s, 1, '', %s, 'system' FROM generate_series(1, 20000) n",
                [now, now, now],
            )
            cursor.execute("ANALYZE accounts_alarm")
            cursor.execute("EXPLAIN SELECT id FROM accounts_alarm WHERE key = 'books' AND cleared_at IS NULL")
            plan = "\n".join(line for (line,) in cursor.fetchall())

        assert "one_open_alarm_a_cause" in plan


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def at_once(self, act):
        def alone(_):
            try:
                return act()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(10) as threads:
            return list(threads.map(alone, range(10)))

    def test_ten_that_see_a_cause_in_the_same_moment_open_one_alarm(self, raised):
        assert sum(self.at_once(raised)) == 1
        assert (Alarm.objects.count(), Outgoing.objects.count()) == (1, 1)

    def test_who_holds_an_order_never_waits_for_who_looks_at_the_alarm(self, raised):
        raised()
        with transaction.atomic():
            Alarm.objects.select_for_update(no_key=True).get()
            with ThreadPoolExecutor(1) as other:
                assert other.submit(self._raise_and_hang_up, raised).result(timeout=5) is False

    def _raise_and_hang_up(self, raised):
        try:
            return raised()
        finally:
            connections.close_all()

    def test_ten_that_acknowledge_it_do_so_once(self, raised, staff, now):
        raised()
        support, alarm = staff("support"), Alarm.objects.get()

        done = self.at_once(lambda: operations.acknowledge_alarm(staff=support, alarm_id=alarm.pk, now=now))

        assert sum(done) == 1


class TestClearing:
    def test_the_cause_is_over(self, raised, now):
        raised(lasts=True)

        assert operations.clear_alarm(key="books", now=now) == 1

        alarm = Alarm.objects.get()
        assert (alarm.cleared_at, alarm.cleared_by, alarm.is_open) == (now, "system", False)
        assert operations.clear_alarm(key="books", now=now) == 0

    def test_what_lies_below_a_key_goes_with_it_and_what_only_begins_like_it_stays(self, raised, now):
        for key in ("top_up:7:review:1", "top_up:7:review:2", "top_up:7", "top_up:7:reviewed", "top_up:77:review:1"):
            raised(key)

        assert operations.clear_alarm(key="top_up:7:review", now=now, by="staff:3") == 2
        assert set(Alarm.objects.filter(cleared_at=None).values_list("key", flat=True)) == {
            "top_up:7",
            "top_up:7:reviewed",
            "top_up:77:review:1",
        }

    def test_it_is_one_query(self, now, django_assert_num_queries):
        with django_assert_num_queries(1):
            operations.clear_alarm(key="books", now=now)


class TestAcknowledging:
    def test_what_happened_is_over_when_somebody_has_seen_it(self, raised, staff, now):
        raised()
        support, alarm = staff("support"), Alarm.objects.get()

        assert operations.acknowledge_alarm(staff=support, alarm_id=alarm.pk, now=now)

        alarm.refresh_from_db()
        by = f"staff:{support.pk}"
        assert (alarm.acknowledged_by, alarm.cleared_by, alarm.cleared_at) == (by, by, now)

    def test_what_lasts_stays_open_until_its_cause_ends(self, raised, staff, now):
        raised(lasts=True)
        finance, alarm = staff("finance"), Alarm.objects.get()

        assert operations.acknowledge_alarm(staff=finance, alarm_id=alarm.pk, now=now)

        alarm.refresh_from_db()
        assert (alarm.acknowledged_by, alarm.is_open) == (f"staff:{finance.pk}", True)
        assert not raised(lasts=True)
        assert operations.clear_alarm(key="books", now=now) == 1

    def test_the_second_person_is_told_that_it_was_done(self, raised, staff, now):
        raised(lasts=True)
        alarm_id = Alarm.objects.get().pk

        done = [
            operations.acknowledge_alarm(staff=staff(each), alarm_id=alarm_id, now=now) for each in ("support", "owner")
        ]

        assert done == [True, False]

    def test_it_needs_the_permission(self, raised, now):
        raised()
        person = User.objects.create_user("new@example.test", is_staff=True)

        with pytest.raises(PermissionDenied):
            operations.acknowledge_alarm(staff=person, alarm_id=Alarm.objects.get().pk, now=now)


IMPOSSIBLE = {
    "one_open_alarm_a_cause": {"key": "books"},
    "alarm_was_seen": {"times": 0},
    "alarm_is_seen_after_it_is_raised": {"last_seen_at": timezone.now() - timedelta(days=9999)},
    "alarm_subject_is_one_line": {"subject": "Books\r\nBcc: all@example.test"},
    "alarm_is_acknowledged_by_somebody": {"acknowledged_by": "staff:3"},
    "alarm_is_cleared_by_somebody": {"cleared_at": timezone.now()},
    "alarm_about_an_event_ends_when_acknowledged": {"acknowledged_at": timezone.now(), "acknowledged_by": "staff:3"},
}


class TestTheTable:
    @pytest.mark.parametrize("constraint", IMPOSSIBLE)
    def test_the_database_refuses_an_impossible_alarm(self, raised, constraint):
        raised()
        raised("other")

        with pytest.raises(IntegrityError, match=constraint):
            Alarm.objects.filter(key="other").update(**IMPOSSIBLE[constraint])

    def test_every_constraint_is_tried(self):
        assert {constraint.name for constraint in Alarm._meta.constraints} == set(IMPOSSIBLE)
