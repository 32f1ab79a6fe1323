"""When a quote binds: for one customer and one order, until its very instant; and what is said where it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from policies.rules.quotes import Claim, Promise, check_quote, used

NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CLAIM = Claim(user_id=1, service_id=2, request_hash="a")
PROMISE = Promise(CLAIM, Decimal("1.5"), expires_at=NOON)
DEARER = Decimal(2)


def told(*, ordered: Claim = CLAIM, rate: Decimal = PROMISE.rate, at: timedelta = -SECOND) -> list[str]:
    return [refusal.code for refusal in check_quote(PROMISE, ordered=ordered, rate=rate, now=NOON + at)]


@pytest.mark.parametrize(
    ("at", "same", "dearer"),
    [
        (-SECOND, [], []),
        (0 * SECOND, ["quote_expired"], ["price_changed"]),
        (SECOND, ["quote_expired"], ["price_changed"]),
    ],
)
def test_it_binds_until_the_instant_at_which_it_expires(at: timedelta, same: list[str], dearer: list[str]):
    """terms.3.2."""
    assert told(at=at) == same
    assert told(at=at, rate=DEARER) == dearer


@pytest.mark.parametrize("at", [-SECOND, SECOND])
def test_for_another_order_of_the_service_only_another_rate_is_said(at: timedelta):
    ordered = replace(CLAIM, request_hash="b")

    assert told(ordered=ordered, at=at) == ["price_not_shown"]
    assert told(ordered=ordered, at=at, rate=DEARER) == ["price_changed"]


@pytest.mark.parametrize("other", [{"user_id": 2}, {"service_id": 3}])
@pytest.mark.parametrize("rate", [PROMISE.rate, DEARER])
def test_another_customer_s_and_another_service_s_rate_is_not_even_compared(other: dict[str, int], rate: Decimal):
    assert told(ordered=replace(CLAIM, **other), rate=rate) == ["price_not_shown"]


def test_a_changed_price_names_both():
    [refusal] = check_quote(PROMISE, ordered=CLAIM, rate=DEARER, now=NOON)

    assert refusal.facts == {"shown": Decimal("1.5"), "price": DEARER}


def test_one_that_was_used_names_its_order():
    assert used(order_id=10_023).facts == {"order": "10023"}
