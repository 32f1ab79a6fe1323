"""D49: every stored decision comes out as it was when it is decided again; whatever was changed behind us is found."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import policies.operations as policies
from accounts.models import Alarm, Outgoing
from orders.models import Order, Run
from orders.operations import placing, settling
from plumbing import canonical
from policies.models import Decision, ReplayCheck
from policies.operations import replaying
from policies.operations.replaying import replay
from policies.rules.vocabulary import Cause
from smmpanel.replaying import run
from smmpanel.ticks import TICKS
from tests.factories import NOON, CustomerFactory, ServiceFactory

pytestmark = pytest.mark.django_db

CAUSES = [cause for cause in Cause if cause not in (Cause.STILL_RUNNING, Cause.ALL_DELIVERED)]
DELIVERED = (400, 0, 1, 979, 980, 999)  # of 1,000 units, of which 20 may be missing
DECIDED = 8
GUARDED = ("policies_decision", "policies_policyversion", "policies_clause")


def tamper(statement, values=()):
    """Change what never changes, behind its guards, as a bad restore or a superuser might; how many rows."""
    with connection.cursor() as sql:
        sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        sql.execute(statement, values)
        changed = sql.rowcount
        for table in GUARDED:
            sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    return changed


def decide(number, *, at=NOON):
    """So many decisions through the real door: orders placed, delivered in part and settled for each cause."""
    policies.seed(now=at)
    shown = {version.pk: version.checksum for version in policies.required_versions(now=at)}
    customer, service = CustomerFactory(funds=Decimal(100_000)), ServiceFactory()
    for each in range(number):
        placed = placing.place_order(
            user_id=customer.pk,
            request=placing.Request(service.pk, f"https://instagram.com/replayed{each}", 1000),
            request_key=None,
            channel=Order.Channel.API_V2,
            accepting={} if each else shown,
            now=at,
        )
        Run.objects.filter(order=placed.order_id).update(delivered=DELIVERED[each // len(CAUSES) % len(DELIVERED)])
    Order.objects.live().update(status="paused", paused_reason="test")  # from where an order may end in any way
    for each, order_id in enumerate(Order.objects.live().order_by("id").values_list("id", flat=True)):
        settling.settle(order_id=order_id, cause=CAUSES[each % len(CAUSES)], actor="system", now=at)


def differences(decision):
    return {each.what: (each.stored, each.replayed) for each in replay(decision)}


def command(*arguments, out=None):
    """The command's output and how it failed, if it did."""
    out = out or StringIO()
    try:
        call_command("replay_decisions", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), None


def test_a_thousand_stored_decisions_come_out_as_they_were():
    """Issue 4: orders of every cause, settled as they always are."""
    decide(1000)

    output, failure = command()

    assert (output, failure) == ("Every decision comes out as it was stored: 1000 checked.\n", None)
    kinds = set(Decision.objects.values_list("inputs__cause", "outcome"))
    assert {cause for cause, _ in kinds} == {cause.value for cause in CAUSES}
    assert {outcome for _, outcome in kinds} == {"refund", "refuse"}


@pytest.fixture
def decision():
    """A refund of 0.90: 400 of 1,000 were delivered. Another beside it stays as it is."""
    decide(DECIDED)
    return Decision.objects.get(inputs__cause="provider_ended", inputs__delivered=400)


