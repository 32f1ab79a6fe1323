"""Providers' pages in the admin: the key goes in and never comes out, acts say what they do and what came of it."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from orders.models import Provider
from tests.factories import NOON, ProviderFactory
from tests.simulator.conftest import KEY

pytestmark = pytest.mark.django_db
PROVIDERS = reverse("admin:orders_provider_changelist")
OWN_KEY = "a-key-that-nobody-should-ever-see"


@pytest.fixture
def provider(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1:1"]
    return ProviderFactory(api_key=OWN_KEY)


def page_of(provider, act="change"):
    return reverse(f"admin:orders_provider_{act}", args=[provider.pk])


def posted(provider, **changed):
    names = [
        "name", "adapter", "api_url", "add_deadline", "balance_deadline", "poll_deadline", "concurrency",
        "poll_concurrency", "sync_minutes", "markup_percent", "least_margin_percent",
    ]  # fmt: skip
    return {**{name: getattr(provider, name) for name in names}, "enabled": "on", "api_key": "", **changed}


class TestTheKey:
    def test_an_empty_box_keeps_the_stored_key_and_a_filled_one_replaces_it(self, client, staff, provider):
        staff("owner")

        answer = client.post(page_of(provider), posted(provider, name="Renamed"))

        assert answer.status_code == 302, answer.context["errors"]
        provider.refresh_from_db()
        assert (provider.name, provider.api_key.reveal()) == ("Renamed", OWN_KEY)
        client.post(page_of(provider), posted(provider, api_key="another-key"))
        provider.refresh_from_db()
        assert provider.api_key.reveal() == "another-key"

    @pytest.mark.parametrize("group", ["owner", "support"])
    def test_it_is_on_no_page_and_in_no_log(self, client, staff, provider, group):
        staff(group)
        stored = Provider.objects.get().api_key.sealed()[:20]
        client.post(page_of(provider), posted(provider, api_key=OWN_KEY))
        pages = [PROVIDERS, page_of(provider), page_of(provider, "history")]

        shown = "".join(client.get(page, follow=True).content.decode() for page in pages)

        assert OWN_KEY not in shown
        assert stored not in shown
        assert OWN_KEY not in "".join(LogEntry.objects.values_list("change_message", flat=True))


CLOSED = [
    "http://panel.example.com/api/v2",
    "https://user:pw@panel.example.com/",
    "https://localhost/api/v2",
    "https://panel.localhost/api/v2",
    "https://127.0.0.1/api/v2",
    "https://10.0.0.8/api/v2",
    "https://169.254.169.254/latest/",
    "https://[::1]/api/v2",
    "https://[::ffff:127.0.0.1]/api/v2",
]


class TestTheAddress:
    @pytest.mark.parametrize("url", CLOSED)
    def test_one_that_would_never_be_called_is_refused_at_its_field(self, client, staff, provider, url):
        staff("owner")

        answer = client.post(page_of(provider), posted(provider, api_url=url))

        assert "never called" in str(answer.context["adminform"].form.errors["api_url"])

    def test_https_passes_and_so_does_what_the_operator_allows(self, client, staff, provider):
        staff("owner")

        allowed = ("http://127.0.0.1:1/api/v2", "https://127.0.0.1:1/api/v2")
        for url in ("https://panel.example.com/api/v2", "https://8.8.8.8/api/v2", *allowed):
            assert client.post(page_of(provider), posted(provider, api_url=url)).status_code == 302
            provider.refresh_from_db()
            assert provider.api_url == url


class TestActs:
    def test_pausing_needs_a_reason_and_keeps_it(self, client, staff, provider):
        staff("owner")

        answer = client.post(page_of(provider, "pause"), {"reason": " "})
        assert "reason" in answer.context["form"].errors

        page = client.post(page_of(provider, "pause"), {"reason": "They changed owners"}, follow=True)
        provider.refresh_from_db()
        assert "is paused" in page.content.decode()
        assert provider.paused_reason == "They changed owners"
        assert LogEntry.objects.filter(change_message__contains="Pause").exists()

    def test_what_is_paused_already_is_not_paused_again(self, client, staff, provider):
        staff("owner")
        Provider.objects.update(paused_at=NOON, paused_reason="funds")

        page = client.post(page_of(provider, "pause"), {"reason": "Mine"}).content.decode()

        assert "no longer possible" in page
        assert Provider.objects.get().paused_reason == "funds"

    def test_opening_again_lets_it_be_sent_to(self, client, staff, provider):
        staff("owner")
        Provider.objects.update(paused_at=NOON, paused_reason="funds", failures=3)

        page = client.get(page_of(provider, "reopen")).content.decode()
        client.post(page_of(provider, "reopen"), {"reason": "Topped up"})

        assert "funds" in page
        provider.refresh_from_db()
        assert (provider.paused_at, provider.failures) == (None, 0)

    def test_the_connection_test_shows_what_the_provider_answered(self, client, staff, upstream):
        staff("owner")

        page = client.post(page_of(upstream.provider, "test"), follow=True).content.decode()

        assert "USD left, and it offers request ids" in page
        upstream.provider.refresh_from_db()
        assert upstream.provider.balance is not None

    def test_a_provider_that_refuses_the_key_is_told_in_its_own_words(self, client, staff, upstream):
        staff("owner")
        Provider.objects.update(api_key="wrong")

        page = client.post(page_of(upstream.provider, "test")).content.decode()

        assert "did not answer with a balance: Invalid API key" in page
        assert KEY not in page

    def test_nobody_listening_is_an_answer_too(self, client, staff, provider):
        staff("owner")

        assert "did not answer" in client.post(page_of(provider, "test")).content.decode()

    @pytest.mark.parametrize("act", ["pause", "reopen", "test"])
    def test_only_who_may_change_providers_acts(self, client, staff, provider, act):
        staff("support")

        assert client.post(page_of(provider, act), {"reason": "Because"}).status_code == 403
        provider.refresh_from_db()
        assert provider.paused_at is None
