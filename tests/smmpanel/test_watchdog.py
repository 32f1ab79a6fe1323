"""Whether the periodic jobs keep up: asked every minute by a monitor, and by a tick that alarms staff."""

import json
from datetime import timedelta
from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import policies.operations as policies
from accounts.models import Alarm, Outgoing
from accounts.operations import queue_alarm, queue_mail
from orders.models import PollBatch, Provider, Run, Switches, SwitchTurn, Wave
from plumbing import passes, sql
from plumbing.models import TickPass
from plumbing.ticks import Tick
from policies.models import Announcement, PolicyVersion
from smmpanel import tasks, watching
from smmpanel.celery import SECONDS
from smmpanel.ticks import TICKS, WORK
from tests.factories import OrderFactory, ProviderFactory
from tests.policies.people import rehearse, staff_with
from wallet.models import GatewayEvent, LedgerCheck

pytestmark = pytest.mark.django_db
LATE = timedelta(minutes=20)  # more than any job's limit


@pytest.fixture(autouse=True)
def _installed_now():
    """The tables of a run of tests are older than a job may be late."""
    TickPass.objects.all().delete()
    TickPass.objects.create(name=passes.INSTALLED, at=timezone.now())


@pytest.fixture
def at():
    """Now, as the command will read it."""
    return timezone.now()


def due_run(at):
    order = OrderFactory(at=at - LATE)
    Run.objects.filter(order=order).update(due_at=at - LATE)
    Outgoing.objects.all().delete()  # its confirmation would be late as well
    return order.runs.get()


def due_batch(at):
    PollBatch.objects.create(provider=ProviderFactory(), due_at=at - LATE)


def lost_claim(at):
    run = due_run(at)
    attempt = "0b9e5d5c-3c8f-4f53-9a53-8f3b3ad0a001"
    Run.objects.filter(pk=run.pk).update(state="submitting", attempt=attempt, lease_until=at - LATE)


def due_mail(at):
    queue_mail(to="customer@example.test", subject="Receipt", body="Thanks.", key="receipt", now=at - LATE)


def due_notice(at, *, gateway="manual"):
    GatewayEvent.objects.create(
        gateway=gateway, event_id="evt", kind="ping", payment_id="p", received_at=at - LATE, due_at=at - LATE
    )


def list_to_be_read(at):
    ProviderFactory(sync_minutes=60, sync_due_at=at - LATE)


def unannounced(at):
    policies.seed(now=at - LATE)
    Announcement.objects.create(version=PolicyVersion.objects.published().first())


def missed_night(at):
    LedgerCheck.objects.create(at=at - timedelta(days=3), milliseconds=1, entries=0, differing=0, report={})


DUE = {
    "dispatch": due_run,
    "refresh": due_batch,
    "reconcile": lost_claim,
    "announce": unannounced,
    "catalogue": list_to_be_read,
    "mail": due_mail,
    "payments": due_notice,
    "verify": missed_night,
}


WITHOUT_A_QUERY = [name for name, tick in WORK.items() if tick.oldest_due is None]


def passed(at):
    """Every job that cannot tell what is due was begun at that time."""
    TickPass.objects.all().delete()
    TickPass.objects.bulk_create(TickPass(name=name, at=at) for name in WITHOUT_A_QUERY)


def late(now, **asked):
    return {each.name for each in watching.look(WORK, now=now, **asked) if each.is_late}


def watchdog(*args):
    out, error = StringIO(), None
    try:
        call_command("watchdog", *args, stdout=out)
    except CommandError as failure:
        error = failure
    return out.getvalue(), error