class TestADifference:
    """Each was planted in raw SQL, with the guards off."""

    @pytest.fixture(autouse=True)
    def _only_where_planted(self, decision):
        """The control: nothing differs before, and nothing beside it afterwards."""
        assert [each for each in Decision.objects.all() if replay(each)] == []
        yield
        assert [each.pk for each in Decision.objects.all() if replay(each)] == [decision.pk]

    def found(self, decision, change, *values):
        assert tamper(f"UPDATE policies_decision SET {change} WHERE id = %s", [*values, decision.pk]) == 1
        return differences(Decision.objects.get(pk=decision.pk))

    def test_in_the_amount_is_found(self, decision):
        assert self.found(decision, "amount = 0.91") == {"amount": ("0.91000", "0.90000")}

    def test_in_an_amount_that_is_gone_is_found(self, decision):
        assert self.found(decision, "amount = NULL") == {"amount": ("null", "0.90000")}

    def test_in_the_outcome_is_found(self, decision):
        assert self.found(decision, "outcome = 'refuse'") == {"outcome": ("refuse", "refund")}

    def test_in_the_clauses_is_found(self, decision):
        assert self.found(decision, "clause_refs = '{refund.7.2}'") == {"clauses": ('["refund.7.2"]', '["refund.7.3"]')}

    @pytest.mark.parametrize(
        ("path", "value"), [("{reasons,0,finding}", '"minor_difference"'), ("{reasons,0,facts,missing}", "601")]
    )
    def test_in_a_finding_or_its_facts_is_found(self, decision, path, value):
        assert set(self.found(decision, "detail = jsonb_set(detail, %s, %s)", path, value)) == {"reasons"}

    def test_in_the_facts_is_found_by_their_digest(self, decision):
        found = self.found(decision, "inputs = jsonb_set(inputs, '{tolerance}', '21')")

        assert set(found) == {"digest of the facts"}

    def test_in_facts_that_were_given_a_new_digest_is_found_by_the_rule(self, decision):
        facts = {**decision.inputs, "delivered": 399}
        found = self.found(decision, "inputs = %s, inputs_sha256 = %s", json.dumps(facts), canonical.digest(facts))

        assert set(found) == {"amount", "reasons"}

    def test_in_a_parameter_is_found_by_the_policy_version(self, decision):
        found = self.found(decision, "params = jsonb_set(params, '{tolerance_bp}', '300')")

        assert found == {"parameter tolerance_bp": ("300", "200")}

    @pytest.mark.parametrize("change", ["appeal_until + interval '1 day'", "appeal_until - interval '1 day'", "NULL"])
    def test_in_the_time_to_appeal_is_found(self, decision, change):
        """refund.11.2: nobody is given less of it, or more, than the version says."""
        assert set(self.found(decision, f"appeal_until = {change}")) == {"time to appeal"}

    @pytest.mark.parametrize("part", ["none", "partial"])
    def test_in_what_a_machine_decided_is_found(self, decision, part):
        """Nobody can make a machine's decision look like a person's."""
        found = self.found(decision, "automated = %s, actor = 'staff:3'", part)

        assert found == {"part of the machine": (part, "full")}

    @pytest.mark.parametrize("params", ["{}", "[]", "null"])
    def test_in_parameters_that_are_gone_is_found(self, decision, params):
        assert "parameter fail_after_h" in self.found(decision, "params = %s", params)

    def test_of_a_rule_that_is_not_registered_is_one_and_no_crash(self, decision):
        found = self.found(decision, "rule_version = 99")

        assert found == {
            "rule": ("refunds.decide_refund v99", "no rule refunds.decide_refund version 99 is registered")
        }

    @pytest.mark.parametrize("inputs", ["{}", "[]", "null", '{"units": 0.5}', '{"cause": "a whim"}'])
    def test_of_facts_that_cannot_be_read_is_one_and_no_crash(self, decision, inputs):
        assert set(self.found(decision, "inputs = %s", inputs)) == {"rule", "digest of the facts"}

    def test_is_told_by_the_command_with_its_row(self, decision):
        self.found(decision, "amount = 0.91")

        output, failure = command()

        assert failure == f"1 of {DECIDED} decisions come out otherwise."
        assert output.splitlines() == [
            f"decision {decision.pk} on order {decision.subject_id} (refunds.decide_refund v1)",
            "  amount: stored 0.91000, now 0.90000",
        ]

    def test_is_told_to_monitors_as_json(self, decision):
        self.found(decision, "amount = 0.91")

        output, failure = command("--json")

        told = json.loads(output)
        assert failure
        assert (told["equal"], told["checked"], told["differing"]) == (False, DECIDED, 1)
        assert told["decisions"] == [
            {
                "decision": decision.pk,
                "rule": "refunds.decide_refund v1",
                "subject": f"order {decision.subject_id}",
                "differences": [{"what": "amount", "stored": "0.91000", "replayed": "0.90000"}],
            }
        ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policies_clause SET text = 'Nothing is paid back.' WHERE ref = 'refund.7.3'",
        "UPDATE policies_policyversion SET params = jsonb_set(params, '{appeal_days}', '1')",
    ],
)
def test_a_published_version_that_was_changed_fails_every_decision_under_it(decision, change):
    assert tamper(change) >= 1

    for each in Decision.objects.all():
        assert "checksum of the policy version" in differences(each)


