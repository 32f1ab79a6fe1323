"""What an import does with a provider's texts that promise what nobody can keep (R13, R49, R55)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from orders.models import CatalogueChange, Service
from orders.operations import claims, editing
from orders.reading import catalogue as reading
from policies.rules.claims import found_in
from tests.factories import NOON, ProviderFactory, ServiceFactory
from tests.orders.test_catalogue_sync import apply, entry, service_of

pytestmark = pytest.mark.django_db

BAD = "Real likes, 100 % safe."
GOOD = "Likes of mixed quality, usually within about 2 hours."


@pytest.fixture
def provider():
    return ProviderFactory()


def feed():
    return [(change.before, change.after) for change in CatalogueChange.objects.filter(kind="terms").order_by("pk")]


def allow(service, texts, reason="Our lawyer has the provider's letter."):
    """As an owner's form does, whose test is among those of the admin."""
    owner = User.objects.create_superuser(f"owner{service.pk}@staff.test")
    editing.save_service(
        service_id=service.pk,
        values={**texts, "claims_reason": reason},
        actor=f"staff:{owner.pk}",
        now=NOON,
        staff=owner,
    )
    service.refresh_from_db()


class TestANewService:
    @pytest.mark.parametrize(
        ("changes", "named"),
        [
            ({"name": "Likes | Guaranteed"}, "name “Guaranteed” (refund.12.1)"),
            ({"description": "Will go viral."}, "description “go viral” (refund.10.1)"),
            ({"description": "Delivered within 1 hour."}, "description “within 1 hour” (refund.3.3)"),
            ({"category": "Instagram Likes [100% Real]"}, "category “100% Real” (refund.12.1)"),
        ],
    )
    def test_with_a_claim_is_imported_off_sale_and_says_why(self, provider, changes, named):
        """R49: no promise reaches a customer; staff find it like one whose place is not plain."""
        result = apply(provider, [entry(7, **changes), entry(8)])

        assert (result.created, result.claiming, result.unplaced) == (2, 1, 0)
        assert not service_of(7).active
        assert service_of(7).inactive_reason.startswith("makes a claim: ")
        assert named in service_of(7).inactive_reason
        assert service_of(8).active
        shown = reading.services(reading.Wanted(), customer=None, size=50).services
        assert [listed.service for listed in shown] == [service_of(8)]
        assert [category.name for category in reading.categories()] == ["Instagram Likes"]

    def test_says_both_when_its_place_is_not_plain_either(self, provider):
        result = apply(provider, [entry(7, name="Guaranteed", category="Other")])

        assert (result.claiming, result.unplaced) == (1, 1)
        assert "metric" in service_of(7).inactive_reason
        assert "makes a claim" in service_of(7).inactive_reason

    def test_may_say_instant_where_it_is(self, provider):
        """R19, decision 21: the description makes it instant; a name alone does not."""
        apply(provider, [entry(7, description="Instant delivery."), entry(8, name="Likes, instant delivery")])

        assert (service_of(7).active, service_of(7).instant) == (True, True)
        assert not service_of(8).active

    def test_is_put_on_sale_by_nobody_while_it_makes_the_claim(self, provider):
        apply(provider, [entry(7, description=BAD)])
        service = service_of(7)

        def put_on_sale():
            return editing.switch_services(service_ids=[service.pk], active=True, reason="", actor="staff:1", now=NOON)

        assert (put_on_sale().changed, put_on_sale().unready) == (0, 1)
        with pytest.raises(editing.EditRefused, match=r"100 % safe"):
            editing.save_service(service_id=service.pk, values={"active": True}, actor="staff:1", now=NOON)
        texts = {"description": GOOD, "delivers": GOOD}
        editing.save_service(service_id=service.pk, values=texts, actor="staff:1", now=NOON)
        assert put_on_sale().changed == 1

    def test_the_same_list_again_says_nothing_new(self, provider):
        apply(provider, [entry(7, description=BAD)])

        result = apply(provider, [entry(7, description=BAD)])

        assert (result.created, result.claiming, result.refused, result.unchanged) == (0, 0, 0, 1)
        assert CatalogueChange.objects.count() == 1


