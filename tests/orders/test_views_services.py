"""The services page and a service's own page, as visitors and customers meet them."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import CustomerGroup
from orders.models import PriceRule, Service
from policies.rules.vocabulary import Platform
from tests.factories import CategoryFactory, CustomerFactory, ProviderFactory, ServiceFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("orders:services")


def names_on(page: bytes) -> list[str]:
    """The services of a page, in its order."""
    text = page.decode()
    return sorted(
        Service.objects.filter(
            name__in=[s for s in Service.objects.values_list("name", flat=True) if f">{s}<" in text]
        ).values_list("name", flat=True),
        key=lambda name: text.index(f">{name}<"),
    )


def test_a_visitor_reads_services_by_category_in_their_order(client: Client):
    late = CategoryFactory(name="YouTube Views", position=2)
    early = CategoryFactory(name="Instagram Likes", position=1)
    ServiceFactory(name="Second", category=late)
    ServiceFactory(name="First", category=early)

    page = client.get(PAGE)

    assert page.status_code == 200
    assert names_on(page.content) == ["First", "Second"]


def test_each_row_says_what_it_costs_and_on_which_terms(client: Client):
    """S16: prices and terms are there to read before anything is ordered."""
    ServiceFactory(
        name="Reel Views", rate=Decimal("0.27819"), min_quantity=100, max_quantity=50_000, refill=True, refill_days=30,
        cancel=True, average_minutes=135,
    )  # fmt: skip

    page = client.get(PAGE).content.decode()

    for said in ("$0.27819", "100 – 50,000", "2 h 15 min", "Refill 30 days", "Can be canceled"):
        assert said in page


def test_a_service_without_a_route_or_off_sale_is_not_shown(client: Client):
    ServiceFactory(name="Nobody delivers it", routed=False)
    ServiceFactory(name="Withdrawn", active=False)

    page = client.get(PAGE)

    assert names_on(page.content) == []
    assert "Nothing is on sale yet" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "reel views"}, ["Reel Views Fast", "Reel Views Slow"]),
        ({"q": "fast REEL"}, ["Reel Views Fast"]),
        ({"q": "followers"}, ["Page Followers"]),
        ({"platform": "facebook"}, ["Page Followers"]),
        ({"q": "reel", "platform": "facebook"}, []),
        ({"platform": "no such platform"}, ["Reel Views Fast", "Reel Views Slow", "Page Followers"]),
        ({"category": "x"}, ["Reel Views Fast", "Reel Views Slow", "Page Followers"]),
    ],
)
def test_search_and_filters_work_on_the_server(client: Client, query: dict[str, str], found: list[str]):
    reels = CategoryFactory(name="Reels", position=1)
    ServiceFactory(name="Reel Views Fast", category=reels)
    ServiceFactory(name="Reel Views Slow", category=reels)
    pages = CategoryFactory(name="Pages", position=2)
    ServiceFactory(name="Page Followers", category=pages, platform=Platform.FACEBOOK.value)

    assert names_on(client.get(PAGE, query).content) == found


def test_a_service_is_found_by_its_number(client: Client):
    ServiceFactory(name="Other")
    wanted = ServiceFactory(name="Wanted")

    assert "Wanted" in names_on(client.get(PAGE, {"q": str(wanted.pk)}).content)


def test_following_next_shows_every_service_once(client: Client):
    provider = ProviderFactory()
    first, second = CategoryFactory(position=5), CategoryFactory(position=1)
    for number in range(120):
        ServiceFactory(name=f"Service <{number}>", category=(first, second)[number % 2], routed=provider)

    seen, query = [], {}
    while True:
        window = client.get(PAGE, query).context["window"]
        seen += [listed.service.pk for listed in window.services]
        if window.after is None:
            break
        query = {"after": str(window.after)}

    assert len(seen) == len(set(seen)) == 120


def test_the_list_alone_answers_htmx(client: Client):
    ServiceFactory(name="Only")

    part = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    back = client.get(PAGE, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}).content.decode()

    assert "<html" not in part
    assert ">Only<" in part
    assert "<html" in back


class TestPrices:
    def test_a_customer_sees_their_own_rate_before_their_groups_before_everybodys(self, client: Client):
        """Decision 19: the page shows the rate that placing charges."""
        group = CustomerGroup.objects.create(name="Resellers")
        customer, friend = CustomerFactory(group=group), CustomerFactory(group=group)
        service = ServiceFactory(rate=Decimal("1.5"))
        PriceRule.objects.create(service=service, group=group, rate=Decimal("1.2"))
        PriceRule.objects.create(service=service, user=customer, rate=Decimal("0.9"))

        assert self.rate_shown_to(client) == Decimal("1.5")
        client.force_login(customer)
        assert self.rate_shown_to(client) == Decimal("0.9")
        client.force_login(friend)
        assert self.rate_shown_to(client) == Decimal("1.2")

    def test_a_customer_without_a_group_never_gets_anothers_own_price(self, client: Client):
        service = ServiceFactory(rate=Decimal("1.5"))
        PriceRule.objects.create(service=service, user=CustomerFactory(), rate=Decimal("0.01"))
        client.force_login(CustomerFactory())

        assert self.rate_shown_to(client) == Decimal("1.5")

    def rate_shown_to(self, client: Client) -> Decimal:
        return client.get(PAGE).context["window"].services[0].rate


@pytest.mark.parametrize("logged_in", [False, True])
def test_the_page_asks_the_same_number_of_queries_for_10_and_1000_services(
    client: Client, django_assert_num_queries, logged_in: bool
):
    """P11: the page sends a window and searches on the server."""
    provider, category = ProviderFactory(), CategoryFactory()
    if logged_in:
        client.force_login(CustomerFactory())
    queries = 6 if logged_in else 4
    ServiceFactory.create_batch(10, category=category, routed=provider)
    with django_assert_num_queries(queries):
        client.get(PAGE)

    ServiceFactory.create_batch(990, category=category, routed=provider)
    with django_assert_num_queries(queries):
        page = client.get(PAGE)

    assert len(page.content) <= 60_000


class TestDetail:
    def test_it_says_what_is_delivered_and_what_is_not(self, client: Client):
        """R13, R19, R46, R46b, R48, R49, R50, R56, S14: honest words on every service."""
        service = ServiceFactory(delivers="Views counted up by a demonstration provider.", pace_per_hour=1200)

        page = client.get(reverse("orders:service", args=[service.pk])).content.decode()

        assert "Views counted up by a demonstration provider." in page
        assert "about 1,200 an hour" in page
        assert "Gradually, not instantly" in page
        assert "Instagram is not ours" in page
        assert "no promise of engagement" in page

    def test_only_a_service_whose_description_says_so_is_called_instant(self, client: Client):
        """R19: instant needs the flag and the description's word."""
        service = ServiceFactory(instant=True, description="Instant delivery of simulated likes.")

        page = client.get(reverse("orders:service", args=[service.pk])).content.decode()

        assert "Gradually, not instantly" not in page
        assert "badge-info" in page

    def test_a_service_that_is_not_on_sale_is_not_found(self, client: Client):
        service = ServiceFactory(active=False)

        assert client.get(reverse("orders:service", args=[service.pk])).status_code == 404
