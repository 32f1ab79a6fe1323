"""Suspending a customer: who, why and when are kept; staff are out of reach."""

from datetime import UTC, datetime

import pytest

from accounts import operations
from accounts.models import User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_a_suspension_keeps_its_reason_and_its_author():
    user = User.objects.create_user("customer@example.test")

    assert operations.suspend(user_id=user.pk, reason="Chargeback", actor="staff:3", now=NOON)

    user.refresh_from_db()
    assert (user.is_suspended, user.suspended_reason) == (True, "Chargeback")
    assert user.events.values_list("kind", "actor", "reason", "at").get() == (
        "suspended",
        "staff:3",
        "Chargeback",
        NOON,
    )


def test_suspending_twice_and_reinstating_twice_change_nothing_the_second_time():
    user = User.objects.create_user("customer@example.test")
    operations.suspend(user_id=user.pk, reason="first", actor="staff:3", now=NOON)

    assert not operations.suspend(user_id=user.pk, reason="second", actor="staff:3", now=NOON)
    assert operations.unsuspend(user_id=user.pk, actor="staff:4", now=NOON)
    assert not operations.unsuspend(user_id=user.pk, actor="staff:4", now=NOON)

    user.refresh_from_db()
    assert (user.is_suspended, user.suspended_reason) == (False, "")
    assert [event.kind for event in user.events.order_by("id")] == ["suspended", "reinstated"]


def test_staff_are_not_suspended():
    owner = User.objects.create_user("owner@example.test", is_staff=True)

    with pytest.raises(operations.IsStaff):
        operations.suspend(user_id=owner.pk, reason="", actor="staff:3", now=NOON)
