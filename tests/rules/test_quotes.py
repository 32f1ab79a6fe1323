"""When a quote binds: for one customer and one order, until its very instant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from policies.rules.quotes import Claim, check_price, is_promise

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLAIM = Claim(user_id=1, service_id=2, request_hash="a")


@pytest.mark.parametrize(("at", "binds"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)])
def test_it_binds_until_the_instant_at_which_it_expires(at, binds):
    assert is_promise(quoted=CLAIM, ordered=CLAIM, expires_at=NOON, now=NOON + at) is binds


@pytest.mark.parametrize("other", [{"user_id": 2}, {"service_id": 3}, {"request_hash": "b"}])
def test_it_binds_for_what_it_was_made_for(other):
    ordered = replace(CLAIM, **other)

    assert not is_promise(quoted=CLAIM, ordered=ordered, expires_at=NOON, now=NOON - SECOND)


def test_without_a_promise_the_price_must_still_be_the_one_that_was_shown():
    """terms.3.2."""
    assert check_price(shown=Decimal("1.5"), rate=Decimal("1.50000")) == ()
    [refusal] = check_price(shown=Decimal(1), rate=Decimal(2))
    assert (refusal.code, refusal.facts) == ("price_changed", {"shown": Decimal(1), "price": Decimal(2)})
