"""What the watchdog is told of orders that nobody sends: a fault of ours is seen, and a wait that is meant is not."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from orders.models import Provider, Route, Run
from orders.reading.overdue import oldest_unsent
from plumbing import sql

pytestmark = pytest.mark.django_db(transaction=True)

NEVER_CLAIMED = """
    CREATE FUNCTION never_claimed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE TRIGGER never_claimed BEFORE UPDATE ON orders_run FOR EACH ROW WHEN (NEW.state = 'submitting')
        EXECUTE FUNCTION never_claimed()
"""
FORGET = "DROP TRIGGER never_claimed ON orders_run; DROP FUNCTION never_claimed()"


@pytest.fixture
def unclaimable():
    with transaction.atomic():
        sql.execute(NEVER_CLAIMED)
    yield
    with transaction.atomic():
        sql.execute(FORGET)


class TestAClaimThatFails:
    def test_is_seen_although_its_provider_is_asked_each_time(self, upstream, unclaimable):
        upstream.order()
        placed = upstream.now
        upstream.later(hours=1)

        with pytest.raises(DatabaseError):
            upstream.send()

        assert Provider.objects.get().balance_at >= upstream.now
        assert oldest_unsent(now=upstream.now) == placed

    def test_what_was_sent_since_is_a_queue_and_no_neglect(self, upstream):
        Provider.objects.update(concurrency=1, sends_per_minute=1)
        for _ in range(3):
            upstream.order()
        upstream.later(hours=1)

        upstream.send()

        assert oldest_unsent(now=upstream.now) >= upstream.now


class TestRoomForSoMany:
    @pytest.fixture
    def one_at_a_time(self, upstream):
        Route.objects.update(capacity=1)
        return upstream

    def test_who_waits_for_room_is_not_late(self, one_at_a_time):
        one_at_a_time.order(quantity=50_000)
        one_at_a_time.send()
        one_at_a_time.order()

        assert oldest_unsent(now=one_at_a_time.later(hours=1)) is None

    def test_who_has_room_is(self, one_at_a_time):
        one_at_a_time.order()

        assert oldest_unsent(now=one_at_a_time.later(hours=1)) == one_at_a_time.now - timedelta(hours=1)

    def test_since_the_room_came(self, one_at_a_time):
        first = one_at_a_time.order()
        one_at_a_time.send()
        one_at_a_time.order()

        one_at_a_time.ended(first)

        assert oldest_unsent(now=one_at_a_time.later(hours=1)) == Run.objects.get(order=first).ended_at

    def test_a_full_service_hides_nothing_of_another(self, one_at_a_time):
        one_at_a_time.order(quantity=50_000)
        one_at_a_time.send()
        one_at_a_time.order()
        other = one_at_a_time.order()
        Run.objects.filter(order=other).update(provider_service="1002")

        late = one_at_a_time.later(hours=1) - oldest_unsent(now=one_at_a_time.now)
        assert late == pytest.approx(timedelta(hours=1), abs=timedelta(minutes=1))
