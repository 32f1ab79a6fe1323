"""An installation without Redis keeps its caches and limits in the database (decision 7)."""

import pytest
from django.core.cache import cache, caches

from plumbing import limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def without_redis(settings):
    """The cache that settings choose where REDIS_URL is not set."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "plumbing_cache"}
    }
    yield
    del caches["default"]


@pytest.mark.usefixtures("without_redis")
def test_what_is_kept_is_found_again():
    cache.set("answer", {"number": 42}, timeout=60)

    assert cache.get("answer") == {"number": 42}
    assert cache.get("question") is None


@pytest.mark.usefixtures("without_redis")
def test_limits_count():
    assert [limits.allow(key="somebody", limit=2, period_seconds=3600) for _ in range(4)] == [True, True, False, False]
