"""The page about the API: keys are made after the password, shown once, and come with the policies (decision 25)."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import keys
from accounts import operations as accounts
from accounts.models import ApiKey, User
from policies import operations as policies
from policies.models import Acceptance
from tests.policy_versions import publish_next
from tests.smmpanel.world import PASSWORD, build

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]
SHOWN = re.compile(r'name="version" value="(\d+:\w{64})"')
A_KEY = re.compile(r"pk_\w{8}_\w{43}")


@pytest.fixture
def customer(client, now):
    user = build(now).users["other"]
    client.force_login(user)
    return user


@pytest.fixture
def proved(client, customer):
    """The customer has given the password a moment ago."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/api"})
    return client


def filled_in(client):
    """The form as the page gives it now, with the box ticked."""
    return {"label": "shop", "accept": "on", "version": SHOWN.findall(client.get("/api").content.decode())}


def test_a_key_asks_for_the_password_first_and_then_goes_on_where_it_was(client, customer):
    asked = client.post("/api-keys", filled_in(client))
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiKey.objects.filter(user=customer).exists()

    page = client.post(asked.headers["Location"], {"password": PASSWORD, "next": "/api-keys"})
    assert A_KEY.search(page.content.decode())


def test_the_key_is_shown_in_one_answer_only_and_lies_in_no_session(proved, customer, now):
    page = proved.post("/api-keys", filled_in(proved))
    text = A_KEY.search(page.content.decode()).group()

    assert keys.authenticate(text, now) == customer
    assert "no-store" in page.headers["Cache-Control"]
    assert not A_KEY.search(proved.get("/api").content.decode())
    assert all(text not in str(session.get_decoded()) for session in Session.objects.all())


def test_with_the_key_the_policies_are_accepted_and_their_later_versions_too(proved, customer, now):
    assert policies.missing_acceptances(user_id=customer.pk, now=now.replace(year=2027))

    proved.post("/api-keys", filled_in(proved))
    today = timezone.now()
    publish_next(policies.in_force(slug="terms", now=today), at=today + timedelta(days=30))

    later = {"user_id": customer.pk, "now": today + timedelta(days=30)}
    assert not policies.missing_acceptances(user_id=customer.pk, now=today)
    assert not policies.missing_acceptances(by_key=True, **later)
    assert [version.number for version in policies.missing_acceptances(**later)] == [2]

    proved.post(f"/api-keys/{ApiKey.objects.get(user=customer).pk}/revoke")
    assert [version.number for version in policies.missing_acceptances(by_key=True, **later)] == [2]


def test_a_version_that_takes_effect_between_page_and_click_is_shown_first(proved, customer):
    """R7: nobody is said to have been shown what they were not; the next click, which saw it, makes the key."""
    before, today = filled_in(proved), timezone.now()
    publish_next(policies.in_force(slug="terms", now=today), at=today)

    refused = proved.post("/api-keys", before)

    assert refused.status_code == 409
    page = refused.content.decode()
    assert "The policies have changed since this page was shown" in page
    assert "Terms of service, version 2" in page
    assert "checked" not in re.search(r'<input[^>]*name="accept"[^>]*>', page).group()
    assert 'value="shop"' in page
    assert not ApiKey.objects.filter(user=customer).exists()
    assert not Acceptance.objects.filter(user=customer).exists()
    assert A_KEY.search(proved.post("/api-keys", {**before, "version": SHOWN.findall(page)}).content.decode())
    assert Acceptance.objects.filter(user=customer, version__number=2).exists()


@pytest.mark.parametrize("shown", [[], ["1"], ["x:y"]])
def test_who_was_shown_nothing_accepts_nothing(proved, customer, shown):
    refused = proved.post("/api-keys", {**filled_in(proved), "version": shown})

    assert refused.status_code == 409
    assert not Acceptance.objects.filter(user=customer).exists()


def test_without_the_tick_there_is_no_key_and_the_input_stays(proved, customer):
    page = proved.post("/api-keys", {"label": "my shop"})

    assert page.status_code == 422
    assert "once the policies are accepted" in page.content.decode()
    assert 'value="my shop"' in page.content.decode()
    assert not ApiKey.objects.filter(user=customer).exists()


def test_a_suspended_customer_gets_no_key(proved, customer, now):
    accounts.suspend(user_id=customer.pk, reason="Chargeback", actor="system", now=now)

    assert "suspended" in proved.post("/api-keys", filled_in(proved)).content.decode()
    assert not ApiKey.objects.filter(user=customer).exists()


def test_the_eleventh_key_is_refused_in_words(proved, customer, now):
    for _ in range(keys.MOST_LIVE_KEYS):
        keys.create_key(user_id=customer.pk, label="", now=now)

    assert "You have 10 keys" in proved.post("/api-keys", filled_in(proved)).content.decode()


def test_a_revoked_key_is_marked_and_the_key_of_another_is_left_alone(proved, customer, now):
    own, _ = keys.create_key(user_id=customer.pk, label="", now=now)
    foreign = ApiKey.objects.get(user=User.objects.get(email="customer@example.test"))
    for key in (own, foreign):
        proved.post(f"/api-keys/{key.pk}/revoke")

    own.refresh_from_db()
    foreign.refresh_from_db()
    assert own.revoked_at
    assert foreign.revoked_at is None
    assert "Revoked" in proved.get("/api").content.decode()