class TestLooking:
    def test_an_idle_panel_is_late_with_nothing(self, at):
        assert {each.due_since for each in watching.look(WORK, now=at)} == {None}

    @pytest.mark.parametrize("name", DUE)
    def test_what_nobody_does_is_late(self, at, name):
        DUE[name](at)

        assert late(at) == {name}

    @pytest.mark.parametrize("name", [name for name in DUE if name != "verify"])
    def test_what_is_due_a_little_while_is_not(self, at, name):
        DUE[name](at)

        assert late(at - LATE + timedelta(seconds=300)) == set()
        assert name in late(at - LATE + timedelta(seconds=302 + SECONDS[name]))

    def test_the_age_asked_for_counts_from_the_jobs_own_period(self, at):
        due_mail(at)
        soon = at - LATE + timedelta(seconds=13)

        assert late(soon, max_age=timedelta(seconds=10)) == {"mail"}
        assert late(soon, max_age=timedelta(seconds=11)) == set()

    @pytest.mark.parametrize(
        "state",
        [{"enabled": False}, {"paused_at": timezone.now()}, {"backoff_until": timezone.now() + timedelta(hours=1)}],
        ids=["disabled", "paused", "asked to wait"],
    )
    def test_runs_of_a_provider_that_takes_none_are_nobodys_fault(self, at, state):
        due_run(at)
        Provider.objects.update(**state)

        assert late(at) == set()

    def test_a_long_queue_that_is_worked_on_is_not_late(self, at):
        due_run(at)
        Wave.objects.create(provider=Provider.objects.get(), started_at=at - timedelta(seconds=20), sent=1)

        assert late(at) == set()

    def test_while_sending_is_stopped_nothing_is_late_and_after_it_the_clock_begins_anew(self, at):
        due_run(at)
        Switches.objects.update_or_create(id=1, defaults={"stop_dispatch": True})
        assert late(at) == set()

        Switches.objects.update(stop_dispatch=False)
        SwitchTurn.objects.create(switch="dispatch", stopped=False, reason="Back", actor="staff:1", at=at)

        assert late(at) == set()
        passed(at + LATE)
        assert late(at + LATE) == {"dispatch"}

    def test_a_gateway_without_its_keys_is_not_waited_for(self, at):
        due_notice(at, gateway="stripe")

        assert late(at) == set()

    @pytest.mark.parametrize(
        ("state", "lease", "is_late"),
        [("waiting", None, True), ("running", None, False), ("running", timedelta(minutes=-20), True),
         ("running", timedelta(minutes=1), False)],
        ids=["nobody begins", "between two passes", "left by the dead", "somebody is at it"],
    )  # fmt: skip
    def test_a_rehearsal_is_late_when_nobody_is_at_it(self, at, state, lease, is_late):
        policies.seed(now=at - timedelta(days=9))
        writer = staff_with("draft_policy")
        draft = policies.start_draft(staff=writer, slug="refund", now=at - timedelta(days=1))
        rehearse(draft, state=state, at=at - LATE, lease_until=at + lease if lease else None)

        assert late(at) == ({"rehearse"} if is_late else set())

    def test_before_the_first_verification_no_night_was_missed(self, at):
        assert WORK["verify"].oldest_due(now=at) is None
        assert WORK["replay"].oldest_due(now=at) is None


class TestJobsThatCannotTell:
    """They hold orders, wake them, give up and measure: nothing else says that nobody has begun them."""

    def test_there_are_some(self):
        assert set(WITHOUT_A_QUERY) == {"hold", "wake", "unsent", "stall", "measure"}

    @pytest.mark.parametrize("name", WITHOUT_A_QUERY)
    def test_one_that_was_begun_long_ago_is_late(self, at, name):
        passed(at)
        limit = timedelta(seconds=2 * SECONDS[name]) + watching.MAX_AGE
        TickPass.objects.filter(name=name).update(at=at - limit)
        assert late(at) == set()

        assert late(at + timedelta(seconds=1)) == {name}

    @pytest.mark.parametrize("name", WITHOUT_A_QUERY)
    def test_one_that_was_never_begun_is_due_since_the_panel_was_installed(self, at, name):
        passed(at)
        TickPass.objects.filter(name=name).delete()
        assert late(at + LATE) >= set(WITHOUT_A_QUERY) - {"measure", name}

        TickPass.objects.create(name=passes.INSTALLED, at=at - timedelta(days=1))

        assert late(at) == {name}

    @pytest.mark.parametrize("name", WITHOUT_A_QUERY)
    def test_a_pass_by_the_clock_or_by_cron_ends_it(self, at, name):
        passed(at - timedelta(days=1))

        tasks.tick.apply(kwargs={"name": name})
        assert name not in late(timezone.now())

        passed(at - timedelta(days=1))
        call_command("tick", name)
        assert name not in late(timezone.now())

    def test_a_pass_that_fails_does_not(self, at):
        passed(at - timedelta(days=1))

        def fails(*, now):
            raise ValueError("away")

        with pytest.raises(ValueError, match="away"):
            passes.begin("hold", Tick(alone=fails), now=at)

        assert "hold" in late(at)

    def test_the_installation_is_written_down_by_its_migration(self):
        """In tables of its own: those of the tests are emptied."""
        migration = import_module("plumbing.migrations.0002_tickpass")
        TickPass.objects.all().delete()

        migration.installed(apps, None)

        assert passes.last().keys() == {passes.INSTALLED}


