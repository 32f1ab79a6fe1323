"""Outgoing mail in the admin: found by its whole address, never its text; parked mail is sent again from here."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse

from accounts import operations
from accounts.admin import OutgoingAdmin
from accounts.models import Outgoing, User

pytestmark = pytest.mark.django_db
LIST = reverse("admin:accounts_outgoing_changelist")
LINK = "https://panel.example.test/reset/secret-key"


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.STAFF_MFA_REQUIRED = False


@pytest.fixture
def log_in(client):
    """Log the client in as staff of a group."""

    def log_in(group):
        operations.seed()
        user = User.objects.create_user(f"{group}@example.test", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)

    return log_in


@pytest.fixture
def parked(now):
    """A mail that was parked, and one that waits."""
    for name in ("parked", "waiting"):
        to = f"{name}@example.test"
        operations.queue_mail(to=to, subject=f"About {name}", body=f"Go to {LINK}", key=name, now=now)
    Outgoing.objects.filter(key="parked").update(parked_at=now, tries=3, last_error="550 No such user")
    return Outgoing.objects.get(key="parked")


def send_again(client):
    chosen = {"action": "send_again", "_selected_action": list(Outgoing.objects.values_list("pk", flat=True))}
    return client.post(LIST, chosen, follow=True).content.decode()


def test_the_pages_show_why_a_mail_was_parked_and_never_its_text(client, log_in, parked):
    log_in("support")

    for page in (LIST, reverse("admin:accounts_outgoing_change", args=[parked.pk])):
        text = client.get(page).content.decode()
        assert "550 No such user" in text
        assert LINK not in text


@pytest.mark.parametrize("state", ["waiting", "parked"])
def test_the_list_is_filtered_by_state(client, log_in, parked, state):
    log_in("support")

    text = client.get(LIST, {"state": state}).content.decode()

    assert ("About parked" in text, "About waiting" in text) == (state == "parked", state == "waiting")


def test_a_mail_is_found_by_its_whole_address_in_any_case(client, log_in, parked):
    log_in("owner")

    assert "About parked" in client.get(LIST, {"q": "Parked@example.test"}).content.decode()
    assert "About parked" not in client.get(LIST, {"q": "parked@"}).content.decode()


def test_a_search_reads_an_index(rf):
    found, _ = OutgoingAdmin(Outgoing, None).get_search_results(rf.get("/"), Outgoing.objects.all(), "a@example.test")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "outgoing_to" in found.order_by("-id").explain()


def test_support_sends_parked_mail_again_and_is_told_what_was_not_parked(client, log_in, parked):
    log_in("support")

    page = send_again(client)

    assert "1 of 2 will be sent again" in page
    parked.refresh_from_db()
    assert (parked.parked_at, parked.tries) == (None, 0)


def test_who_may_only_look_is_not_offered_it(client, log_in, parked):
    log_in("support")
    Group.objects.get(name="support").permissions.remove(
        *Group.objects.get(name="support").permissions.filter(codename="can_resend_mail")
    )
    send_again(client)

    parked.refresh_from_db()
    assert parked.parked_at is not None


def test_finance_does_not_see_mail(client, log_in, parked):
    log_in("finance")

    assert client.get(LIST).status_code == 403
