"""The periodic jobs: the same under Celery and from cron, harmless twice, and nothing lost with the broker."""

import json
from io import StringIO

import pytest
import redis
from django.conf import settings as configured
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.operations import queue_mail
from orders.models import Order
from smmpanel.celery import SECONDS, app
from smmpanel.health import MOST_SKEW_SECONDS
from smmpanel.tasks import tick, work
from smmpanel.ticks import TICKS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def panel(connect, with_request_ids, settings):
    """Ticks read the clock themselves: looks must be due at once, and orders placed in the past."""
    settings.POLL_SECONDS = 0
    return connect(with_request_ids)


@pytest.fixture
def broker():
    """The broker that Celery publishes to, empty before and after."""
    if not configured.REDIS_URL:
        pytest.fail("tests run with a Redis of their own")
    client = redis.Redis.from_url(configured.BROKER_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


def messages(broker, queue: str) -> list[dict[str, object]]:
    """The keyword arguments of what waits in a queue; read, not taken."""
    import base64

    kept = [json.loads(raw) for raw in broker.lrange(f"smmpanel:{queue}", 0, -1)]
    return [json.loads(base64.b64decode(message["body"]))[1] for message in kept]


class TestCommand:
    def test_ticks_alone_bring_an_order_to_its_end(self, panel):
        """Decision 9: `manage.py tick` from cron does what the timetable does."""
        order = panel.order()

        call_command("tick", "dispatch")
        while panel.fresh(order).ended_at is None:
            call_command("tick", "refresh")

        assert panel.fresh(order).status == "completed"
        assert panel.accepted(order) == 1

    def test_all_of_them_twice_over_do_each_thing_once(self, panel):
        """X1: Reliability 3, row 29: two beats, cron and a hand."""
        orders = [panel.order() for _ in range(3)]

        for _ in range(3):
            call_command("tick")

        assert {panel.accepted(order) for order in orders} == {1}

    def test_the_list_names_every_job_with_its_period(self):
        out = StringIO()

        call_command("tick", "--list", stdout=out)

        assert out.getvalue().splitlines() == [f"{name}\tevery {SECONDS[name]} s" for name in TICKS]

    def test_one_that_fails_is_named_and_stops_no_other(self, panel):
        order = panel.order()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_servicehistory RENAME TO elsewhere")
        try:
            with pytest.raises(CommandError, match=r"Failed: measure\."):
                call_command("tick", "measure", "dispatch")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE elsewhere RENAME TO orders_servicehistory")

        assert panel.accepted(order) == 1

    def test_a_job_that_does_not_exist_is_named(self):
        with pytest.raises(CommandError, match="no-such"):
            call_command("tick", "no-such")


class TestCelery:
    def test_a_tick_publishes_one_message_for_each_provider_with_work(self, panel, broker):
        panel.order()
        panel.order()

        tick(name="dispatch")

        assert messages(broker, "upstream") == [{"name": "dispatch", "part": panel.provider.pk}]

    def test_a_tick_without_work_publishes_nothing(self, panel, broker):
        tick(name="dispatch")
        tick(name="refresh")

        assert messages(broker, "upstream") == []

    def test_a_broker_emptied_in_between_loses_no_order(self, panel, broker):
        """Reliability 3, row 18: the next tick finds the same work in Postgres."""
        order = panel.order()
        tick(name="dispatch")

        broker.flushdb()
        tick(name="dispatch")
        (message,) = messages(broker, "upstream")
        work(**message)

        assert panel.fresh(order).status == "processing"
        assert panel.accepted(order) == 1

    def test_an_order_that_is_nothing_but_a_message_is_lost_with_the_broker(self, panel, broker):
        """Negative control of the above: one tick at placing, as panels publish a task, and no timetable after it."""
        order = panel.order()
        tick(name="dispatch")
        assert len(messages(broker, "upstream")) == 1

        broker.flushdb()
        for message in messages(broker, "upstream"):
            work(**message)

        assert (panel.fresh(order).status, panel.accepted(order)) == ("queued", 0)

    def test_a_message_delivered_twice_is_harmless(self, panel, broker):
        """Reliability 3, row 4."""
        order = panel.order()

        work(name="dispatch", part=panel.provider.pk)
        work(name="dispatch", part=panel.provider.pk, added_by_a_newer_version=True)

        assert (panel.accepted(order), panel.run(order).tries) == (1, 1)

    def test_mail_waits_for_the_server_where_it_holds_up_no_other_tick(self, broker):
        """A part is whatever a tick is worked at: here a kind of message."""
        queue_mail(to="a@example.test", subject="Hello", body="A text.", key="hello", now=timezone.now())

        tick(name="mail")
        (message,) = messages(broker, "upstream")
        work(**message)

        assert message == {"name": "mail", "part": "mail"}
        assert [sent.to for sent in mail.outbox] == [["a@example.test"]]

    def test_placing_publishes_nothing(self, panel, broker):
        """Decision 9: a web request never publishes a message."""
        panel.order()

        assert Order.objects.count() == 1
        assert broker.keys() == []

    def test_every_job_is_in_the_timetable_and_expires_after_a_period(self):
        entries = {entry["kwargs"]["name"]: entry for entry in app.conf.beat_schedule.values()}

        assert set(entries) == set(TICKS)
        assert {entry["options"]["expires"] - entry["schedule"] for entry in entries.values()} == {MOST_SKEW_SECONDS}
