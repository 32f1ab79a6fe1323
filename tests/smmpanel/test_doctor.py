"""What `manage.py doctor` finds, of an installation that is well and of one that is not."""

import base64
import json
from datetime import timedelta
from io import StringIO

import pytest
import redis
import time_machine
from django.conf import settings as configured
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Alarm, Outgoing
from smmpanel import beats
from smmpanel.tasks import tick
from tests.accounts.mail_server import MailServer
from tests.factories import ProviderFactory
from tests.smmpanel.test_watchdog import due_mail

pytestmark = pytest.mark.django_db
STRONG = "x7Qm2vLr9TzWc4JpYkN8sHdB3fGtR6aE1uVoMiXq5ZyKbCwDhSjPl0nA"


@pytest.fixture
def well(settings, db):
    """A demo that was seeded and has nothing to complain about."""
    call_command("seed")
    settings.SECRET_KEY, settings.DEMO = STRONG, True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALARM_EMAIL = "ops@example.test"
    cache.delete(beats.KEY)
    return settings


def doctor(*args):
    out, error = StringIO(), None
    try:
        call_command("doctor", *args, stdout=out)
    except CommandError as failure:
        error = failure
    return out.getvalue().splitlines(), error


def problems(lines):
    return [line.removeprefix("problem").strip() for line in lines if line.startswith("problem")]


def test_an_installation_that_is_well(well):
    lines, error = doctor()

    assert (problems(lines), error) == ([], None)
    assert {line.split(maxsplit=1)[1].split(":")[0] for line in lines} == {
        "settings", "keys", "database", "clock", "migrations", "seed", "Redis", "mail", "beat", "work",
    }  # fmt: skip


def test_as_json(well):
    lines, error = doctor("--json")

    told = json.loads("\n".join(lines))
    assert (told["healthy"], error) == (True, None)
    assert {"about": "Redis", "state": "ok", "said": "answers"} in told["findings"]


def test_it_changes_nothing(well):
    doctor()

    assert not Alarm.objects.exists()


class TestTheTestAlarm:
    def test_stands_on_the_front_page_and_is_mailed_each_time(self, well):
        lines, error = doctor("--alarm")
        doctor("--alarm")

        assert error is None
        assert (
            lines[-1] == "A test alarm stands on the admin's front page, and a mail to ops@example.test is on its way."
        )
        assert (Alarm.objects.count(), Outgoing.objects.filter(to="ops@example.test").count()) == (2, 2)

    def test_says_when_nobody_is_mailed(self, well):
        well.ALARM_EMAIL = ""

        lines, _ = doctor("--alarm")

        assert lines[-1] == "A test alarm stands on the admin's front page."
        assert "note    mail: ALARM_EMAIL is not set: alarms stand on the admin's front page alone" in lines
        assert not Outgoing.objects.exists()


class TestWhatIsWrong:
    def found(self):
        lines, error = doctor()
        found = problems(lines)
        assert str(error) == f"{len(found)} to mend."
        return found

    def test_a_deployment_without_https(self, well):
        well.DEMO = False

        assert any("(security.W" in line for line in self.found())

    def test_weak_keys(self, well):
        well.SECRET_KEY = "a" * 60
        well.FIELD_KEYS = [base64.urlsafe_b64encode(b"a" * 32).decode(), *well.FIELD_KEYS]

        assert self.found() == [
            "keys: SECRET_KEY is weak: make one of 50 random characters or more",
            "keys: key 1 of FIELD_KEYS is not random: make one as .env.example says",
        ]

    def test_a_stored_key_that_nothing_opens(self, well):
        ProviderFactory(name="Fast Panel")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_provider SET api_key = 'gAAAAA-lost'")

        assert self.found() == ["keys: none of FIELD_KEYS opens the stored key of: Fast Panel"]

    @pytest.mark.parametrize("seconds", [-3, 3])
    def test_a_clock_that_is_off(self, well, seconds):
        with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
            (said,) = self.found()

        assert said.startswith("clock: the database's clock differs from ours by ")

    def test_a_migration_that_was_not_run(self, well):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts' AND name = '0004_alarms'")

        assert self.found() == ["migrations: 1 to be run by `manage.py migrate`, the first is accounts.0004_alarms"]

    def test_an_installation_that_was_not_seeded(self, well):
        Group.objects.all().delete()

        assert self.found() == ["seed: groups or policies are missing: run `manage.py seed`"]

    def test_a_broker_that_is_away(self, well):
        well.BROKER_URL = "redis://127.0.0.1:1/0"

        (said,) = self.found()
        assert said.startswith("Redis: does not answer:")

    def test_a_broker_that_throws_messages_away(self, well):
        client = redis.Redis.from_url(configured.BROKER_URL)
        before = client.config_get("maxmemory-policy")["maxmemory-policy"]
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            (said,) = self.found()
        finally:
            client.config_set("maxmemory-policy", before)
            client.close()

        assert said.startswith("Redis: maxmemory-policy is allkeys-lru")

    def test_a_mail_server_that_is_down(self, well):
        server = MailServer()  # holds a port, and is not started
        well.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        well.EMAIL_HOST, well.EMAIL_PORT, well.EMAIL_TIMEOUT = "127.0.0.1", server.port, 0.5
        try:
            (said,) = self.found()
        finally:
            server.stop()

        assert said.startswith("mail: could not be looked at:")

    def test_work_that_nobody_does(self, well):
        due_mail(timezone.now())

        (said,) = self.found()
        assert said.startswith("work: the job “mail” is late: due for 20 min")


def hear(name, origin):
    """A tick's message as a worker gets it, with what Celery says of its sender."""
    tick.push_request(origin=origin)
    try:
        tick.run(name=name)
    finally:
        tick.pop_request()


class TestTwoBeats:
    """Decision 9: harmless, and told."""

    def heard(self, *origins):
        for origin in origins:
            hear(beats.HEARD_BY, origin)
        return beats.two()

    @pytest.mark.parametrize(
        ("origins", "two"),
        [
            ("", []),
            ("aaaa", []),
            ("aab", []),
            ("aabb", []),
            ("aba", ["a", "b"]),
            ("abab", ["a", "b"]),
            ("abc", []),
            ("abcbc", ["b", "c"]),
            ("ababbb", ["a", "b"]),
        ],
    )
    def test_two_take_turns_and_one_that_was_started_anew_is_not_heard_again(self, well, origins, two):
        assert self.heard(*origins) == two

    def test_the_doctor_notes_it_and_finds_nothing_wrong(self, well):
        self.heard("gen7@one", "gen9@two", "gen7@one")

        lines, error = doctor()

        assert error is None
        assert "note    beat: two run: gen7@one and gen9@two. It does no harm, and one is enough" in lines

    def test_other_jobs_are_not_listened_to(self, well):
        for origin in "aba":
            hear("watch", origin)

        assert beats.two() == []
