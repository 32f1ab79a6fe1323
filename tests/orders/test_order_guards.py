"""Raw SQL that rewrites an order is refused, and goes through once its guard is gone (D45, decisions 11 and 25)."""

import pytest
from django.db import DatabaseError, connection, transaction

from orders.models import Order
from orders.operations.settling import settle
from policies.rules.vocabulary import Cause
from tests.factories import NOON, OrderFactory

pytestmark = pytest.mark.django_db

TERMS, END = "order_terms_are_fixed", "order_end_is_final"
REWRITES = [
    ("UPDATE orders_order SET charge = charge + 1", TERMS),
    ("UPDATE orders_order SET units = units + 1", TERMS),
    ("UPDATE orders_order SET rate = 0", TERMS),
    ("UPDATE orders_order SET tolerance = tolerance + 1", TERMS),
    ("UPDATE orders_order SET refund_policy_id = support_policy_id", TERMS),
    ("UPDATE orders_order SET support_policy_id = refund_policy_id", TERMS),
    ("UPDATE orders_order SET type = 'Package'", TERMS),
    ("UPDATE orders_order SET cancel = NOT cancel", TERMS),
    ("UPDATE orders_order SET refill = NOT refill", TERMS),
    ("UPDATE orders_order SET refill_days = 7", TERMS),
    ("UPDATE orders_order SET status = 'queued', ended_at = NULL, cause = ''", END),
    ("UPDATE orders_order SET status = 'completed'", END),
    ("UPDATE orders_order SET ended_at = ended_at + interval '1 day'", END),
    ("DELETE FROM orders_order", "order_is_kept"),
    ("UPDATE orders_orderevent SET at = now()", "order_event_is_written_once"),
    ("DELETE FROM orders_orderevent", "order_event_is_written_once"),
]


@pytest.fixture
def ended():
    """An order that was canceled before it was sent."""
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
    with transaction.atomic():
        assert rows_changed(statement) > 0
        transaction.set_rollback(True)  # what was deleted would leave its runs behind


def test_an_end_leaves_room_for_what_an_appeal_pays(ended):
    assert rows_changed("UPDATE orders_order SET refunded = charge") == 1
    assert Order.objects.get().status == "canceled"
