"""Policies, acceptances and decisions on the staff side: read, searched by subject, never edited (R6, X2)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from policies import operations
from tests.policies.conftest import NOON
from tests.policies.test_operations import record, sums


@pytest.fixture
def staff(client, settings, db):
    settings.STAFF_MFA_REQUIRED = False
    client.force_login(User.objects.create_superuser("owner@example.test"))
    return client


@pytest.fixture
def recorded(shipped, customer):
    operations.accept(user_id=customer.pk, checksums=sums(*shipped.values()), context="order", now=NOON)
    return [record(shipped["refund"], subject_id=10000 + number) for number in range(3)]


LISTS = ["policy", "policyversion", "acceptance", "decision"]


@pytest.mark.parametrize("model", LISTS)
def test_every_list_opens_and_offers_nothing_to_change(staff, recorded, model):
    """D60: versions and decisions cannot be deleted or changed here."""
    response = staff.get(f"/admin/policies/{model}/")

    assert response.status_code == 200
    assert f"/admin/policies/{model}/add/" not in response.content.decode()
    assert staff.get(f"/admin/policies/{model}/add/").status_code == 403


def test_a_version_shows_its_clauses_to_read(staff, recorded, shipped):
    page = staff.get(f"/admin/policies/policyversion/{shipped['refund'].pk}/change/").content.decode()

    assert "refund.7.3" in page
    assert 'name="_save"' not in page
    assert "<textarea" not in page


def test_a_decision_says_why_in_words(staff, recorded):
    page = staff.get(f"/admin/policies/decision/{recorded[0].pk}/change/").content.decode()

    assert "refund.7.3: The provider delivered 843 of 1,000" in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("10001", 1),
        ("order 10001", 1),
        ("ticket 10001", 0),
        ("10009", 0),
        ("somebody", 0),
        ("9" * 30, 0),
        ("", 3),
        (" ", 3),
    ],
)
def test_decisions_are_found_by_what_they_are_about(staff, recorded, search, found):
    response = staff.get("/admin/policies/decision/", {"q": search})

    assert response.context["cl"].result_count == found


def test_acceptances_are_found_by_the_beginning_of_an_address(staff, recorded):
    assert staff.get("/admin/policies/acceptance/", {"q": "customer@"}).context["cl"].result_count == 4
    assert staff.get("/admin/policies/acceptance/", {"q": "other@"}).context["cl"].result_count == 0


@pytest.mark.parametrize("model", ["acceptance", "decision"])
def test_a_longer_list_takes_no_more_queries(staff, recorded, shipped, model):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            staff.get(f"/admin/policies/{model}/")
        return len(captured)

    queries()  # fills what is cached for good
    before = queries()
    for number in range(5):
        user = User.objects.create_user(f"user{number}@example.test")
        operations.accept(user_id=user.pk, checksums=sums(*shipped.values()), context="order", now=NOON)
        record(shipped["refund"], subject_id=20000 + number)

    assert queries() == before