MANY = 20_000
MANY_RUNS = """
    INSERT INTO orders_run (order_id, number, kind, quantity, provider_id, provider_service, request_id, due_at, state,
                            tries, delivered, outcome)
    SELECT n, 1, 'first', 1, %s, '1', gen_random_uuid(), now() - n * interval '1 second', 'queued', 0, 0, ''
    FROM generate_series(1, %s) n
"""
MANY_MAILS = """
    INSERT INTO accounts_outgoing (kind, key, "to", subject, body, html, created_at, due_at, give_up_at, tries,
                                   last_error, again_by)
    SELECT 'mail', 'many:' || n, 'a@example.test', 's', 'b', '', now(), now() - n * interval '1 second', now(), 0,
           '', ''
    FROM generate_series(1, %s) n
"""


class TestItsCost:
    def test_is_one_query_a_job_that_can_tell_and_one_for_all_others(self, at, django_assert_num_queries):
        assert len(WORK) - len(WITHOUT_A_QUERY) == 12

        with django_assert_num_queries(12 + 1):
            watching.look(WORK, now=at)

    @pytest.mark.parametrize(
        ("name", "table", "index"),
        [("dispatch", "orders_run", "run_due"), ("mail", "accounts_outgoing", "outgoing_due")],
    )
    def test_of_twenty_thousand_that_wait_it_reads_the_first(self, at, name, table, index):
        sql.execute("SET LOCAL session_replication_role = replica")
        sql.execute(MANY_RUNS, [ProviderFactory().pk, MANY])
        sql.execute(MANY_MAILS, [MANY])
        sql.execute("SET LOCAL session_replication_role = origin")
        sql.execute("ANALYZE orders_run, accounts_outgoing")
        with CaptureQueriesContext(connection) as asked:
            assert at - WORK[name].oldest_due(now=at) > timedelta(seconds=MANY - 60)
        ((plan,),) = sql.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked[0]['sql']}")

        scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == table]
        read = [node for node in scans if node["Actual Rows"]]
        assert [(node["Index Name"], node["Actual Rows"]) for node in read] == [(index, 1)]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


class TestTheTick:
    def watch(self, now):
        assert TICKS["watch"].parts(now=now) == []

    @pytest.fixture(autouse=True)
    def _mailed(self, settings):
        settings.ALARM_EMAIL = "ops@example.test"

    def test_staff_are_told_once_while_it_lasts_and_the_alarm_ends_with_it(self, at):
        due_run(at)
        for minutes in range(3):
            self.watch(at + timedelta(minutes=minutes))

        alarm = Alarm.objects.get()
        assert (alarm.key, alarm.subject, alarm.times, alarm.is_open) == (
            "overdue:dispatch", "The job “dispatch” is late", 3, True,
        )  # fmt: skip
        assert "manage.py tick dispatch" in alarm.body
        assert Outgoing.objects.filter(subject=alarm.subject).count() == 1

        Run.objects.update(due_at=None)
        self.watch(at + timedelta(minutes=4))

        alarm.refresh_from_db()
        assert (alarm.is_open, alarm.cleared_by) == (False, "system")

    def test_each_job_has_an_alarm_of_its_own(self, at):
        due_run(at)
        due_notice(at)
        self.watch(at)
        Run.objects.update(due_at=None)
        self.watch(at + timedelta(minutes=1))

        assert set(Alarm.objects.filter(cleared_at=None).values_list("key", flat=True)) == {"overdue:payments"}

    def test_it_leaves_other_alarms_alone(self, at):
        queue_alarm(subject="Books", body="Differ.", key="verify", now=at, lasts=True)
        self.watch(at)

        assert Alarm.objects.get().is_open

    def test_all_well_costs_one_query_more_than_looking(self, at, django_assert_num_queries):
        with django_assert_num_queries(16):  # with the transaction's two
            self.watch(at)


class TestTheCommand:
    def test_says_how_each_job_stands(self):
        out, error = watchdog()

        assert error is None
        assert out.splitlines() == [f"{name}: nothing due" for name in WORK]

    def test_fails_when_one_is_late_and_changes_nothing(self, at):
        due_mail(at)

        out, error = watchdog()

        assert "mail: due for 20 min, at most 5 min: TOO LONG" in out.splitlines()
        assert str(error) == "Late: mail."
        assert error.returncode == 1
        assert not Alarm.objects.exists()

    def test_takes_another_age(self, at):
        due_mail(at)

        assert watchdog("--max-age", "3600")[1] is None

    def test_tells_programs_as_json(self, at):
        due_mail(at)

        out, error = watchdog("--json")

        told = json.loads(out)
        (mail,) = [job for job in told["jobs"] if job["name"] == "mail"]
        assert (told["late"], mail["late"], mail["limit"], error.returncode) == (True, True, 302, 1)
        assert mail["age"] >= 1200

    def test_a_database_that_is_away_is_a_failure_in_a_line(self):
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE orders_pollbatch CASCADE")

        assert "The database does not answer" in str(watchdog()[1])
