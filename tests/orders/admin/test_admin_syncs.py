"""Providers' lists in the admin: what a list changes, looked through, applied or dismissed, and a list asked for."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from orders.models import CatalogueChange, CatalogueSync, Provider, Service, SyncChange
from orders.operations import catalogue
from policies.rules.catalogue import RemoteService
from tests.factories import NOON, ProviderFactory

pytestmark = pytest.mark.django_db
LISTS = reverse("admin:orders_cataloguesync_changelist")
CHANGES = reverse("admin:orders_syncchange_changelist")
HOSTILE = "<script>alert(1)</script>"


def entry(number, **changes):
    stated = {"name": f"Likes {number}", "category": "Instagram Likes", "type": "Default", "rate": Decimal(1)}
    return RemoteService(provider_service=str(number), **{**stated, "min": 10, "max": 1000, **changes})


def stage(provider, listed, now=NOON):
    sync_id = catalogue.stage(provider_id=provider.pk, listed=listed, unreadable=(), now=now).sync_id
    return CatalogueSync.objects.get(pk=sync_id)


@pytest.fixture
def provider():
    return ProviderFactory(name="Upstream")


@pytest.fixture
def sold(provider):
    """Ten services on sale."""
    catalogue.apply_catalogue(
        provider_id=provider.pk, remote=[entry(number) for number in range(1, 11)], now=NOON, actor="system"
    )
    return provider


@pytest.fixture
def changed(sold):
    """The same provider's next list: one renamed, one with fewer quantities, one twice as dear, one new."""
    listed = [entry(number) for number in range(4, 12)]
    listed += [entry(1, name=HOSTILE), entry(2, max=500), entry(3, rate=Decimal(2))]
    return stage(sold, listed, now=NOON + timedelta(hours=1))


def page_of(sync, act=""):
    if act:
        return reverse(f"admin:orders_cataloguesync_{act}", args=[sync.pk])
    return reverse("admin:orders_cataloguesync_change", args=[sync.pk])


def act_on(client, action, changes, **more):
    sent = {"action": action, "_selected_action": [change.pk for change in changes], **more}
    return client.post(f"{CHANGES}?state=all", sent, follow=True).content.decode()


def names(answer):
    return {row.name for row in answer.context["cl"].result_list}


class TestTheListOfLists:
    def test_shows_each_provider_and_each_list_with_what_waits(self, client, staff, changed):
        staff("owner")

        page = client.get(LISTS).content.decode()

        assert "Upstream" in page
        assert f"{CHANGES}?sync__id__exact={changed.pk}" in page
        assert "waits for staff" in page
        assert "Read now" in page

    def test_without_a_provider_it_says_what_to_do(self, client, staff):
        staff("owner")

        assert "No provider with a list is switched on." in client.get(LISTS).content.decode()

    def test_a_list_that_is_not_believed_says_so(self, client, staff, sold):
        staff("support")
        sync = stage(sold, [])

        page = client.get(LISTS).content.decode()

        assert "not believed" in page
        assert "The list is empty." in client.get(page_of(sync)).content.decode()

    def test_renews_itself_while_a_list_is_being_read_and_only_then(self, client, staff, sold):
        owner = staff("owner")
        Provider.objects.update(sync_due_at=NOON + timedelta(days=9999))
        assert "hx-get" not in client.get(LISTS).content.decode()

        catalogue.ask(provider_id=sold.pk, staff=owner, now=NOON)

        page = client.get(LISTS, headers={"HX-Request": "true"}).content.decode()
        assert "within seconds" in page
        assert "hx-get" in page
        assert "<html" not in page

    def test_takes_as_many_queries_for_many_lists_as_for_one(self, client, staff, queries_of, sold):
        staff("owner")
        few = queries_of(LISTS)
        for number in range(5):
            other = ProviderFactory()
            stage(other, [entry(number)])

        assert queries_of(LISTS) <= few + 1


class TestOneList:
    def test_counts_its_changes_by_kind_with_a_way_to_each(self, client, staff, changed):
        staff("support")

        page = client.get(page_of(changed)).content.decode()

        for label in ("New", "Fewer quantities", "Paused", "Our price", "Name"):
            assert label in page
        assert f"{CHANGES}?sync__id__exact={changed.pk}&amp;kind=new" in page
        assert "Apply everything" not in page  # support may look

    def test_applying_what_is_safe_leaves_the_rest(self, client, staff, changed):
        owner = staff("owner")

        shown = client.get(page_of(changed, "apply-safe")).content.decode()
        page = client.post(page_of(changed, "apply-safe"), follow=True).content.decode()

        assert "Fewer quantities: 1" in shown
        assert "3 of 3 applied" in page
        assert Service.objects.filter(active=False, inactive_reason=catalogue.REASONS["cost"]).count() == 1
        assert Service.objects.get(name="Likes 2").max_quantity == 500
        waiting = set(SyncChange.objects.waiting().values_list("kind", flat=True))
        assert waiting == {"new", "name", "price"}
        newest = CatalogueChange.objects.order_by("-pk").first()
        assert newest.actor == f"staff:{owner.pk}"

    def test_applying_everything_ends_it(self, client, staff, changed):
        staff("owner")

        page = client.post(page_of(changed, "apply-all"), follow=True).content.decode()

        assert "applied" in page
        changed.refresh_from_db()
        assert changed.state == "done"
        assert Service.objects.filter(active=True).count() == 11
        gone = client.get(page_of(changed, "apply-all")).content.decode()
        assert "no longer possible" in gone

    def test_dismissing_everything_changes_nothing(self, client, staff, changed):
        staff("owner")
        before = CatalogueChange.objects.count()

        page = client.post(page_of(changed, "dismiss-all"), follow=True).content.decode()

        assert "dismissed" in page
        assert CatalogueChange.objects.count() == before
        changed.refresh_from_db()
        assert changed.state == "done"

    @pytest.mark.parametrize("act", ["apply-safe", "apply-all", "dismiss-all"])
    def test_only_who_may_acts(self, client, staff, changed, act):
        staff("finance")

        assert client.post(page_of(changed, act)).status_code == 403
        assert SyncChange.objects.waiting().filter(sync=changed).count() == 6


