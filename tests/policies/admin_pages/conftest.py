"""Who is logged in on the staff's pages about policies."""

import pytest


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    settings.STAFF_MFA_REQUIRED = False


@pytest.fixture
def written(client, draft, writer):
    """The draft, with who began it logged in."""
    client.force_login(writer)
    return draft


@pytest.fixture
def to_publish(client, ready, publisher):
    """A draft that lacks nothing, with a second person logged in."""
    client.force_login(publisher)
    return ready