class TestAnUpdate:
    @pytest.fixture
    def service(self, provider):
        apply(provider, [entry(7, description=GOOD)])
        return service_of(7)

    def test_keeps_the_good_text_takes_everything_else_and_is_flagged_once(self, provider, service):
        claiming = entry(7, name="Likes 7 | non drop", description=BAD, rate=Decimal(2), min=50)

        first, again = apply(provider, [claiming]), apply(provider, [claiming])

        service.refresh_from_db()
        assert (service.name, service.description, service.active) == ("Likes 7", GOOD, True)
        assert (service.rate, service.min_quantity) == (Decimal("2.6"), 50)
        assert (first.refused, again.refused, again.changed) == (1, 0, 0)
        flagged = {
            "refused name": "“non drop” (refund.12.1)",
            "refused description": "“100 % safe” (refund.12.1)",
        }
        assert feed() == [({"min_quantity": 10}, {"min_quantity": 50}), ({}, flagged)]

    def test_takes_the_good_one_of_two_texts(self, provider, service):
        apply(provider, [entry(7, name="Likes, slow", description=BAD)])

        service.refresh_from_db()
        assert (service.name, service.description) == ("Likes, slow", GOOD)

    def test_another_claim_is_flagged_anew(self, provider, service):
        apply(provider, [entry(7, description=BAD)])
        apply(provider, [entry(7, description="Guaranteed.")])

        assert [after for _, after in feed()] == [
            {"refused description": "“100 % safe” (refund.12.1)"},
            {"refused description": "“Guaranteed” (refund.12.1)"},
        ]

    def test_does_not_move_a_service_under_a_heading_that_makes_a_claim(self, provider, service):
        result = apply(provider, [entry(7, description=GOOD, category="Likes [Guaranteed]")])

        service.refresh_from_db()
        assert (service.category.name, result.refused) == ("Instagram Likes", 1)

    def test_takes_a_text_whose_claim_an_owner_let_stand(self, provider, service):
        """The very same texts pass again, also when others stood in between."""
        allow(service, {"description": BAD})
        assert apply(provider, [entry(7, description=BAD)]).refused == 0
        apply(provider, [entry(7, description=GOOD)])
        service.refresh_from_db()
        assert service.description == GOOD

        result = apply(provider, [entry(7, description=BAD)])

        service.refresh_from_db()
        assert (service.description, result.refused) == (BAD, 0)

    def test_leaves_allowed_texts_whole(self, provider, service):
        """A new name beside a claim would be another text, which nobody let stand."""
        allow(service, {"delivers": BAD})

        result = apply(provider, [entry(7, description=GOOD, name="Likes, slow")])

        service.refresh_from_db()
        assert (service.name, service.delivers, result.refused) == ("Likes 7", BAD, 1)

    def test_line_ends_do_not_make_another_text(self, provider, service):
        """A browser sends other ones than a provider."""
        allow(service, {"description": f"{BAD}\r\nCheap."})

        assert apply(provider, [entry(7, description=f"{BAD}\nCheap.\n")]).refused == 0


class TestSize:
    def test_claims_cost_no_statements_a_service(self, provider):
        """R49. 1,200 services, all with a claim, new or updated."""

        def statements(remote):
            with CaptureQueriesContext(connection) as queries:
                apply(provider, remote)
            return len(queries)

        many = [entry(number, category=f"Instagram Likes {number % 40}") for number in range(1200)]
        claiming = [replace(one, description=f"{BAD} {one.provider_service}") for one in many]
        assert statements(many) <= 32
        assert statements(claiming) <= 32
        assert CatalogueChange.objects.filter(before={}, kind="terms").count() == 1200
        assert statements(claiming) <= 20
        other = ProviderFactory()
        with CaptureQueriesContext(connection) as queries:
            assert apply(other, claiming).claiming == 1200
        assert len(queries) <= 32


class TestOperations:
    def test_a_reason_from_somebody_without_the_permission_lets_nothing_stand(self):
        service = ServiceFactory()
        values = {"description": BAD, "claims_reason": "I want to."}

        with pytest.raises(editing.EditRefused) as refused:
            editing.save_service(service_id=service.pk, values=values, actor="staff:1", now=NOON)

        assert set(refused.value.errors) == {"description"}
        assert not Service.objects.exclude(claims_reason="").exists()

    @pytest.mark.parametrize("field", ["name", "description", "delivers"])
    def test_each_text_is_checked(self, field):
        """The clauses: "refund.3.3", "refund.10.1", "refund.12.1"."""
        with pytest.raises(editing.EditRefused) as refused:
            editing.save_service(
                service_id=ServiceFactory().pk, values={field: "Guaranteed"}, actor="staff:1", now=NOON
            )

        assert set(refused.value.errors) == {field}
        assert "“Guaranteed” promises a result" in refused.value.errors[field]
        assert "refund.12.1: " in refused.value.errors[field]

    @pytest.mark.parametrize(
        ("text", "clause"),
        [
            ("Guaranteed", "refund.12.1"),
            ("Go viral", "refund.10.1"),
            ("By tomorrow", "refund.3.3"),
            ("Ban-proof", "refund.12.1"),
            ("Looks natural", "refund.10.1"),
        ],
    )
    def test_each_kind_is_told_in_a_sentence_with_its_words_and_clause(self, text, clause):
        said = claims.explained(found_in(text))

        assert said.startswith(f"{clause}: “{text}” promises ")
        assert said.endswith(".")

    def test_more_than_three_claims_are_counted(self):
        found = found_in("Guaranteed | 100 % real | go viral | ban-proof | non drop")

        assert claims.explained(found).endswith(" And 2 more.")

    def test_a_heading_is_checked(self):
        with pytest.raises(editing.EditRefused, match=r"refund\.12\.1"):
            editing.save_category(
                category_id=None, name="Likes [Lifetime Guaranteed]", position=1, actor="staff:1", now=NOON
            )
