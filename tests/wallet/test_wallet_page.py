"""The customer's wallet page and the staff's pages about the ledger."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from wallet import operations
from wallet.models import TopUp

pytestmark = pytest.mark.django_db


def spend(user, orders, *, at=NOON):
    for order in orders:
        operations.charge(
            user_id=user.pk,
            amount=Decimal("0.5"),
            key=f"order:{order}:charge",
            subject_type="order",
            subject_id=order,
            actor=f"customer:{user.pk}",
            now=at,
        )


def words(response):
    """The page's text without tags and runs of space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


class TestPage:
    def test_it_needs_a_login(self, client):
        response = client.get(reverse("wallet:index"))

        assert response.status_code == 302
        assert reverse("account_login") in response["Location"]

    def test_it_shows_the_balance_and_says_what_each_line_is(self, client):
        user = CustomerFactory(funds=Decimal("5"))
        spend(user, [10_001])
        operations.refund(
            user_id=user.pk,
            amount=Decimal("0.2"),
            key="order:10001:provider_ended",
            subject_type="order",
            subject_id=10_001,
            actor="system",
            now=NOON,
        )
        client.force_login(user)

        text = words(client.get(reverse("wallet:index")))

        assert "You can spend $4.70" in text
        assert "Refund for order 10001 +$0.20 $4.70" in text
        assert "Paid for order 10001 −$0.50 $4.50" in text
        assert f"Funds added: {TopUp.objects.get().reference} +$5.00 $5.00" in text

    def test_an_empty_wallet_says_so_and_how_to_add_funds(self, client, settings):
        client.force_login(CustomerFactory())

        text = words(client.get(reverse("wallet:index")))

        assert "You can spend $0.00" in text
        assert "No movements yet" in text
        assert f"Write to {settings.SUPPORT_EMAIL}" in text

    def test_older_lines_are_one_link_away(self, client):
        user = CustomerFactory(funds=Decimal("50"))
        spend(user, range(1, 61))
        client.force_login(user)

        first = client.get(reverse("wallet:index"))
        link = re.search(r'href="([^"]*before=\d+)"', first.content.decode()).group(1)
        second = client.get(link)

        assert "order 60 " in words(first)
        assert "order 10 " not in words(first)
        assert "order 10 " in words(second)
        assert 'rel="next"' not in second.content.decode()

    @pytest.mark.parametrize("place", ["0", "x", "-1", "9" * 40, "1"])
    def test_a_place_that_is_none_is_no_error(self, client, place):
        client.force_login(CustomerFactory(funds=Decimal("5")))

        assert client.get(reverse("wallet:index"), {"before": place}).status_code == 200

    def test_nobody_sees_the_money_of_another(self, client):
        CustomerFactory(funds=Decimal("77"))
        client.force_login(CustomerFactory())

        assert "77" not in words(client.get(reverse("wallet:index"))).split("Adding funds")[0]

    def test_a_long_statement_costs_as_many_queries_as_a_short_one(self, client, django_assert_num_queries):
        """Session, user, balances, freeze, debt, the lines."""
        user = CustomerFactory(funds=Decimal("50"))
        spend(user, range(1, 60))
        client.force_login(user)

        with django_assert_num_queries(6):
            client.get(reverse("wallet:index"))


def lines_of(response):
    """The statement's lines as text."""
    return [words_of(line) for line in re.findall(r"<tr>.*?</tr>", response.content.decode(), re.S)[1:]]


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


class TestFilters:
    @pytest.fixture
    def owner(self, client):
        """A customer in Auckland, 13 hours before UTC in March, who spent around midnight there."""
        user = CustomerFactory(funds=Decimal(5), time_zone="Pacific/Auckland")
        for order, hours in ((1, 22), (2, 23), (3, 24)):
            spend(user, [order], at=NOON + timedelta(hours=hours))
        client.force_login(user)
        return user

    def test_days_are_those_of_the_customer(self, client, owner):
        """11 UTC is midnight in Auckland, and NOON 1 o'clock on 3 March."""
        third = client.get("/wallet/", {"to": "2026-03-03"})
        fourth = client.get("/wallet/", {"from": "2026-03-04", "to": "2026-03-04"})

        assert [line.subject_id for line in third.context["page"].lines] == [1, TopUp.objects.get().pk]
        assert [line.subject_id for line in fourth.context["page"].lines] == [3, 2]
        assert "4 Mar 2026, 00:00 Paid for order 2 −$0.50 $4.00" in lines_of(fourth)

    def test_a_kind_alone_is_shown_with_the_balance_of_everything(self, client, owner):
        page = client.get("/wallet/", {"kind": "top_up"})

        assert lines_of(page) == [f"3 Mar 2026, 01:00 Funds added: {TopUp.objects.get().reference} +$5.00 $5.00"]

    def test_pages_keep_the_filter(self, client, owner):
        spend(owner, range(10, 10 + 5), at=NOON)
        spend(CustomerFactory(funds=Decimal(5)), [99])
        from wallet.views import statement

        statement.PAGE, size = 2, statement.PAGE
        try:
            first = client.get("/wallet/", {"kind": "charge", "from": "", "to": ""})
            link = re.search(r'href="([^"]*before=\d+)"', first.content.decode()).group(1).replace("&amp;", "&")
            second = client.get(link)
        finally:
            statement.PAGE = size

        assert link.startswith("/wallet/?kind=charge&before=")
        assert [line.kind for line in second.context["page"].lines] == ["charge"] * 2

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ({}, "No movements yet"),
            ({"kind": "refund"}, "Nothing like this"),
            ({"from": "2026-03-01"}, "Nothing like this"),
            ({"before": "1"}, "No movements before this"),
        ],
    )
    def test_each_kind_of_nothing_is_said(self, client, query, said):
        client.force_login(CustomerFactory())

        assert said in words(client.get("/wallet/", query))

    @pytest.mark.parametrize(
        ("query", "field", "said"),
        [
            ({"from": "yesterday"}, "from", "Write a day as 2026-03-31."),
            ({"to": "1999-12-31"}, "to", "greater than or equal to"),
            ({"from": "2026-03-05", "to": "2026-03-04"}, "to", "before the first"),
            ({"kind": "theft"}, "kind", "valid choice"),
        ],
    )
    def test_a_filter_that_makes_no_sense_says_so_at_its_field_and_filters_nothing(
        self, client, owner, query, field, said
    ):
        page = client.get("/wallet/", query)

        assert said in page.context["form"].errors[field][0]
        assert query.get("from", "") in page.content.decode()
        assert page.status_code == 200

    def test_a_page_that_looked_far_says_so_and_goes_on(self, client, owner, monkeypatch):
        monkeypatch.setattr("wallet.reading.statement.FIRST_LOOK", 1)
        monkeypatch.setattr("wallet.reading.statement.LOOK_THROUGH", 2)

        page = client.get("/wallet/", {"kind": "top_up"})

        assert "2 movements were looked through and none of them fits" in words(page)
        link = re.search(r'href="([^"]*before=\d+)"', page.content.decode()).group(1).replace("&amp;", "&")
        assert len(client.get(link).context["page"].lines) == 1
