"""D50: a draft is rehearsed on the past and on open orders, by the rules themselves, and changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from orders import rehearsing as orders_rehearsing
from orders.models import Delivery, Order, PollBatch, Run
from orders.operations import settling
from orders.reading import rehearsal_cases
from plumbing import sql
from policies import operations
from policies.models import Clause, Decision, PolicyVersion, Rehearsal
from policies.operations import rehearsing
from policies.rules.vocabulary import Cause, DecisionOutcome
from smmpanel.ticks import TICKS
from tests.factories import NOON, CustomerFactory, OrderFactory, ServiceFactory
from tests.policies.test_replaying import decide, tamper

pytestmark = pytest.mark.django_db

CHARGE = Decimal("1.50000")  # of 1,000 units, of which 20 may be missing under version 1
HOUR = timedelta(hours=1)


@pytest.fixture
def staff(db):
    person = CustomerFactory(is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="draft_policy"))
    return person


def draft_of(slug="refund", **params):
    """A draft of a policy with version 1's clauses and numbers, but for those named."""
    operations.seed(now=NOON)
    first = PolicyVersion.objects.get(policy__slug=slug, number=1)
    draft = first.policy.versions.create(number=2, params={**first.params, **params}, drafted_by="staff:1")
    for clause in first.clauses.all():
        draft.clauses.create(ref=clause.ref, position=clause.position, heading=clause.heading, text=clause.text)
    return draft


STRICT = {"tolerance_bp": 0, "tolerance_min_units": 0}  # the first missing unit is paid back


def open_order(*, delivered=0, still_since=None, **asked):
    """An order that its provider took and has delivered in part; without progress since an instant."""
    order = OrderFactory(quantity=1000, at=NOON, **asked)
    run = Run.objects.get(order=order)
    Run.objects.filter(pk=run.pk).update(state="live", provider_order_id=run.pk, accepted_at=NOON)
    batch = PollBatch.objects.create(provider=run.provider, due_at=NOON, size=1)
    Delivery.objects.create(
        run=run, batch=batch, order_id=order.pk, provider_order_id=run.pk, quantity=1000, delivered=delivered,
        progressed_at=still_since or NOON,
    )  # fmt: skip
    Order.objects.filter(pk=order.pk).update(status="in_progress" if delivered else "processing")
    return order


def ended_order(*, delivered, cause=Cause.PROVIDER_ENDED, **asked):
    order = open_order(delivered=delivered, **asked)
    settling.settle(order_id=order.pk, cause=cause, actor="system", now=NOON)
    return order


def work(rehearsal, *, now=NOON):
    """Passes at a rehearsal until it is over; as it is then."""
    for _ in range(100):
        orders_rehearsing.work_on(rehearsal_id=rehearsal.pk, now=now)
        rehearsal.refresh_from_db()
        if rehearsal.finished_at:
            return rehearsal
    raise AssertionError("never over")


def rehearse(staff, draft, *, decisions=1000, now=NOON):
    """The result of one whole rehearsal."""
    asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=decisions, now=now)
    over = work(asked, now=now)
    assert (over.state, over.done) == ("done", over.total)
    return over.result


