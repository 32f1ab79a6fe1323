"""What the tests of accounts share."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.accounts.mail_server import MailServer


@pytest.fixture
def now():
    """A fixed Monday noon."""
    return datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """The mail server that the installation sends through; a test starts it when it is to be up."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 10
    yield server
    server.stop()
