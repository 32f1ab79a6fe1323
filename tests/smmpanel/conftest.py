"""What the tests of the whole site share."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now():
    """A fixed Monday noon."""
    return datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
