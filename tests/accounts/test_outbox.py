"""Queueing a mail: in the caller's transaction, once a key, safe headers; and what the table itself refuses."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts import operations
from accounts.models import Outgoing, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(now):
    """Queue a mail that differs from a plain one by the named arguments."""

    def queue(**different):
        plain = {"to": "customer@example.test", "subject": "Receipt", "body": "Thank you.", "key": "receipt:1"}
        operations.queue_mail(**{**plain, "now": now, **different})

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


class TestQueueing:
    def test_a_mail_is_due_at_once_and_belongs_to_its_customer(self, queue, now):
        user = User.objects.create_user("customer@example.test")
        queue(user_id=user.pk, html="<p>Thank you.</p>")

        message = user.outgoing.get()
        assert (message.kind, message.to, message.due_at) == ("mail", "customer@example.test", now)
        assert message.html == "<p>Thank you.</p>"

    def test_queued_twice_under_one_key_it_is_one_mail(self, queue):
        queue()
        queue(subject="Receipt, again")

        assert Outgoing.objects.get().subject == "Receipt"

    def test_what_is_rolled_back_sends_nothing(self, queue):
        with transaction.atomic():
            queue()
            transaction.set_rollback(True)

        assert not Outgoing.objects.exists()

    def test_queueing_is_one_query(self, queue, django_assert_num_queries):
        with django_assert_num_queries(1):
            queue()

    def test_an_address_is_kept_in_lower_case(self, queue):
        queue(to="Customer@Example.TEST")

        assert Outgoing.objects.get().to == "customer@example.test"

    @pytest.mark.parametrize(
        "subject", ["Receipt\nBcc: all@example.test", "Receipt\r\n\r\nA body", "Receipt\0", "a\u2028b", "a\x85b"]
    )
    def test_a_subject_that_would_be_more_than_one_line_is_refused(self, queue, subject):
        with pytest.raises(operations.UnfitHeader):
            queue(subject=subject)

    @pytest.mark.parametrize(
        "to",
        ["a@example.test\nBcc: b@example.test", "a@example.test\n", "a@example.test, b@example.test", "nobody", "",
         "A Name <a@example.test>", f"{'a' * 320}@example.test"],
    )  # fmt: skip
    def test_what_is_not_exactly_one_address_is_refused(self, queue, to):
        with pytest.raises(operations.UnfitHeader):
            queue(to=to)

    def test_a_long_subject_is_cut_and_a_body_may_hold_anything(self, queue):
        queue(subject="x" * 300, body="zero \0 and \N{EURO SIGN}\r\n")

        message = Outgoing.objects.get()
        assert (message.subject, message.body) == ("x" * 255, "zero  and \N{EURO SIGN}\r\n")


class TestSendingAgain:
    def test_support_lets_a_parked_message_be_tried_for_three_more_days(self, queue, staff, now):
        queue()
        Outgoing.objects.update(parked_at=now, tries=9, last_error="550 no such user")
        support, later = staff("support"), now + timedelta(days=5)
        operations.send_again(staff=support, outgoing_id=Outgoing.objects.get().pk, now=later)

        message = Outgoing.objects.get()
        assert (message.parked_at, message.tries, message.due_at) == (None, 0, later)
        assert message.give_up_at == later + timedelta(days=3)
        assert (message.again_at, message.again_by) == (later, f"staff:{support.pk}")

    def test_finance_may_not(self, queue, staff, now):
        queue()
        Outgoing.objects.update(parked_at=now)

        with pytest.raises(PermissionDenied):
            operations.send_again(staff=staff("finance"), outgoing_id=Outgoing.objects.get().pk, now=now)

    def test_what_is_waiting_is_left_alone(self, queue, staff, now):
        queue()

        with pytest.raises(operations.NotParked):
            operations.send_again(staff=staff("support"), outgoing_id=Outgoing.objects.get().pk, now=now)


IMPOSSIBLE = {
    "outgoing_kind_is_known": {"kind": "pigeon"},
    "outgoing_address_is_lower_case": {"to": "Customer@example.test"},
    "outgoing_headers_are_one_line": {"subject": "Receipt\r\nBcc: all@example.test"},
    "outgoing_text_goes_when_sent": {"sent_at": timezone.now()},
    "outgoing_ends_one_way": {"sent_at": timezone.now(), "parked_at": timezone.now(), "body": ""},
    "outgoing_lease_is_whole": {"lease_until": timezone.now()},
}


class TestTheTable:
    @pytest.mark.parametrize("constraint", IMPOSSIBLE)
    def test_the_database_refuses_an_impossible_message(self, queue, constraint):
        queue()

        with pytest.raises(IntegrityError, match=constraint):
            Outgoing.objects.update(**IMPOSSIBLE[constraint])

    @pytest.mark.parametrize("constraint", IMPOSSIBLE)
    def test_without_the_constraint_it_would_be_stored(self, queue, constraint):
        """The control for the test above."""
        queue()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while checks of its rows wait
            cursor.execute(f"ALTER TABLE accounts_outgoing DROP CONSTRAINT {constraint}")

        assert Outgoing.objects.update(**IMPOSSIBLE[constraint]) == 1

    def test_every_constraint_is_tried(self):
        declared = {constraint.name for constraint in Outgoing._meta.constraints}

        assert declared == set(IMPOSSIBLE)