def test_a_version_is_read_and_computed_once_a_run(decision):
    with CaptureQueriesContext(connection) as queries:
        _, chunks = replaying.every_decision(since=0)
        assert run(chunks).checked == DECIDED

    asked = [query["sql"] for query in queries]
    assert sum("policies_clause" in each for each in asked) == 1
    assert sum("policies_policyversion" in each for each in asked) == 1


def test_it_reads_in_chunks_and_the_database_refuses_it_to_write(decision, monkeypatch):
    monkeypatch.setattr(replaying, "CHUNK", 3)

    total, chunks = replaying.every_decision(since=0)
    sizes = [len(chunk) for chunk in chunks]

    assert (total, sizes) == (DECIDED, [3, 3, 2])
    with pytest.raises(DatabaseError, match="read-only"), replaying.sql.read_only():
        Decision.objects.get(pk=decision.pk).delete()


class TestTheCommand:
    def test_since_an_id_replays_from_there_on(self, decision):
        output, _ = command("--since", str(decision.pk))

        later = Decision.objects.filter(pk__gte=decision.pk).count()
        assert output == f"Every decision comes out as it was stored: {later} checked.\n"

    def test_a_sample_takes_the_newest_and_some_of_the_others(self, decision):
        newest = set(Decision.objects.order_by("-id").values_list("id", flat=True)[:3])

        for _ in range(5):
            total, chunks = replaying.sample(number=3)
            ids = [each.pk for chunk in chunks for each in chunk]
            assert len(ids) == len(set(ids)) == total
            assert newest <= set(ids)
            assert 4 <= total <= 6

    def test_a_sample_of_more_than_there_are_is_all_of_them(self, decision):
        assert replaying.sample(number=100)[0] == DECIDED
        assert (
            replaying.sample(number=100, since=decision.pk)[0] == Decision.objects.filter(pk__gte=decision.pk).count()
        )

    @pytest.mark.parametrize("arguments", [(), ("--sample", "10"), ("--since", "3")])
    def test_without_decisions_there_is_nothing_to_differ(self, arguments):
        assert command(*arguments) == ("Every decision comes out as it was stored: 0 checked.\n", None)

    @pytest.mark.parametrize("number", ["0", "-1", "many"])
    def test_a_number_that_is_none_is_refused(self, number):
        with pytest.raises(CommandError, match="no whole number"):
            call_command("replay_decisions", f"--sample={number}")

    def test_a_sample_too_large_to_be_one_is_refused(self):
        with pytest.raises(CommandError, match="at most"):
            call_command("replay_decisions", "--sample", "100001")

    def test_a_whole_run_is_kept_for_staff_and_a_part_is_not(self, decision):
        command("--sample", "3")
        command("--since", str(decision.pk))
        assert not ReplayCheck.objects.exists()

        command()
        assert (ReplayCheck.objects.get().checked, ReplayCheck.objects.get().differing) == (DECIDED, 0)

    def test_a_terminal_sees_how_far_it_has_come(self, decision, monkeypatch):
        class Terminal(StringIO):
            def isatty(self):
                return True

        monkeypatch.setattr(replaying, "CHUNK", 4)
        output, _ = command(out=Terminal())

        assert all(f"{done} of {DECIDED} " in output for done in (4, DECIDED))

    def test_only_the_first_hundred_are_named_and_all_are_counted(self, decision, monkeypatch):
        monkeypatch.setattr(replaying, "SHOWN", 2)
        tamper("UPDATE policies_decision SET inputs_sha256 = 'x'")

        output, failure = command()

        assert failure == f"{DECIDED} of {DECIDED} decisions come out otherwise."
        assert output.endswith(f"and {DECIDED - 2} more\n")


