"""The home page and the pages for what goes wrong: in plain words, with a way on."""

import itertools
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import path

from policies import operations as policies
from smmpanel.urls import handler500 as real_handler500
from smmpanel.urls import urlpatterns as real_patterns
from tests.policies.publishing import second_version


def breaks(request):
    raise RuntimeError("planted")


urlpatterns = [*real_patterns, path("breaks", breaks)]
handler500 = real_handler500


@pytest.mark.django_db
class TestHome:
    def test_it_says_how_ordering_delivery_and_refunds_work_and_leads_on(self, client):
        """R1, R8."""
        page = client.get("/").content.decode()

        for words in ("Fund your balance", "Give a public link", "Follow the delivery", "Get back what is missing"):
            assert words in page
        for address in (
            "/accounts/signup/",
            "/services",
            "/policies/refund",
            "/policies/support",
            "/api",
            "/how-it-works",
        ):
            assert f'href="{address}"' in page

    def test_a_page_without_forms_sets_no_cookie(self, client):
        assert not client.get("/").cookies


@pytest.fixture
def seeded(db, now):
    policies.seed(now=now - timedelta(days=2))
    return now


class TestHowItWorks:
    """R8."""

    def test_it_has_queue_delivery_refunds_and_refill_with_the_numbers_in_force(
        self, client, seeded, django_assert_num_queries
    ):
        with django_assert_num_queries(1):
            page = client.get("/how-it-works").content.decode()

        for part in ("queue", "delivery", "refunds", "refill"):
            assert f'<section id="{part}">' in page
        for said in (
            "Up to 2 % of the quantity",
            "5 units",
            "No progress for 72 hours",
            "within 30 days",
            "by at least 5 %",
        ):
            assert said in page
        assert 'href="/policies/refund#refund.7.2"' in page

    def test_another_version_brings_its_numbers(self, client, seeded):
        second_version(slug="refund", at=seeded - timedelta(days=1), now=seeded - timedelta(days=1))

        assert "No progress for 48 hours" in client.get("/how-it-works").content.decode()

    def test_it_stands_on_an_empty_installation(self, client, db):
        assert "No progress for 72 hours" in client.get("/how-it-works").content.decode()


def test_about_says_who_runs_it_and_what_is_not_sold(client, db, settings):
    """R54, R56."""
    settings.OPERATOR = "Example Ltd, 1 Example Street"
    page = client.get("/about").content.decode()

    assert "Example Ltd, 1 Example Street" in page
    assert "We promise no engagement, no sales and no growth." in page


def test_responsible_use_leads_to_the_spending_limits(client, db):
    """R57, refund.12.2."""
    page = client.get("/responsible-use").content.decode()

    assert 'href="/wallet/limits"' in page
    assert "Begin small." in page


@pytest.mark.parametrize("path", ["/how-it-works", "/about", "/responsible-use"])
def test_headings_skip_no_rank(client, db, path):
    ranks = [int(rank) for rank in re.findall(r"<h([1-6])", client.get(path).content.decode())]

    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(ranks))


@pytest.mark.django_db
class TestWhatGoesWrong:
    def test_an_unknown_address_is_answered_in_our_frame(self, client):
        answer = client.get("/nothing-here")

        assert answer.status_code == 404
        assert "There is no such page" in answer.content.decode()

    def test_an_expired_form_says_that_nothing_was_changed(self):
        answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@example.test"})

        assert answer.status_code == 403
        assert "Nothing was changed" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_fault_of_ours_is_told_without_asking_the_database_or_showing_its_cause():
    """No `django_db` here: a query would fail the test."""
    answer = Client(raise_request_exception=False).get("/breaks")

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "planted" not in answer.content.decode()
