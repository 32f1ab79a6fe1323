"""The page on which a second person publishes (D51, S49, support 7.4)."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group

from accounts import operations as accounts
from policies import operations
from policies.models import PolicyVersion
from tests.factories import CustomerFactory
from tests.policies.admin_pages.walking import address, words
from tests.policies.people import NOON, WEEK, checksum, staff_with, write


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


def send(client, draft, **otherwise):
    read = {"checksum": checksum(draft), "revision": str(operations.revision_of(draft.pk))}
    return client.post(address("publish", draft), {"slug": "refund", "effective_from": "", **read, **otherwise})


def state_of(draft):
    return PolicyVersion.objects.get(pk=draft.pk).status


def test_it_is_published_as_early_as_may_be_and_led_to(client, to_publish):
    answer = send(client, to_publish)

    assert answer.headers["Location"] == address("change", to_publish)
    kept = PolicyVersion.objects.get(pk=to_publish.pk)
    assert (kept.status, kept.effective_from) == ("published", NOON + WEEK)
    page = client.get(answer.headers["Location"])
    assert 'href="/policies/refund/v2"' in page.content.decode()
    assert "is published and never changes again" in words(page)
    assert client.get("/policies/refund/v2").status_code == 200


def test_the_moment_typed_is_of_the_zone_named(client, to_publish, publisher):
    publisher.time_zone = "Asia/Kolkata"
    publisher.save(update_fields=["time_zone"])
    assert "In your time zone, Asia/Kolkata" in words(client.get(address("publish", to_publish)))

    send(client, to_publish, effective_from="2026-09-20T10:00")

    kept = PolicyVersion.objects.get(pk=to_publish.pk)
    assert kept.effective_from.isoformat() == "2026-09-20T04:30:00+00:00"


def test_it_shows_what_would_be_published_and_its_checksum(client, to_publish):
    page = client.get(address("publish", to_publish))

    assert checksum(to_publish) in page.content.decode()
    assert "<ins>60</ins>" in page.content.decode()
    assert "customers get 7 days of notice" in words(page)
    assert "The first minute you can choose is 14 September 2026, 12:01" in words(page)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"slug": "support"}, "slug", "Type refund"),
        ({"slug": ""}, "slug", "required"),
        ({"effective_from": "2026-09-14T11:59"}, "effective_from", "A material change needs 7 days of notice"),
        ({"effective_from": "2026-09-07T11:59"}, "effective_from", "Another version takes effect"),
        ({"effective_from": "someday"}, "effective_from", "Enter a valid date/time."),
        ({"checksum": "0" * 64}, "__all__", "Somebody has changed the draft"),
        ({"revision": "0"}, "__all__", "Somebody has changed the draft"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(client, to_publish, typed, field, said):
    answer = send(client, to_publish, **typed)

    assert list(answer.context["form"].errors) == [field]
    assert said in answer.context["form"].errors[field][0]
    assert said in words(answer)
    name, value = next(iter(typed.items()))
    assert answer.context["form"][name].value() == value
    assert state_of(to_publish) == "draft"


def test_what_is_missing_is_said_before_anybody_types(client, draft, publisher):
    client.force_login(publisher)

    text = words(client.get(address("publish", draft)))

    assert "Not ready yet" in text
    assert "missing The draft changes nothing of the version before it." in text
    assert "missing This text with these numbers has not been rehearsed." in text
    assert "yes You wrote none of it." in text
    assert "Checksum" not in text


def test_who_wrote_it_reads_that_another_person_publishes(client, ready):
    both = staff_with("draft_policy", "publish_policy", "view_policyversion")
    write(both, ready, summary="Better said.", material=True)
    client.force_login(both)

    assert "You wrote some of it." in words(client.get(address("publish", ready)))
    assert "second" in str(send(client, ready).context["seen"].conditions)
    assert state_of(ready) == "draft"


def test_who_may_not_publish_gets_no_page(client, ready, writer):
    client.force_login(writer)

    assert client.get(address("publish", ready)).status_code == 403
    assert send(client, ready).status_code == 403


def test_a_change_between_reading_and_publishing_is_told(client, to_publish, writer):
    read = {"checksum": checksum(to_publish), "revision": str(operations.revision_of(to_publish.pk))}
    write(writer, to_publish, summary="Sneaked in.", material=True)

    answer = send(client, to_publish, **read)

    assert "Somebody has changed the draft since you opened this page" in words(answer)
    assert state_of(to_publish) == "draft"


def test_in_a_fresh_installation_support_drafts_and_the_owner_publishes(db):
    """Decision 27: two-person steps can be tried with the groups that ship."""
    accounts.seed()
    people = {name: CustomerFactory(is_staff=True) for name in ("support", "finance", "owner")}
    for name, person in people.items():
        person.groups.add(Group.objects.get(name=name))

    drafting = [name for name, person in people.items() if person.has_perm("policies.draft_policy")]
    publishing = [name for name, person in people.items() if person.has_perm("policies.publish_policy")]
    assert (drafting, publishing) == (["support", "owner"], ["owner"])


def test_the_day_after_customers_see_it_in_force(client, to_publish):
    send(client, to_publish)

    with time_machine.travel(NOON + WEEK - timedelta(seconds=1), tick=False):
        assert "Version 1" in words(client.get("/policies/refund"))
    with time_machine.travel(NOON + WEEK, tick=False):
        assert "Version 2" in words(client.get("/policies/refund"))