class TestAsking:
    def test_keeps_who_asked_for_what_of_which_draft(self, staff):
        draft = draft_of()

        asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=500, now=NOON)

        assert (asked.state, asked.decisions, asked.asked_by, asked.asked_at) == (
            "waiting", 500, f"staff:{staff.pk}", NOON,
        )  # fmt: skip
        assert asked.checksum == operations.checksum_of(draft)

    def test_needs_the_right_to_draft(self):
        draft = draft_of()

        with pytest.raises(PermissionDenied):
            rehearsing.ask(staff=CustomerFactory(is_staff=True), version_id=draft.pk, decisions=500, now=NOON)

    def test_is_refused_for_what_is_published_or_never_was(self, staff):
        draft_of()
        first = PolicyVersion.objects.get(policy__slug="refund", number=1)

        for version_id in (first.pk, 0):
            with pytest.raises(operations.NotADraft):
                rehearsing.ask(staff=staff, version_id=version_id, decisions=500, now=NOON)

    @pytest.mark.parametrize("number", [0, -1, rehearsing.MOST + 1])
    def test_is_refused_for_a_number_that_makes_no_sense(self, staff, number):
        with pytest.raises(ValueError, match="decisions"):
            rehearsing.ask(staff=staff, version_id=draft_of().pk, decisions=number, now=NOON)

    def test_is_refused_while_one_is_under_way_and_free_afterwards(self, staff):
        draft = draft_of()
        first = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=500, now=NOON)

        with pytest.raises(rehearsing.AlreadyRehearsing):
            rehearsing.ask(staff=staff, version_id=draft.pk, decisions=500, now=NOON)

        work(first)
        assert rehearsing.ask(staff=staff, version_id=draft.pk, decisions=500, now=NOON).pk != first.pk

    def test_a_second_row_is_refused_by_the_database_as_well(self, staff):
        draft = draft_of()
        first = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=500, now=NOON)

        with pytest.raises(IntegrityError, match="one_rehearsal_of_a_draft_at_a_time"), transaction.atomic():
            draft.rehearsals.create(checksum=first.checksum, decisions=1, asked_by="staff:1", asked_at=NOON)


class TestTheResult:
    def test_a_smaller_tolerance_turns_known_refusals_into_refunds_with_their_exact_sum(self, staff):
        """R50, "refund.7.2" and "refund.7.3": 10, 15 and 20 missing of 1,000 for 1.50 each."""
        refused = [ended_order(delivered=delivered) for delivered in (990, 985, 980)]
        paid = ended_order(delivered=400)
        draft = draft_of(**STRICT)

        result = rehearse(staff, draft)

        assert {key: result[key] for key in result if key != "examples"} == {
            "decisions": 4,
            "open_orders": 0,
            "outcomes": [
                {"before": "refund", "after": "refund", "count": 1, "difference": "0.00000"},
                {"before": "refuse", "after": "refund", "count": 3, "difference": "0.06750"},
            ],
            "paid_before": "0.90000",
            "paid_after": "0.96750",
            "difference": "0.06750",
        }
        assert result["examples"][0] == {
            "subject_type": "order",
            "subject_id": refused[-1].pk,
            "before": {"outcome": "refuse", "amount": "0.00000", "clause": "refund.7.2"},
            "after": {"outcome": "refund", "amount": "0.03000", "clause": "refund.7.3"},
            "decision": Decision.objects.get(subject_id=refused[-1].pk).pk,
        }
        assert {example["subject_id"] for example in result["examples"]} == {order.pk for order in refused}
        assert paid.pk not in {example["subject_id"] for example in result["examples"]}

    def test_a_larger_one_turns_refunds_into_refusals(self, staff):
        ended_order(delivered=960)

        result = rehearse(staff, draft_of(tolerance_bp=500))

        assert result["outcomes"] == [{"before": "refund", "after": "refuse", "count": 1, "difference": "-0.06000"}]
        assert (result["paid_before"], result["paid_after"]) == ("0.06000", "0.00000")

    def test_the_same_numbers_change_nothing(self, staff):
        """The negative control: it is the draft's numbers that make the difference."""
        for delivered in (0, 400, 985):
            ended_order(delivered=delivered)
        open_order(delivered=400)

        result = rehearse(staff, draft_of())

        assert all(each["before"] == each["after"] for each in result["outcomes"])
        assert (result["difference"], result["examples"]) == ("0.00000", [])

    def test_only_the_newest_decisions_are_looked_at(self, staff):
        orders = [ended_order(delivered=990) for _ in range(3)]

        result = rehearse(staff, draft_of(**STRICT), decisions=2)

        assert result["decisions"] == 2
        assert {example["subject_id"] for example in result["examples"]} == {order.pk for order in orders[1:]}

    def test_decisions_under_another_policy_are_not(self, staff):
        ended_order(delivered=990)
        open_order(delivered=990)

        result = rehearse(staff, draft_of("support", notice_days=14))

        assert (result["decisions"], result["open_orders"], result["outcomes"]) == (0, 0, [])

    def test_a_decision_that_another_superseded_does_not_count(self, staff):
        order = ended_order(delivered=990)
        first = Decision.objects.get()
        operations.record_decision(
            rule=first.rule, subject_type="order", subject_id=order.pk, version_id=first.policy_version_id,
            inputs=first.inputs, outcome=DecisionOutcome.REFUSE, reasons=settling.foresee(
                order_id=order.pk, cause=Cause.PROVIDER_ENDED
            ).reasons, actor="staff:3", now=NOON, amount=Decimal(0), supersedes_id=first.pk,
        )  # fmt: skip

        assert rehearse(staff, draft_of())["decisions"] == 1

    def test_facts_that_cannot_be_read_are_said_to_be_and_move_no_money(self, staff):
        ended_order(delivered=400)
        tamper("UPDATE policies_decision SET rule_version = 99")

        result = rehearse(staff, draft_of())

        assert result["outcomes"] == [
            {"before": "refund", "after": "insufficient_evidence", "count": 1, "difference": "0.00000"}
        ]

    def test_examples_are_twenty_at_most_half_of_each_kind(self, staff):
        service, user = ServiceFactory(), CustomerFactory(funds=Decimal(1000))
        for _ in range(11):
            ended_order(delivered=990, service=service, user=user)
            open_order(delivered=990, service=service, user=user)

        result = rehearse(staff, draft_of(**STRICT))

        kinds = [example["decision"] is None for example in result["examples"]]
        assert (len(kinds), sum(kinds)) == (20, 10)
        assert (result["decisions"], result["open_orders"]) == (11, 11)

    def test_with_nothing_decided_and_nothing_open_it_is_done_at_once(self, staff):
        result = rehearse(staff, draft_of())

        assert (result["decisions"], result["open_orders"], result["outcomes"]) == (0, 0, [])


