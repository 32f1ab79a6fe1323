"""What the privacy notice says of times and places is what the software does."""

import re

import pytest
from django.apps import apps
from django.conf import settings as configured

from accounts import sending
from policies import texts
from smmpanel.views import A_YEAR

TEXT = dict(texts.shipped("privacy").clauses)
OURS = ("accounts", "orders", "wallet", "policies", "plumbing", "support")


def test_mail_is_kept_as_long_as_it_says():
    """privacy.5.2; that the text goes when it is sent, a constraint holds (outgoing_text_goes_when_sent)."""
    assert re.findall(r"(\d+) days", TEXT["privacy.5.2"]) == [
        str(sending.SENT_KEPT.days),
        str(sending.PARKED_KEPT.days),
    ]


def test_cookies_last_no_longer_than_it_says():
    """privacy.6.1."""
    assert "for two weeks at most" in TEXT["privacy.6.1"]
    assert configured.SESSION_COOKIE_AGE == 14 * 24 * 3600
    assert configured.CSRF_COOKIE_AGE <= A_YEAR == 365 * 24 * 3600


def test_no_table_of_ours_holds_the_address_of_a_device():
    """privacy.2.5."""
    columns = {
        field.name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.fields
    }

    assert not {name for name in columns if re.search(r"(^|_)(ip|ip_address|remote_addr|user_agent)($|_)", name)}


@pytest.mark.django_db
def test_the_cookies_are_those_it_names(client, django_user_model):
    """privacy.6.1: login, protection of forms, light or dark, a short message."""
    client.force_login(django_user_model.objects.create_user("customer@example.test"))
    client.get("/accounts/login/")
    client.post("/theme", {"theme": "dark"})
    client.get("/account/settings")

    assert set(client.cookies) <= {"session", "csrf", "theme", "messages"}
