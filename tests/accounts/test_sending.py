"""Sending through a real SMTP server: once, later, or parked; nothing is ever lost (decision 9)."""

import os
import subprocess
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection, connections

from accounts import operations, sending
from accounts.models import Alarm, Outgoing

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
CUSTOMER = "customer@example.test"


@pytest.fixture
def queue(now):
    """Queue mails to these addresses, in this order."""

    def queue(*addresses, **different):
        for to in addresses:
            mail = {"to": to, "subject": "Receipt", "body": f"For {to}.", "key": f"receipt:{to}", **different}
            operations.queue_mail(**mail, now=now)

    return queue


def send(now):
    return sending.send_due(kind="mail", now=now)


def message(to=CUSTOMER):
    return Outgoing.objects.get(to=to)


def end_leases():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_outgoing SET lease_until = now() - interval '1 second' WHERE token IS NOT NULL")


class TestDelivery:
    def test_a_mail_is_delivered_once_and_its_text_forgotten(self, mail_server, queue, now):
        mail_server.start()
        queue(CUSTOMER, html="<p>For you.</p>")

        assert [send(now), send(now + timedelta(hours=2))] == [1, 0]
        (received,) = mail_server.messages
        assert (received["To"], received["Subject"]) == (CUSTOMER, "Receipt")
        assert received.get_body(("plain",)).get_content().strip() == "For customer@example.test."
        assert received.get_body(("html",)).get_content().strip() == "<p>For you.</p>"
        assert received["Auto-Submitted"] == "auto-generated"
        assert parsedate_to_datetime(received["Date"]) == now
        assert (message().body, message().html, message().tries) == ("", "", 1)
        assert message().sent_at >= now

    def test_words_of_any_language_arrive(self, mail_server, queue, now):
        mail_server.start()
        queue(CUSTOMER, subject="Квитанция № 7", body="धन्यवाद 🎉")
        send(now)

        (received,) = mail_server.messages
        assert (received["Subject"], received.get_content().strip()) == ("Квитанция № 7", "धन्यवाद 🎉")

    def test_a_hundred_mails_take_one_connection_and_one_write_each(
        self, mail_server, queue, now, django_assert_max_num_queries
    ):
        mail_server.start()
        queue(*(f"customer{number}@example.test" for number in range(100)))

        with django_assert_max_num_queries(100 + 4):  # three claims, the last finds nothing; what is left given back
            assert send(now) == 100
        assert mail_server.connections == 1
        assert len(set(mail_server.addresses())) == 100

    def test_what_is_not_due_yet_waits(self, mail_server, queue, now):
        mail_server.start()
        queue(CUSTOMER)

        assert sending.kinds_due(now=now - timedelta(seconds=1)) == []
        assert send(now - timedelta(seconds=1)) == 0
        assert sending.kinds_due(now=now) == ["mail"]

    def test_without_a_mail_server_mail_lies_in_a_folder(self, queue, now, settings, tmp_path):
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = tmp_path / "mail"
        queue(CUSTOMER, "other@example.test")

        assert send(now) == 2
        text = "".join(path.read_text() for path in (tmp_path / "mail").iterdir())
        assert "For customer@example.test." in text
        assert "For other@example.test." in text

    def test_a_folder_that_cannot_be_written_to_loses_nothing(self, queue, now, settings, tmp_path):
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = tmp_path / "taken"
        settings.EMAIL_FILE_PATH.write_text("a file stands here")
        queue(CUSTOMER)

        assert send(now) == 0
        assert "not a directory" in message().last_error