class TestOpenOrders:
    """What each would give back if its provider ended it now."""

    @pytest.mark.parametrize(
        ("delivered", "before", "after", "difference"),
        [
            (985, ("refuse", "0.00000", "refund.7.2"), ("refund", "0.02250", "refund.7.3"), "0.02250"),
            (0, None, None, "0.00000"),  # all of it, either way
        ],
    )
    def test_is_compared_under_both_policies(self, staff, delivered, before, after, difference):
        order = open_order(delivered=delivered)

        result = rehearse(staff, draft_of(**STRICT))

        assert (result["decisions"], result["open_orders"], result["difference"]) == (0, 1, difference)
        names = ("outcome", "amount", "clause")
        assert result["examples"] == (
            [
                {
                    "subject_type": "order",
                    "subject_id": order.pk,
                    "before": dict(zip(names, before, strict=True)),
                    "after": dict(zip(names, after, strict=True)),
                    "decision": None,
                }
            ]
            if before
            else []
        )

    @pytest.mark.parametrize(
        ("hours", "still", "before", "after"),
        [
            (48, timedelta(hours=48), "refund.7.2", "refund.6.3"),  # at the very instant it has failed
            (48, timedelta(hours=48, seconds=-1), "refund.7.2", "refund.7.2"),
            (96, timedelta(hours=72), "refund.6.3", "refund.7.2"),
            (72, timedelta(hours=72), "refund.6.3", "refund.6.3"),
        ],
    )
    def test_that_stands_still_has_completely_failed_by_each_policys_hours(self, staff, hours, still, before, after):
        """R37, "refund.6.3": a failure pays the missing 15 units that a minor difference does not."""
        open_order(delivered=985, still_since=NOON)

        result = rehearse(staff, draft_of(fail_after_h=hours), now=NOON + still)

        (kinds,) = result["outcomes"]
        words = {"refund.6.3": "refund", "refund.7.2": "refuse"}
        assert (kinds["before"], kinds["after"]) == (words[before], words[after])
        told = [(each["before"]["clause"], each["after"]["clause"]) for each in result["examples"]]
        assert told == ([(before, after)] if before != after else [])

    def test_of_which_a_part_still_waits_to_be_sent_has_not_failed(self, staff):
        order = open_order(delivered=985, still_since=NOON)
        run = Run.objects.get(order=order)
        Run.objects.create(order=order, number=2, quantity=1, provider=run.provider, provider_service="1", due_at=NOON)

        result = rehearse(staff, draft_of(), now=NOON + 100 * HOUR)

        assert result["outcomes"][0]["before"] == "refuse"

    def test_that_ended_meanwhile_is_left_out_and_the_count_ends_even(self, staff, monkeypatch):
        monkeypatch.setattr(rehearsing, "CHUNKS", 1)
        orders = [open_order(delivered=985) for _ in range(3)]
        asked = rehearsing.ask(staff=staff, version_id=draft_of().pk, decisions=10, now=NOON)
        orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON)
        settling.settle(order_id=orders[0].pk, cause=Cause.PROVIDER_ENDED, actor="system", now=NOON)

        over = work(asked)

        assert (over.total, over.done, over.result["open_orders"]) == (3, 3, 2)

    def test_is_seen_as_settling_would_see_it(self, staff):
        """Two readings of the same rows must agree: this one is set-based."""
        for delivered in (0, 1, 400, 979, 980, 1000):
            open_order(delivered=delivered)
        open_order(delivered=0, service=ServiceFactory(type="Package", min_quantity=1, max_quantity=1000))
        draft = rehearsing.Draft(0, "refund", operations.params_of(Order.objects.first().refund_policy_id), 10)

        span = rehearsal_cases.OPEN_ORDERS.span(draft)
        cases = rehearsal_cases.OPEN_ORDERS.read(draft, span, 100, NOON)

        assert len(cases) == span.count == 7
        for order_id, case in cases:
            seen = settling.foresee(order_id=order_id, cause=Cause.PROVIDER_ENDED)
            assert (case.before.outcome, case.before.amount) == (seen.outcome.value, seen.amount)
            assert case.before == case.after

    def test_are_read_in_chunks_by_one_query_each(self, staff, django_assert_num_queries):
        for _ in range(5):
            open_order()
        draft = rehearsing.Draft(0, "refund", operations.params_of(Order.objects.first().refund_policy_id), 10)
        span = rehearsal_cases.OPEN_ORDERS.span(draft)

        with django_assert_num_queries(1):
            cases = rehearsal_cases.OPEN_ORDERS.read(draft, span, 3, NOON)

        assert [order_id for order_id, _ in cases] == sorted((order_id for order_id, _ in cases), reverse=True)
        assert len(cases) == 3


