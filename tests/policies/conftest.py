"""The shipped policies, published at a fixed Monday noon, and somebody who reads them."""

import pytest

from accounts.models import User
from policies import operations
from policies.models import PolicyVersion
from tests.policies.people import NOON, rehearse, staff_with, write

__all__ = ["NOON"]


@pytest.fixture
def shipped(db):
    """Version 1 of each policy by slug."""
    operations.seed(now=NOON)
    return {version.policy.slug: version for version in PolicyVersion.objects.select_related("policy")}


@pytest.fixture
def customer(db):
    return User.objects.create_user("customer@example.test")


@pytest.fixture
def writer(db):
    return staff_with("draft_policy", "view_policyversion", "view_policy")


@pytest.fixture
def publisher(db):
    return staff_with("publish_policy", "view_policyversion", "view_policy")


@pytest.fixture
def draft(shipped, writer):
    """The next version of the refund policy, as it was copied."""
    return operations.start_draft(staff=writer, slug="refund", now=NOON)


@pytest.fixture
def ready(draft, writer):
    """The same with an appeal of 60 days, marked as material and rehearsed."""
    write(writer, draft, params={"appeal_days": 60}, material=True)
    rehearse(draft)
    return draft
