"""A real web server on the test's own database, as `make run` starts it."""

from collections.abc import Iterator

import pytest

from tests.web_server import database_url, serving


@pytest.fixture
def web_server(transactional_db: None) -> Iterator[str]:
    """The address of granian with two workers, serving what the test commits."""
    from django.db import connection

    with serving(database_url(connection.get_connection_params())) as url:
        yield url