class TestItsChanges:
    def test_show_before_and_after_and_a_hostile_name_as_text(self, client, staff, changed):
        staff("support")

        page = client.get(CHANGES).content.decode()

        assert HOSTILE not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "most 1,000 → 500" in page
        assert "our price $1.30 → $2.60; it costs $1.00" in page  # staged, not yet known to be dearer
        assert "the provider takes $2.00" in page

    def test_those_that_wait_come_first_and_filters_find_the_others(self, client, staff, changed):
        staff("owner")
        (name,) = SyncChange.objects.filter(sync=changed, kind="name")
        act_on(client, "dismiss_chosen", [name])

        assert "Likes 1" not in names(client.get(CHANGES))
        assert names(client.get(f"{CHANGES}?state=dismissed")) == {"Likes 1"}
        assert names(client.get(f"{CHANGES}?kind=new")) == {"Likes 11"}
        assert names(client.get(f"{CHANGES}?safe=yes")) == {"Likes 2", "Likes 3"}
        assert names(client.get(f"{CHANGES}?q=11")) == {"Likes 11"}
        assert names(client.get(f"{CHANGES}?sync__id__exact={changed.pk}&kind=price")) == {"Likes 3"}
        assert names(client.get(f"{CHANGES}?q=nothing+of+it")) == set()

    def test_a_choice_is_applied_and_said(self, client, staff, changed):
        staff("owner")
        chosen = SyncChange.objects.filter(sync=changed, kind__in=["new", "narrower"])

        page = act_on(client, "apply_chosen", chosen)

        assert "2 of 2 applied (new: 1, fewer quantities: 1)." in page
        assert set(chosen.values_list("state", flat=True)) == {"applied"}
        assert SyncChange.objects.waiting().filter(sync=changed).count() == 4

    def test_what_somebody_else_applied_first_is_not_applied_again(self, client, staff, changed):
        staff("owner")
        chosen = SyncChange.objects.filter(sync=changed, kind="new")
        act_on(client, "apply_chosen", chosen)

        assert "0 of 1 applied" in act_on(client, "apply_chosen", chosen)
        assert Service.objects.filter(name="Likes 11").count() == 1

    def test_who_may_only_look_is_offered_nothing(self, client, staff, changed):
        staff("support")

        page = act_on(client, "apply_chosen", SyncChange.objects.filter(sync=changed))

        assert "apply_chosen" not in page
        assert SyncChange.objects.waiting().filter(sync=changed).count() == 6

    def test_five_thousand_are_paged_and_applied_across_pages(self, client, staff, provider, queries_of):
        staff("owner")
        stage(provider, [entry(number) for number in range(1, 5001)])

        answer = client.get(CHANGES)
        assert len(answer.context["cl"].result_list) == 100
        assert answer.context["cl"].result_count == 5000
        assert queries_of(CHANGES) <= 12
        first = SyncChange.objects.order_by("pk")[:1]
        page = act_on(client, "apply_chosen", first, select_across="1")

        assert "5,000 of 5,000 applied (new: 5,000)." in page
        assert Service.objects.count() == 5000


class TestAProvider:
    def test_its_list_is_asked_for_and_read_by_the_next_tick(self, client, staff, provider):
        staff("owner")
        Provider.objects.update(sync_minutes=0)
        address = reverse("admin:orders_provider_read", args=[provider.pk])

        assert "stages what differs" in client.get(address).content.decode()
        page = client.post(address, follow=True).content.decode()

        assert "is read within seconds" in page
        provider.refresh_from_db()
        assert provider.sync_due_at is not None

    @pytest.mark.parametrize(
        ("field", "value"), [("markup_percent", "-1"), ("least_margin_percent", "100"), ("sync_minutes", "-5")]
    )
    def test_numbers_that_make_no_sense_are_refused_at_their_field(self, client, staff, provider, field, value):
        staff("owner")
        address = reverse("admin:orders_provider_change", args=[provider.pk])
        form = client.get(address).context["adminform"].form
        sent = {name: form.get_initial_for_field(each, name) for name, each in form.fields.items()}
        sent = {name: "on" if said is True else said for name, said in sent.items() if said not in (None, False)}

        answer = client.post(address, {**sent, "api_key": "", "api_url": "https://panel.example/api/v2", field: value})

        assert set(answer.context["adminform"].form.errors) == {field}
        assert f'value="{value}"' in answer.content.decode()
