"""Customers are told of a change of the policies from its publishing until it takes effect (S51, S50)."""

from datetime import timedelta

import pytest
import time_machine

from policies import operations
from policies.reading import board
from tests.policies.publishing import SUMMARY, second_version

pytestmark = pytest.mark.django_db
SECOND, MINUTE, WEEK = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=7)
PAGE = "/responsible-use"


@pytest.fixture
def published(now):
    """A refund policy that changes in a week; nobody has looked yet."""
    operations.seed(now=now - MINUTE)
    second_version(slug="refund", at=now + WEEK, now=now)
    board.forget()


@pytest.fixture
def customer(client, django_user_model, published):
    client.force_login(django_user_model.objects.create_user("customer@example.test"))
    return client


def page(client, at):
    with time_machine.travel(at, tick=False):
        return client.get(PAGE).content.decode()


@pytest.mark.parametrize(("after", "told"), [(0 * SECOND, True), (WEEK - SECOND, True), (WEEK, False)])
def test_a_change_is_told_until_the_instant_it_takes_effect(customer, now, after, told):
    html = page(customer, now + after)

    assert (SUMMARY in html) is told
    assert ('href="/policies/refund/v1..v2"' in html) is told


def test_nobody_else_is_told_and_nothing_is_asked_for_them(client, published, now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert SUMMARY not in page(client, now)


def test_the_database_is_asked_once_a_minute(customer, now, django_assert_num_queries):
    page(customer, now)  # as every first page of a process

    with django_assert_num_queries(2):  # the session and the user
        assert SUMMARY in page(customer, now + MINUTE - SECOND)
    with django_assert_num_queries(3):
        assert SUMMARY in page(customer, now + MINUTE)


def test_what_is_published_shows_within_a_minute(customer, now):
    page(customer, now)
    second_version(slug="support", at=now + WEEK, now=now + SECOND, params={"reopen_days": 14})

    assert 'href="/policies/support/v1..v2"' not in page(customer, now + MINUTE - SECOND)
    assert 'href="/policies/support/v1..v2"' in page(customer, now + MINUTE)


def test_what_was_remembered_still_ends_at_its_instant(customer, now):
    """The memory of a minute does not carry a notice past its date."""
    assert SUMMARY in page(customer, now + WEEK - SECOND)
    assert SUMMARY not in page(customer, now + WEEK)


def test_a_draft_is_told_to_nobody(customer, now):
    second_version(slug="terms", at=now + WEEK, now=now, params={}, publish=False)

    assert "/policies/terms/v1..v2" not in page(customer, now)


def test_the_pages_of_staff_have_no_banner(client, django_user_model, published, settings, now):
    settings.STAFF_MFA_REQUIRED = False
    client.force_login(django_user_model.objects.create_superuser("owner@example.test"))

    with time_machine.travel(now, tick=False):
        assert SUMMARY not in client.get("/admin/").content.decode()
