"""A limit lets exactly its number through, and everything while the cache is away (decision 7)."""

import threading

import pytest
from django.core.cache import caches

from plumbing import limits
from plumbing.limits import allow


@pytest.fixture(autouse=True)
def empty_cache():
    caches["default"].clear()


@pytest.fixture
def clock(monkeypatch):
    """The limit's clock, at the start of a period."""
    hands = {"now": 1_800_000_000.0}
    monkeypatch.setattr(limits.time, "time", lambda: hands["now"])
    return hands


def uses(count, *, key="customer:7", limit=3):
    return [allow(key=key, limit=limit, period_seconds=60) for _ in range(count)]


@pytest.mark.django_db
def test_exactly_the_limit_passes_in_a_period(clock):
    assert uses(5) == [True, True, True, False, False]


@pytest.mark.django_db
def test_the_next_period_starts_anew(clock):
    uses(5)
    clock["now"] += 60
    assert uses(1) == [True]


@pytest.mark.django_db
def test_keys_do_not_share_a_limit(clock):
    uses(5)
    assert uses(1, key="customer:8") == [True]


@pytest.mark.django_db
def test_a_limit_of_nothing_lets_nothing_through(clock):
    assert uses(2, limit=0) == [False, False]


def test_parallel_uses_pass_exactly_the_limit(clock, settings):
    if not settings.REDIS_URL:
        pytest.fail("this needs the Redis that the test command starts")
    passed = []
    threads = [threading.Thread(target=lambda: passed.extend(uses(50, limit=100))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 100


def test_a_cache_that_is_away_limits_nobody(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "plumbing.caches.FailOpenRedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
        }
    }
    assert uses(5) == [True] * 5
