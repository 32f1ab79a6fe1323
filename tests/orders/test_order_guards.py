"""Raw SQL that rewrites an order is refused, and goes through once its guard is gone (D45, decisions 11 and 25)."""

import pytest
from django.db import DatabaseError, connection, transaction

from orders.models import Order
from orders.operations.settling import settle
from orders.operations.statuses import Move, Overtaken, write
from policies.rules.delivery import TRANSITIONS, public_words
from policies.rules.vocabulary import Cause, OrderStatus
from tests.factories import NOON, CustomerFactory, OrderFactory

pytestmark = pytest.mark.django_db

TERMS, PACE, END = "order_terms_are_fixed", "order_pacing_is_fixed", "order_end_is_final"
PACING = {"drip_runs", "run_interval_minutes", "daily_cap"}
OTHERWISE = {  # each column of what was agreed and what was ordered, with something else in it
    "user_id": "(SELECT min(id) FROM accounts_user WHERE id <> user_id)",
    "request_key": "'another'",
    "request_hash": "'0'",
    "channel": "'api_v2'",
    "placed_at": "placed_at - interval '1 second'",
    "service_id": "service_id + 1",
    "type": "'Package'",
    "platform": "'tiktok'",
    "metric": "'likes'",
    "provider_id": "provider_id + 1",
    "provider_service": "'another'",
    "rate": "0",
    "charge": "charge + 1",
    "units": "units + 1",
    "quantity": "quantity + 1",
    "fields": """'{"comments": "x"}'""",
    "fingerprint": "'0'",
    "tolerance": "tolerance + 1",
    "forecast": "'{}'",
    "refund_policy_id": "support_policy_id",
    "support_policy_id": "refund_policy_id",
    "cancel": "NOT cancel",
    "instant": "NOT instant",
    "pace_per_hour": "7",
    "average_minutes": "7",
    "drip_runs": "2, run_interval_minutes = 5",
    "run_interval_minutes": "7",
    "daily_cap": "7",
    "start_window_hours": "7",
    "refill": "NOT refill",
    "refill_days": "7",
    "refill_max": "7",
    "refill_cap_percent": "7",
    "refill_auto": "NOT refill_auto",
}
MOVING = {
    *("id", "link", "status", "refunded", "cause", "ended_at", "cancel_requested_at", "waiting_since", "held_reason"),
    *("paused_reason", "slowed", "issue_open"),
}
REWRITES = [
    *(
        (f"UPDATE orders_order SET {column} = {value}", PACE if column in PACING else TERMS)
        for column, value in OTHERWISE.items()
    ),
    ("UPDATE orders_order SET link = link || '/'", "order_link_is_kept_or_erased"),
    ("UPDATE orders_order SET status = 'queued', ended_at = NULL, cause = ''", END),
    ("UPDATE orders_order SET status = 'completed'", END),
    ("UPDATE orders_order SET ended_at = ended_at + interval '1 day'", END),
    ("DELETE FROM orders_order", "order_is_kept"),
    ("UPDATE orders_orderevent SET at = now()", "order_event_is_written_once"),
    ("DELETE FROM orders_orderevent", "order_event_is_written_once"),
]


@pytest.fixture
def ended():
    """An order that was canceled before it was sent, beside another customer."""
    CustomerFactory()
    order = OrderFactory(at=NOON)
    settle(order_id=order.pk, cause=Cause.CANCELED_BEFORE_CLAIM, actor="system", now=NOON)
    return order


def rows_changed(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.rowcount


@pytest.mark.parametrize(("statement", "guard"), REWRITES, ids=[statement for statement, _ in REWRITES])
def test_what_was_agreed_and_what_happened_is_written_once(ended, statement, guard):
    with pytest.raises(DatabaseError, match="written once"):
        rows_changed(statement)

    table = statement.split()[1 if statement.startswith("UPDATE") else 2]
    with connection.cursor() as cursor:  # the control: nothing else would have stopped it
        cursor.execute(f"DROP TRIGGER {guard} ON {table}")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # an id of nobody
    with transaction.atomic():
        assert rows_changed(statement) > 0
        transaction.set_rollback(True)  # what was deleted would leave its runs behind


def test_every_column_of_an_order_moves_or_is_fixed():
    """One that is added later is put on one side or the other."""
    columns = {field.column for field in Order._meta.concrete_fields}

    assert set(OTHERWISE) | MOVING == columns
    assert not set(OTHERWISE) & MOVING


def test_a_link_may_be_erased(ended):
    assert rows_changed("UPDATE orders_order SET link = ''") == 1


def test_an_end_leaves_room_for_what_an_appeal_pays(ended):
    assert rows_changed("UPDATE orders_order SET refunded = charge") == 1
    assert Order.objects.get().status == "canceled"


class TestStepsBack:
    """Decision 11: after a first acceptance resellers never read Pending again."""

    PENDING = ("queued", "waiting", "held", "submitting", "unknown")

    @pytest.mark.parametrize("before", ["processing", "in_progress"])
    @pytest.mark.parametrize("after", PENDING)
    def test_none_from_what_a_provider_has_taken(self, before, after):
        OrderFactory(at=NOON)
        rows_changed(f"UPDATE orders_order SET status = '{before}'")

        with pytest.raises(DatabaseError, match=f"does not go from {before} back to {after}"):
            rows_changed(f"UPDATE orders_order SET status = '{after}'")

        rows_changed("DROP TRIGGER order_never_steps_back ON orders_order")
        assert rows_changed(f"UPDATE orders_order SET status = '{after}'") == 1

    def test_the_guard_refuses_nothing_that_the_table_allows(self):
        """Two places that must agree."""
        taken = (OrderStatus.PROCESSING, OrderStatus.IN_PROGRESS)

        refused = [after for before in taken for after in TRANSITIONS[before] if after.value in self.PENDING]

        assert refused == []
        assert set(self.PENDING) == {status.value for status in OrderStatus if public_words(status) == ("Pending",)}


def test_a_step_from_where_an_order_does_not_stand_is_not_written(ended):
    """Compare and set: whoever writes a status says which one it read."""
    order = OrderFactory(at=NOON)
    step = Move(order.pk, OrderStatus.PROCESSING, OrderStatus.IN_PROGRESS)

    with transaction.atomic(), pytest.raises(Overtaken, match=str(order.pk)):
        write([step], actor="system", now=NOON)

    assert Order.objects.get(pk=order.pk).status == "queued"
    assert list(order.events.values_list("kind", flat=True)) == ["placed"]
