"""Orders whose provider is switched off: held, explained, and sent when it is back (decision 11)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.delivery import unsent
from orders.delivery.holding import hold_and_release
from orders.delivery.waiting import wake_waiting
from orders.models import LinkHold, Order, OrderEvent, Provider, Run
from orders.reading.page import page_of
from policies import wording
from tests.past_the_guards import past_the_guards


def switch(*, on: bool) -> None:
    Provider.objects.update(enabled=on)


@pytest.fixture
def held(upstream):
    order = upstream.order()
    switch(on=False)
    hold_and_release(now=upstream.now)
    return order


class TestHeld:
    def test_says_so_with_its_reason_and_has_no_due_time(self, upstream, held):
        """Decision 10 and 11: held = no provider."""
        order, run = upstream.fresh(held), upstream.run(held)

        assert (order.status, order.held_reason, run.due_at) == ("held", "no_provider", None)
        assert run.due_since == order.placed_at

    def test_is_explained_on_its_page(self, upstream, held):
        """S13: in plain words, with its clause."""
        page = page_of(order_id=held.pk, user_id=held.user_id, now=upstream.now)

        assert (page.explanation.clause.id, page.explanation.finding) == ("refund.2.2", "status_held_no_provider")
        assert "No provider can take your order" in wording.reason(page.explanation)

    def test_twice_is_held_once(self, upstream, held):
        hold_and_release(now=upstream.later(minutes=1))

        assert OrderEvent.objects.filter(order=held, status="held").count() == 1

    def test_goes_out_when_its_provider_is_back(self, upstream, held):
        assert upstream.send() == 0
        switch(on=True)
        upstream.later(hours=3)
        assert upstream.send() == 0  # freed by a pass, not by chance

        hold_and_release(now=upstream.now)
        assert (upstream.fresh(held).status, upstream.fresh(held).held_reason) == ("queued", "")
        assert upstream.send() == 1
        assert upstream.ended(held).status == "completed"

    def test_keeps_its_link_from_nobody(self, upstream):
        """Decision 14: put back by its provider it keeps its place on the link, without a provider it does not."""
        upstream.order()
        upstream.simulator.fault("http_429:7")
        upstream.send()
        assert LinkHold.objects.exists()
        switch(on=False)

        hold_and_release(now=upstream.later(seconds=30))

        assert not LinkHold.objects.exists()

    def test_its_parts_are_spaced_anew(self, upstream, held):
        """Refund.4.2: all at once would be a spike."""
        with past_the_guards():
            Order.objects.update(run_interval_minutes=60)
        first = upstream.run(held)
        Run.objects.create(order=held, number=2, quantity=500, provider=first.provider, provider_service="1001")
        switch(on=True)

        hold_and_release(now=upstream.later(days=1))

        due = list(Run.objects.order_by("number").values_list("due_at", flat=True))
        assert due == [upstream.now, upstream.now + timedelta(hours=1)]

    def test_the_time_that_it_is_held_counts(self, upstream, held):
        """R37, "refund.6.3": no provider for 72 hours is a complete failure."""
        for _ in range(73):
            unsent.give_up_unsent(now=upstream.now)
            upstream.later(hours=1)

        assert (upstream.fresh(held).status, upstream.fresh(held).refunded) == ("failed", held.charge)
        switch(on=True)
        hold_and_release(now=upstream.now)
        assert upstream.send() == 0


class TestNotHeld:
    def test_is_what_its_provider_has_already(self, upstream):
        order = upstream.order()
        upstream.send()
        switch(on=False)

        hold_and_release(now=upstream.now)

        assert upstream.fresh(order).status == "processing"
        assert upstream.ended(order).status == "completed"

    def test_is_what_waits_behind_another_on_its_link_until_it_is_its_turn(self, upstream):
        link = "https://instagram.com/p/behind"
        first, second = upstream.order(link=link), upstream.order(link=link)
        upstream.send()
        switch(on=False)
        hold_and_release(now=upstream.now)
        assert upstream.fresh(second).status == "waiting"

        upstream.ended(first)
        wake_waiting(now=upstream.now)
        hold_and_release(now=upstream.now)
        assert upstream.fresh(second).status == "held"

        switch(on=True)
        hold_and_release(now=upstream.now)
        assert (upstream.fresh(second).status, upstream.send()) == ("waiting", 1)


def test_many_orders_are_held_in_as_many_statements_as_one(upstream):
    """Architecture, sentence 6."""
    counts = []
    for orders in (1, 20):
        for _ in range(orders):
            upstream.order()
        switch(on=False)
        with CaptureQueriesContext(connection) as seen:
            hold_and_release(now=upstream.now)
        counts.append(len(seen))
        switch(on=True)
        hold_and_release(now=upstream.now)

    assert counts[0] == counts[1] < 30
    assert not Run.objects.filter(due_at=None).exists()