class TestAServerInTrouble:
    """Reliability 3, row 36: a mail server that is down costs time and loses nothing."""

    def test_what_a_dead_server_did_not_take_goes_when_it_is_back(self, mail_server, queue, now):
        queue(CUSTOMER, "other@example.test")
        assert send(now) == 0
        assert "refused" in message().last_error

        mail_server.start()
        assert send(now + timedelta(seconds=30)) == 0
        assert send(now + timedelta(seconds=90)) == 2
        assert sorted(mail_server.addresses()) == [CUSTOMER, "other@example.test"]
        assert message().last_error == ""

    def test_the_waits_double_from_a_minute_to_an_hour_and_after_three_days_it_is_parked(self, mail_server, queue, now):
        queue(CUSTOMER)
        waits, then = [], now
        while message().parked_at is None:
            send(then)
            waits.append(round((message().due_at - then).total_seconds() / 60))
            then = message().due_at

        assert waits[:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert timedelta(days=3) <= message().parked_at - now < timedelta(days=3, hours=1)
        assert sending.kinds_due(now=then + timedelta(days=9)) == []

    def test_a_server_that_hangs_after_the_text_holds_up_one_mail(self, mail_server, queue, now, settings):
        settings.EMAIL_TIMEOUT = 0.5
        mail_server.start()
        mail_server.hang.add("slow@example.test")
        queue("slow@example.test", CUSTOMER)

        assert send(now) == 1
        assert mail_server.addresses() == [CUSTOMER]
        assert "timed out" in message("slow@example.test").last_error

    def test_a_connection_cut_after_the_text_repeats_that_mail_under_the_same_id(self, mail_server, queue, now):
        """At least once: the server took the text, and its yes was lost."""
        mail_server.start()
        mail_server.cut.add("cut@example.test")
        queue("cut@example.test", CUSTOMER)
        assert send(now) == 1

        mail_server.cut.clear()
        assert send(now + timedelta(minutes=2)) == 1
        ids = [received["Message-ID"] for received in mail_server.messages if received["To"] == "cut@example.test"]
        assert len(ids) == 2
        assert len(set(ids)) == 1

    def test_a_pass_ends_in_time_and_gives_back_what_it_did_not_try(
        self, mail_server, queue, now, settings, monkeypatch
    ):
        settings.EMAIL_TIMEOUT = 0.5
        monkeypatch.setattr(sending, "PASS_SECONDS", 0.2)
        mail_server.start()
        mail_server.hang.add("slow@example.test")
        queue("slow@example.test", CUSTOMER)

        assert send(now) == 0
        assert (message().tries, message().token, message().due_at) == (0, None, now)
        assert send(now) == 1

    def test_a_server_that_refuses_us_parks_nothing(self, mail_server, queue, now, settings):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "panel", "wrong"
        mail_server.start()
        queue(CUSTOMER)

        assert send(now) == 0
        assert message().parked_at is None
        assert "AUTH" in message().last_error


class TestRefusals:
    def test_an_address_that_the_server_will_never_take_is_parked_at_once(self, mail_server, queue, now):
        mail_server.start()
        mail_server.refuse["gone@example.test"] = "550 5.1.1 No such user here"
        queue("gone@example.test", CUSTOMER)

        assert send(now) == 1
        parked = message("gone@example.test")
        assert parked.parked_at >= now
        assert parked.last_error == "550 5.1.1 No such user here"
        assert mail_server.addresses() == [CUSTOMER]

    @pytest.mark.parametrize("answer", ["450 4.2.1 Mailbox busy", "421 4.3.2 Closing"])
    def test_one_that_it_does_not_take_now_is_tried_later(self, mail_server, queue, now, answer):
        mail_server.start()
        mail_server.refuse["busy@example.test"] = answer
        queue("busy@example.test", CUSTOMER)
        assert send(now) == 1

        mail_server.refuse.clear()
        assert send(now + timedelta(minutes=2)) == 1

    def test_a_text_that_is_refused_is_tried_later_for_it_may_be_our_sending_limit(self, mail_server, queue, now):
        mail_server.start()
        mail_server.answer_data[CUSTOMER] = "554 5.7.1 Daily limit reached"
        queue(CUSTOMER)
        send(now)

        assert (message().parked_at, message().last_error) == (None, "554 5.7.1 Daily limit reached")

    def test_a_message_that_cannot_be_built_is_parked_and_stops_no_other(self, mail_server, queue, now):
        mail_server.start()
        queue(CUSTOMER, "other@example.test")
        Outgoing.objects.filter(to=CUSTOMER).update(to="two@example.test, addresses@example.test")

        assert send(now) == 1
        assert message("two@example.test, addresses@example.test").parked_at >= now


def by_eight(work):
    """What eight workers, begun at the same moment, each return."""
    start = Barrier(8)

    def begin(_):
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(begin, range(8)))


