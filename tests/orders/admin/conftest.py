"""Staff of each group at the admin's door."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import operations
from accounts.models import User


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.STAFF_MFA_REQUIRED = False


@pytest.fixture
def staff(db, client):
    """Log the client in as staff of a group, or as nobody's staff with "customer"."""

    def log_in(group):
        operations.seed()
        user = User.objects.create_user(f"{group}@staff.test", is_staff=group != "customer")
        if group != "customer":
            user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        return user

    return log_in


@pytest.fixture
def queries_of(client):
    """How many queries a page takes. Opened once before, so that what is read once a process does not count."""

    def count(address):
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    return count