class TestByNight:
    NIGHT = datetime(2026, 11, 23, 3, tzinfo=UTC)

    @pytest.fixture(autouse=True)
    def _alarms(self, settings):
        settings.ALARM_EMAIL = "alarm@example.test"

    def alarms(self):
        return Outgoing.objects.filter(key__startswith="alarm:")

    def tick(self, now):
        parts = TICKS["replay"].parts(now=now)
        for part in parts:
            TICKS["replay"].go_on(part, now=now)
        return parts

    def test_it_runs_once_a_night_from_three_on(self, decision):
        early = self.NIGHT - timedelta(seconds=1)

        ran = [self.tick(now) for now in (early, self.NIGHT, self.NIGHT + timedelta(hours=20))]

        assert ran == [[], ["2026-11-23"], []]
        assert self.tick(self.NIGHT + timedelta(days=1)) == ["2026-11-24"]
        assert list(ReplayCheck.objects.values_list("checked", "differing")) == [(DECIDED, 0)] * 2
        assert not self.alarms().exists()

    def test_a_message_that_comes_twice_runs_it_once(self, decision):
        for _ in range(2):
            TICKS["replay"].go_on("2026-11-23", now=self.NIGHT)

        assert ReplayCheck.objects.count() == 1

    def test_staff_are_told_once_what_differs(self, decision):
        tamper("UPDATE policies_decision SET amount = 0.91 WHERE id = %s", [decision.pk])

        self.tick(self.NIGHT)

        mail = self.alarms().get()
        assert mail.key == f"alarm:replay:{Alarm.objects.get().pk}"
        assert f"decision {decision.pk} on order {decision.subject_id}" in mail.body
        assert "amount: stored 0.91000, now 0.90000" in mail.body
        check = ReplayCheck.objects.get()
        assert (check.differing, check.report[0]["decision"]) == (1, decision.pk)

    def test_a_result_never_changes(self, decision):
        self.tick(self.NIGHT)

        with pytest.raises(DatabaseError, match="only grows"):
            ReplayCheck.objects.update(differing=0)


class TestWhatStaffSee:
    @pytest.fixture
    def staff(self, client, settings):
        settings.STAFF_MFA_REQUIRED = False
        client.force_login(CustomerFactory(is_staff=True, is_superuser=True))
        return client

    def front(self, client):
        return " ".join(client.get(reverse("admin:app_list", args=["policies"])).content.decode().split())

    def test_that_nothing_was_replayed_yet(self, staff):
        page = self.front(staff)

        assert "not yet" in page
        assert "manage.py replay_decisions" in page

    def test_that_decisions_come_out_the_same(self, staff, decision):
        command()

        assert '<span class="badge badge-good">ok</span>' in self.front(staff)
        assert f"{DECIDED} decisions" in self.front(staff)

    def test_what_differs_and_the_report(self, staff, decision):
        tamper("UPDATE policies_decision SET amount = 0.91 WHERE id = %s", [decision.pk])
        command()
        address = reverse("admin:policies_replaycheck_change", args=[ReplayCheck.objects.get().pk])

        assert "1 differs" in self.front(staff)
        assert f'href="{address}"' in self.front(staff)
        report = staff.get(address).content.decode()
        assert reverse("admin:policies_decision_change", args=[decision.pk]) in report
        assert "0.91000" in report
        assert 'name="_save"' not in report
        assert "1 differs" in staff.get(reverse("admin:policies_replaycheck_changelist")).content.decode()

    def test_nothing_without_the_right_to_look(self, client, settings):
        settings.STAFF_MFA_REQUIRED = False
        person = CustomerFactory(is_staff=True)
        person.user_permissions.set(Permission.objects.filter(codename="view_decision"))
        client.force_login(person)

        assert "come out the same" not in self.front(client)