class TestManySenders:
    ADDRESSES = [f"customer{number}@example.test" for number in range(40)]

    @pytest.fixture(autouse=True)
    def slowly(self, monkeypatch):
        """A claim takes its time between reading and writing, so that eight of them are sure to meet."""
        monkeypatch.setattr(sending, "CLAIM", sending.CLAIM.replace("SELECT id", "SELECT id, pg_sleep(0.01)"))

    def received(self, mail_server, queue, now):
        """How often each address got its mail when eight workers send at once."""
        mail_server.start()
        queue(*self.ADDRESSES)
        by_eight(lambda: send(now))
        return Counter(mail_server.addresses())

    def test_eight_workers_at_once_send_each_mail_once(self, mail_server, queue, now, monkeypatch):
        monkeypatch.setattr(sending, "WAVE", 3)

        assert self.received(mail_server, queue, now) == dict.fromkeys(self.ADDRESSES, 1)

    def test_without_the_claim_the_same_race_sends_mails_twice(self, mail_server, queue, now, monkeypatch):
        """The control: rows are read without a lock."""
        monkeypatch.setattr(sending, "CLAIM", sending.CLAIM.replace("FOR NO KEY UPDATE SKIP LOCKED", ""))

        assert max(self.received(mail_server, queue, now).values()) > 1

    def test_two_passes_under_way_are_enough(self, queue, now, monkeypatch):
        """A server that hangs must not take every thread that could send orders."""
        monkeypatch.setattr(sending, "WAVE", 1)
        queue(*self.ADDRESSES[:4])
        asked = []
        for _ in range(2):
            asked.append(sending.kinds_due(now=now))
            sending.claim_wave(kind="mail", token=uuid.uuid4(), now=now)

        assert [*asked, sending.kinds_due(now=now)] == [["mail"], ["mail"], []]

    def test_what_the_dead_had_claimed_is_due_again_when_its_lease_has_ended(self, mail_server, queue, now):
        mail_server.start()
        queue(CUSTOMER)
        sending.claim_wave(kind="mail", token=uuid.uuid4(), now=now)
        assert (send(now), sending.kinds_due(now=now)) == (0, [])

        end_leases()
        assert sending.kinds_due(now=now) == ["mail"]
        assert send(now) == 1

    def test_a_sender_killed_between_the_servers_yes_and_its_note_repeats_the_mail_under_the_same_id(
        self, mail_server, queue, now
    ):
        """The only repeat there is, and whoever gets it can tell that it is one."""
        queue(CUSTOMER)
        with sender(mail_server) as process:
            mail_server.on_text = process.kill
            mail_server.start()
            process.stdin.close()
            assert process.wait(timeout=60) == -9
        assert (message().sent_at, message().tries) == (None, 1)

        mail_server.on_text = None
        end_leases()
        assert send(now) == 1
        first, second = mail_server.messages
        assert first["Message-ID"] == second["Message-ID"]

    def test_other_mails_have_other_ids(self, mail_server, queue, now):
        mail_server.start()
        queue(*self.ADDRESSES[:5])
        send(now)

        assert len({received["Message-ID"] for received in mail_server.messages}) == 5


def sender(mail_server):
    """Another process that makes one pass as soon as its input ends."""
    database = connection.settings_dict
    address = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    environment = {**os.environ, "DATABASE_URL": address, "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}"}
    program = "import sys; sys.stdin.read(); from django.core.management import execute_from_command_line as run; "
    program += "run(['manage.py', 'tick', 'mail'])"
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment, stdin=subprocess.PIPE)


class TestPruning:
    def test_what_went_is_kept_thirty_days_and_what_was_parked_ninety(self, queue, now):
        days = {"sent29": 29, "sent31": 31, "parked89": 89, "parked91": 91, "waiting": 999}
        for name, ago in days.items():
            queue(f"{name}@example.test")
            at = now - timedelta(days=ago)
            ended = {"sent_at": at, "body": ""} if "sent" in name else {"parked_at": at} if "parked" in name else {}
            Outgoing.objects.filter(to__startswith=name).update(created_at=at, **ended)

        assert sending.prune(now=now) == 2
        kept = {mail.to.partition("@")[0] for mail in Outgoing.objects.all()}
        assert kept == {"sent29", "parked89", "waiting"}

    def test_it_goes_in_batches(self, queue, now, monkeypatch):
        monkeypatch.setattr(sending, "PRUNE_AT_ONCE", 2)
        queue(*(f"customer{number}@example.test" for number in range(3)))
        Outgoing.objects.update(sent_at=now - timedelta(days=40), body="")

        assert [sending.prune(now=now) for _ in range(3)] == [2, 1, 0]

    def test_alarms_that_ended_are_kept_a_year_and_open_ones_for_good(self, now):
        for key, days in (("old", 366), ("late", 364), ("open", 999)):
            at = now - timedelta(days=days)
            operations.queue_alarm(subject="Books", body="Differ.", key=key, now=at, lasts=True)
            if key != "open":
                operations.clear_alarm(key=key, now=at)

        assert sending.prune(now=now) == 1
        assert set(Alarm.objects.values_list("key", flat=True)) == {"late", "open"}
