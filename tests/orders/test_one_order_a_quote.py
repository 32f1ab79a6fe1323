"""One quote, one order: what was shown is evidence of one. And what became of rows from before that was so."""

import importlib
from collections import Counter
from decimal import Decimal
from itertools import count

import pytest
from django.db import IntegrityError, transaction

import wallet.operations as wallet
from orders.models import Order, Quote
from orders.operations import placing
from plumbing import sql
from tests.factories import ServiceFactory
from tests.orders.test_concurrency import by_eight
from tests.orders.test_quotes import Customer

pytestmark = pytest.mark.django_db

MARK = importlib.import_module("orders.migrations.0012_one_order_a_quote").MARK
AGAIN_WITHOUT_QUOTE = """
    SELECT orders_place(jsonb_build_array(
        jsonb_build_object('order', to_jsonb(o), 'runs', '[]'::jsonb, 'event', to_jsonb(e))))
    FROM orders_order AS o JOIN orders_orderevent AS e ON e.order_id = o.id
"""


@pytest.fixture
def customer() -> Customer:
    return Customer(ServiceFactory(rate=Decimal("1.50")))


def copy_of(quote: Quote, *, order: Order) -> Quote:
    """The same row for another order."""
    columns = {field.attname: getattr(quote, field.attname) for field in Quote._meta.fields}
    return Quote(**{**columns, "order_id": order.pk})


def test_a_second_order_at_it_is_refused_and_names_the_first(customer: Customer):
    token = customer.ask().token
    first = customer.order(token, request_key="a")

    for channel in Order.Channel:
        with pytest.raises(placing.Refused) as raised:
            customer.order(token, request_key=f"other {channel}", channel=channel)
        [refusal] = raised.value.refusals
        assert (refusal.code, refusal.facts) == ("quote_used", {"order": str(first.pk)})
    assert (Order.objects.get(), wallet.balance_of(customer.user.pk)) == (first, Decimal("98.5"))


def test_another_quote_for_the_same_order_takes_it(customer: Customer):
    customer.order(customer.ask().token)
    customer.order(customer.ask().token)

    assert Quote.objects.values("quote_id").distinct().count() == Order.objects.count() == 2


def test_the_database_refuses_what_got_past(customer: Customer):
    """The control: no quote twice, and no order by the form without its own, whoever calls."""
    order = customer.order(customer.ask().token)
    with pytest.raises(IntegrityError, match="by the form"), transaction.atomic():
        sql.rows(AGAIN_WITHOUT_QUOTE)

    twice = copy_of(order.quote, order=customer.order(None, channel=Order.Channel.API_V2))
    with pytest.raises(IntegrityError, match="one_order_a_quote"), transaction.atomic():
        twice.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_are_one_order_paid_once(customer: Customer):
    """Eight different keys: it is the quote that lets one of them through."""
    token, number = customer.ask().token, count()

    def work() -> tuple[str, str]:
        try:
            return "placed", str(customer.order(token, request_key=f"key {next(number)}").pk)
        except placing.Refused as refused:
            [refusal] = refused.refusals
            return refusal.code, refusal.facts["order"]

    told = Counter(by_eight(work))

    placed = str(Order.objects.get().pk)
    assert told == {("placed", placed): 1, ("quote_used", placed): 7}
    assert wallet.balance_of(customer.user.pk) == Decimal("98.5")


def test_rows_from_before_are_marked_and_otherwise_as_they_were(customer: Customer):
    token = customer.ask().token
    first = customer.order(token)
    later = [customer.order(None, channel=Order.Channel.API_V2) for _ in range(2)]
    single = customer.order(customer.ask().token)
    sql.execute("DROP INDEX one_order_a_quote")
    Quote.objects.bulk_create(copy_of(first.quote, order=order) for order in later)
    before = list(Quote.objects.order_by("order_id").values())
    sql.execute("SET CONSTRAINTS ALL IMMEDIATE")

    sql.execute(MARK)

    sql.execute("CREATE UNIQUE INDEX one_order_a_quote ON orders_quote (quote_id) WHERE NOT repeats")
    repeats = {order.pk for order in later}
    assert {first.pk, single.pk, *repeats} == {row["order_id"] for row in before}
    assert list(Quote.objects.order_by("order_id").values()) == [
        {**row, "repeats": row["order_id"] in repeats} for row in before
    ]
    with pytest.raises(placing.Refused, match="quote_used"):
        customer.order(token)
