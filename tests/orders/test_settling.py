"""How orders end: by the cause, refunded once, with the decision kept, and the link given free."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, connections

from orders.models import Delivery, LinkHold, Order, OrderEvent, Run
from orders.operations import runs, settling, statuses
from policies.models import Decision
from policies.rules.delivery import IllegalTransition
from policies.rules.vocabulary import Cause, OrderStatus, RunOutcome
from tests.factories import NOON
from tests.past_the_guards import past_the_guards

CHARGE = Decimal("1.50000")


def end(run: Run, outcome: RunOutcome = RunOutcome.SHORT, *, delivered: int = 0) -> None:
    runs.end_run(run_id=run.pk, outcome=outcome, delivered=delivered, start_count=7, actor="system", now=NOON)


@pytest.fixture
def live(upstream) -> Run:
    """A run of 1,000 units for 1.50 that the provider took; the order tolerates 20 units."""
    order = upstream.order()
    upstream.send()
    return upstream.run(order)


class TestCauses:
    def test_what_was_not_delivered_is_paid_back(self, upstream):
        """D48: R38, "refund.7.3": reported by the simulator, decided by the rule, kept with its numbers."""
        order = upstream.order(sim="partial:0.4")
        upstream.send()

        ended = upstream.ended(order)

        assert (ended.status, ended.cause, ended.refunded) == ("partial", "provider_ended", Decimal("0.90000"))
        decision = Decision.objects.get()
        assert (decision.clause_refs, decision.amount, decision.automated) == (["refund.7.3"], ended.refunded, "full")
        assert (decision.subject_type, decision.subject_id) == ("order", order.pk)
        assert decision.inputs["delivered"] == 400

    def test_nothing_delivered_pays_everything_back(self, upstream):
        """ "refund.6.3": canceled by the provider before the first unit."""
        order = upstream.order(sim="canceled")
        upstream.send()

        ended = upstream.ended(order)

        assert (ended.status, ended.refunded) == ("canceled", ended.charge)
        assert Decision.objects.get().clause_refs == ["refund.6.3"]

    @pytest.mark.parametrize(
        ("delivered", "status", "clause"), [(980, "completed", "refund.7.2"), (979, "partial", "refund.7.3")]
    )
    def test_a_minor_difference_completes_and_the_next_unit_is_refunded(self, live, delivered, status, clause):
        """R39, R40: the boundary is exact."""
        end(live, delivered=delivered)

        order = Order.objects.get()
        assert (order.status, order.refunded > 0) == (status, status == "partial")
        assert Decision.objects.get().clause_refs == [clause]

    def test_earned_and_refunded_add_up_to_the_charge(self, upstream, live):
        before = upstream.balance()

        end(live, delivered=333)

        order = Order.objects.get()
        assert upstream.balance() - before == order.refunded == CHARGE - Decimal("0.49950")

    def test_the_timeline_says_who_why_and_how_much(self, live):
        end(live, delivered=500)

        event = OrderEvent.objects.order_by("pk").last()
        assert (event.kind, event.status, event.actor, event.clauses) == ("status", "partial", "system", ["refund.7.3"])
        assert event.facts == {"units": 1000, "delivered": 500, "refund": "0.75000"}

    def test_the_customer_s_fault_refunds_nothing(self, live):
        """R24 to R29, "refund.5.2"."""
        end(live, RunOutcome.STOPPED, delivered=500)

        order = Order.objects.get()
        assert (order.status, order.refunded) == ("stopped", 0)
        assert Decision.objects.get().clause_refs == ["refund.5.2"]


class TestOnce:
    def test_ending_a_run_again_with_other_numbers_changes_nothing(self, upstream, live):
        """Reliability 3, row 13: Partial reported twice, with other remains."""
        end(live, delivered=400)
        before = upstream.balance()

        end(live, delivered=100)
        settling.settle(order_id=live.order_id, cause=Cause.FAILED, actor="staff:1", now=NOON)

        assert upstream.balance() == before
        assert Order.objects.get().refunded == Decimal("0.90000")
        assert Decision.objects.count() == 1

    def test_the_link_is_free_and_the_run_no_longer_looked_at(self, live):
        assert LinkHold.objects.exists()

        end(live, delivered=400)

        assert not LinkHold.objects.exists()
        assert not Delivery.objects.exists()
        live.refresh_from_db()
        assert (live.state, live.delivered, live.start_count, live.outcome) == ("ended", 400, 7, "short")

    def test_an_order_of_two_runs_ends_with_the_second(self, upstream, live):
        """Decision 10: totals are the order's, over its first runs."""
        Run.objects.filter(pk=live.pk).update(quantity=600)
        Delivery.objects.update(quantity=600)
        last = Run.objects.create(
            order_id=live.order_id, number=2, quantity=400, provider=live.provider, provider_service="1001"
        )

        end(live, delivered=600, outcome=RunOutcome.DELIVERED)
        assert Order.objects.get().status == "in_progress"
        end(last, delivered=100)

        assert (Order.objects.get().status, Order.objects.get().refunded) == ("partial", Decimal("0.45000"))

    def test_final_numbers_never_fall_behind_what_was_seen(self, live):
        Delivery.objects.update(delivered=700)

        end(live, delivered=650)

        live.refresh_from_db()
        assert live.delivered == 700


class TestStatuses:
    def test_no_status_leads_out_of_a_terminal_one(self, live):
        end(live, delivered=400)
        move = statuses.Move(live.order_id, OrderStatus.PARTIAL, OrderStatus.QUEUED)

        with pytest.raises(IllegalTransition):
            statuses.write([move], actor="system", now=NOON)

    def test_writing_many_costs_two_statements(self, upstream, django_assert_num_queries):
        orders = [upstream.order() for _ in range(12)]
        moves = [statuses.Move(order.pk, OrderStatus.QUEUED, OrderStatus.HELD) for order in orders]

        with django_assert_num_queries(2):
            statuses.write(moves, actor="system", now=NOON)

        assert set(Order.objects.values_list("status", flat=True)) == {"held"}


@pytest.mark.django_db(transaction=True)
class TestRaced:
    def test_eight_threads_settle_one_order_once(self, connect, with_request_ids):
        """Reliability 3, row 33: the row lock makes seven of them find it ended."""
        upstream = connect(with_request_ids)
        order = upstream.order()
        upstream.send()
        run, before = upstream.run(order), upstream.balance()

        def work(number: int) -> None:
            try:
                end(run, delivered=100 * number)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))

        ended = upstream.fresh(order)
        assert upstream.balance() - before == ended.refunded
        assert OrderEvent.objects.filter(order=order, status=ended.status).count() == 1
        assert Decision.objects.count() <= 1

    def test_the_books_refuse_a_second_refund_even_without_the_lock(self, connect, with_request_ids):
        """Decision 17: the key names the order and the cause; the row says never above the charge."""
        upstream = connect(with_request_ids)
        order = upstream.order()
        upstream.send()
        end(upstream.run(order), delivered=0)
        before = upstream.balance()

        with past_the_guards(), connection.cursor() as cursor:  # as if nobody had ended it
            cursor.execute("UPDATE orders_order SET ended_at = NULL, cause = '', status = 'processing', refunded = 0")
        settling.settle(order_id=order.pk, cause=Cause.PROVIDER_ENDED, actor="staff:1", now=NOON)

        assert upstream.balance() == before