def fingerprints():
    """A digest of every row of orders, wallet and policies but the rehearsals themselves, by table."""
    tables = sql.rows(
        "SELECT tablename FROM pg_tables WHERE tablename ~ '^(orders|wallet|policies|accounts)_' ORDER BY 1"
    )
    names = [name for (name,) in tables if name != "policies_rehearsal"]
    assert len(names) > 30
    return {
        name: sql.rows(f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t")
        for name in names
    }


class TestNothingChanges:
    def test_but_the_rehearsal_itself(self, staff):
        ended_order(delivered=990)
        open_order(delivered=985, still_since=NOON)
        draft = draft_of(**STRICT)
        before = fingerprints()

        assert rehearse(staff, draft, now=NOON + 100 * HOUR)["difference"] != "0.00000"

        assert fingerprints() == before

    @pytest.mark.parametrize(
        "write",
        [
            lambda: Order.objects.update(slowed=True),
            lambda: Clause.objects.filter(version__status="draft", ref="refund.1.1").update(text="Other"),
            lambda: tamper("UPDATE policies_decision SET amount = amount + 1"),
        ],
        ids=["an order", "a clause", "a decision"],
    )
    def test_the_fingerprints_would_show_a_write(self, write):
        """The control of the test above."""
        ended_order(delivered=990)
        draft_of()
        before = fingerprints()
        assert fingerprints() == before

        write()

        assert fingerprints() != before

    @pytest.mark.parametrize("planted", ["span", "read"])
    def test_since_the_database_refuses_a_write_between(self, staff, planted):
        """A source of cases that would end orders by mistake."""

        def by_mistake(*_):
            Order.objects.update(slowed=True)

        source = {"span": lambda draft: rehearsing.Span(1, 1, 1), "read": lambda *_: []} | {planted: by_mistake}
        open_order()
        asked = rehearsing.ask(staff=staff, version_id=draft_of().pk, decisions=10, now=NOON)

        with pytest.raises(DatabaseError, match="read-only"):
            rehearsing.work_on(rehearsal_id=asked.pk, also=(rehearsing.Source(**source),), now=NOON)

        assert not Order.objects.filter(slowed=True).exists()


class TestADraftThatChanged:
    @pytest.mark.parametrize("begun", [False, True])
    @pytest.mark.parametrize(
        "change",
        [
            lambda draft: draft.clauses.filter(ref="refund.7.3").update(text="Other"),
            lambda draft: PolicyVersion.objects.filter(pk=draft.pk).update(params={}),
        ],
        ids=["its text", "its numbers"],
    )
    def test_fails_its_rehearsal_with_the_reason(self, staff, monkeypatch, begun, change):
        monkeypatch.setattr(rehearsing, "CHUNKS", 1)
        ended_order(delivered=990)
        draft = draft_of(**STRICT)
        asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=10, now=NOON)
        if begun:
            orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON)

        change(draft)

        over = work(asked)
        assert (over.state, over.result) == ("failed", {"reason": rehearsing.CHANGED})
        assert rehearsing.ask(staff=staff, version_id=draft.pk, decisions=10, now=NOON).state == "waiting"

    def test_or_was_thrown_away_ends_it_quietly(self, staff):
        draft = draft_of()
        asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=10, now=NOON)
        draft.delete()

        orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON)

        assert not Rehearsal.objects.exists()


