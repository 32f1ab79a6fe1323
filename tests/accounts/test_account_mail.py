"""The mails of signing up and of forgotten passwords go through the outbox: no mail server stops anybody."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import sending
from accounts.models import Outgoing, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]
PASSWORD = "quiet river 42"
SIGNUP, RESET = "/accounts/signup/", "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def addresses_are_proved(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.LOGIN_REDIRECT_URL = "home"


def later(mail_server):
    """The server comes up and the tick comes by: the mails that arrive."""
    mail_server.start()
    sending.send_due(kind="mail", now=timezone.now() + timedelta(minutes=2))
    return mail_server.messages


def link_in(mail):
    (path,) = re.findall(r"https?://[^/\s]+(/accounts/\S+)", mail.get_content())
    return path


def test_a_sign_up_succeeds_while_the_server_is_down_and_the_link_arrives_later(client, mail_server):
    """S7: proving an address needs its mail to arrive, not the server to be up at that moment."""
    answer = client.post(SIGNUP, {"email": "new@example.test", "password1": PASSWORD, "time_zone": ""})
    sending.send_due(kind="mail", now=timezone.now())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/confirm-email/")
    assert not mail_server.messages

    (mail,) = later(mail_server)
    client.post(link_in(mail))
    assert mail["To"] == "new@example.test"
    assert EmailAddress.objects.get(email="new@example.test").verified


def test_a_forgotten_password_is_reset_by_a_link_that_arrives_later(client, mail_server):
    """S5: customers reset their own password."""
    user = User.objects.create_user("customer@example.test", PASSWORD)
    answer = client.post(RESET, {"email": user.email})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/password/reset/done/")

    (mail,) = later(mail_server)
    assert mail["From"] == "support@example.test"
    page = client.get(link_in(mail), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": "another river 43", "password2": "another river 43"})
    user.refresh_from_db()
    assert user.check_password("another river 43")


def test_the_link_is_gone_from_the_database_when_the_mail_has_gone(client, mail_server):
    user = User.objects.create_user("customer@example.test", PASSWORD)
    client.post(RESET, {"email": user.email})
    assert "/accounts/password/reset/key/" in user.outgoing.get().body

    later(mail_server)
    assert user.outgoing.get().body == ""


def test_asking_twice_sends_two_mails_for_the_first_may_be_lost(client):
    User.objects.create_user("customer@example.test", PASSWORD)
    for _ in range(2):
        client.post(RESET, {"email": "customer@example.test"})

    assert Outgoing.objects.count() == 2


@pytest.mark.parametrize("page", [SIGNUP, RESET])
@pytest.mark.parametrize("email", [f"{'a' * 300}@example.test", "a@example.test\nBcc: b@example.test", "nobody"])
def test_an_address_nobody_can_have_is_refused_at_its_field(client, page, email):
    answer = client.post(page, {"email": email, "password1": PASSWORD, "time_zone": ""})

    assert "email" in answer.context["form"].errors
    assert not Outgoing.objects.exists()