class TestInSlices:
    @pytest.fixture
    def asked(self, staff, monkeypatch):
        """Five decisions and three open orders, two at a time, one chunk a pass."""
        monkeypatch.setattr(rehearsing, "CHUNK", 2)
        monkeypatch.setattr(rehearsing, "CHUNKS", 1)
        for _ in range(5):
            ended_order(delivered=990)
        for _ in range(3):
            open_order(delivered=990)
        return rehearsing.ask(staff=staff, version_id=draft_of(**STRICT).pk, decisions=100, now=NOON)

    def one_pass(self, asked):
        for part in TICKS["rehearse"].parts(now=NOON):
            TICKS["rehearse"].go_on(part, now=NOON)
        asked.refresh_from_db()
        return asked.done, asked.total

    def test_the_bar_moves_with_each_and_the_end_is_exact(self, asked):
        moved = [self.one_pass(asked)]
        while asked.finished_at is None:
            moved.append(self.one_pass(asked))

        assert moved == [(0, 8), (2, 8), (4, 8), (5, 8), (7, 8), (8, 8)]
        assert (asked.result["decisions"], asked.result["open_orders"]) == (5, 3)
        assert asked.result["difference"] == "0.12000"

    def test_it_comes_to_the_same_as_in_one(self, asked, staff, monkeypatch):
        sliced = work(asked).result
        monkeypatch.undo()

        assert rehearse(staff, asked.version) == sliced

    def test_between_them_it_is_nobodys_and_due(self, asked):
        self.one_pass(asked)

        assert (asked.state, asked.lease_until) == ("running", None)
        assert TICKS["rehearse"].parts(now=NOON) == [asked.pk]

    def test_once_over_it_is_never_due_again(self, asked):
        result = work(asked).result

        assert TICKS["rehearse"].parts(now=NOON) == []
        orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON + HOUR)
        asked.refresh_from_db()
        assert (asked.result, asked.finished_at) == (result, NOON)

    def test_a_killed_worker_s_rehearsal_goes_on_from_its_last_chunk_once_its_lease_is_over(self, asked, monkeypatch):
        """Reliability 3, row 15: nothing counted twice, nothing left out."""
        self.die_in_the_third_chunk(asked, monkeypatch)
        assert (asked.state, asked.done) == ("running", 4)

        assert self.one_pass(asked) == (4, 8)  # its lease is not over: nobody may touch it
        Rehearsal.objects.update(lease_until=sql.rows("SELECT clock_timestamp() - interval '1 second'")[0][0])

        assert work(asked).result["difference"] == "0.12000"
        assert asked.result["decisions"] == 5

    def die_in_the_third_chunk(self, asked, monkeypatch):
        def kill(*_):
            raise SystemExit

        read = rehearsing.DECISIONS.read
        chunks = iter([read, read, kill])
        dying = rehearsing.Source(rehearsing.DECISIONS.span, lambda *given: next(chunks)(*given))
        with monkeypatch.context() as patch:
            patch.setattr(rehearsing, "CHUNKS", 10)
            patch.setattr(rehearsing, "DECISIONS", dying)
            with pytest.raises(SystemExit):
                orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON)
        asked.refresh_from_db()

    def test_a_worker_that_comes_back_after_its_lease_writes_nothing(self, asked):
        """Whoever took over is the only one that counts."""
        slow = rehearsing._take(asked.pk)
        Rehearsal.objects.update(lease_until=sql.rows("SELECT clock_timestamp() - interval '1 second'")[0][0])
        self.one_pass(asked)
        kept = (asked.done, asked.total, asked.result)

        assert rehearsing._go_on(slow, (rehearsing.DECISIONS, rehearsal_cases.OPEN_ORDERS), NOON) is None

        asked.refresh_from_db()
        assert (asked.done, asked.total, asked.result) == kept


@pytest.mark.django_db(transaction=True)
class TestRaced:
    def at_once(self, work, number=4):
        start = Barrier(number)

        def begin(_):
            try:
                start.wait(timeout=20)
                return work()
            except (rehearsing.AlreadyRehearsing, IntegrityError) as error:
                return type(error).__name__
            finally:
                connections.close_all()

        with ThreadPoolExecutor(number) as threads:
            return list(threads.map(begin, range(number)))

    @pytest.fixture
    def draft(self):
        decide(6)
        return draft_of(**STRICT)

    def test_workers_at_once_do_it_once(self, staff, draft, monkeypatch):
        asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=100, now=NOON)
        read, reads = rehearsing.DECISIONS.read, []
        counted = rehearsing.Source(rehearsing.DECISIONS.span, lambda *given: reads.append(1) or read(*given))
        monkeypatch.setattr(rehearsing, "DECISIONS", counted)

        self.at_once(lambda: orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON))

        asked.refresh_from_db()
        assert (asked.state, asked.result["decisions"], len(reads)) == ("done", 6, 1)

    def test_without_the_claim_they_would_do_it_several_times(self, staff, draft, monkeypatch):
        """The control of the test above: the statement without its condition."""
        asked = rehearsing.ask(staff=staff, version_id=draft.pk, decisions=100, now=NOON)
        monkeypatch.setattr(rehearsing, "TAKE", rehearsing.TAKE.split("AND (state")[0] + "RETURNING lease_until")

        taken = self.at_once(lambda: rehearsing._take(asked.pk))

        assert len([each for each in taken if each]) > 1

    def test_two_who_ask_together_get_one(self, staff, draft):
        answers = self.at_once(
            lambda: rehearsing.ask(staff=staff, version_id=draft.pk, decisions=10, now=NOON) and "asked"
        )

        assert sorted(answers) == ["AlreadyRehearsing"] * 3 + ["asked"]
        assert Rehearsal.objects.count() == 1


def test_the_pass_of_a_tick_ends_with_its_chunks(staff, monkeypatch):
    """Decision 9: a task is over long before its limit; the next tick goes on."""
    monkeypatch.setattr(rehearsing, "CHUNK", 1)
    monkeypatch.setattr(rehearsing, "CHUNKS", 3)
    for _ in range(4):
        ended_order(delivered=990)
    asked = rehearsing.ask(staff=staff, version_id=draft_of().pk, decisions=100, now=NOON)

    orders_rehearsing.work_on(rehearsal_id=asked.pk, now=NOON)

    asked.refresh_from_db()
    assert (asked.state, asked.done) == ("running", 2)  # the first chunk counts what there is


def test_reading_only_ends_with_its_block(db):
    """`sql.read_only` refuses within, and nothing afterwards."""
    with pytest.raises(DatabaseError, match="read-only"), sql.read_only():
        CustomerFactory()

    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
    assert CustomerFactory().pk
