"""Whether an order may be placed, and where the customer is told why not (R20, R21)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.eligibility import OFFERED, LinkFacts, OrderRequest, check_order, is_web_address
from policies.rules.vocabulary import LinkKind, Platform, ServiceType

FINE = OrderRequest(
    account_active=True,
    selling=True,
    service_active=True,
    service_type=ServiceType.DEFAULT,
    quantity=1000,
    minimum=100,
    maximum=5000,
    link="https://instagram.com/p/Cx1",
    policies_missing=(),
    price=Decimal("1.50"),
    balance=Decimal("1.50"),
)


def refusals(**changes):
    return [(each.field, each.code) for each in check_order(replace(FINE, **changes), params={})]


def test_an_order_in_order_is_not_refused():
    assert refusals() == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"account_active": False}, None, "account_suspended"),
        ({"selling": False}, None, "selling_stopped"),
        ({"service_active": False}, "service", "service_not_for_sale"),
        ({"service_type": ServiceType.POLL}, "service", "type_not_offered"),
        ({"quantity": None}, "quantity", "quantity_missing"),
        ({"quantity": 99}, "quantity", "quantity_below_minimum"),
        ({"quantity": 5001}, "quantity", "quantity_above_maximum"),
        ({"link": ""}, "link", "link_missing"),
        ({"link": "https://instagram.com/" + "a" * 479}, "link", "link_too_long"),
        ({"link": "https://instagram.com/a b"}, "link", "link_has_forbidden_characters"),
        ({"link": "https://instagram.com/a\x00"}, "link", "link_has_forbidden_characters"),
        ({"link": "javascript:alert(1)"}, "link", "link_not_an_address"),
        ({"policies_missing": ("Refund policy",)}, "policies", "policies_not_accepted"),
        ({"balance": Decimal("1.49999")}, None, "not_enough_funds"),
    ],
)
def test_each_refusal_stands_at_its_field(changes, field, code):
    """Also of suspended accounts (terms.2.3), what was not accepted (terms.1.3) and an empty wallet (terms.4.1)."""
    assert refusals(**changes) == [(field, code)]


class TestWhereALinkLeads:
    """R21: a hint where service and link do not fit, and the benefit of the doubt where the link does not tell."""

    WANTED = LinkFacts(Platform.X, LinkKind.POST, Platform.X, (LinkKind.PROFILE, LinkKind.GROUP))

    def told(self, **changes):
        found = check_order(replace(FINE, leads_to=replace(self.WANTED, **changes)), params={})
        return [(each.field, each.code, each.clause.id) for each in found]

    def test_another_platform(self):
        assert self.told(platform=Platform.TIKTOK) == [("link", "link_of_another_platform", "refund.5.1")]

    def test_another_kind_says_which_is_wanted(self):
        (refusal,) = check_order(replace(FINE, leads_to=self.WANTED), params={})

        assert (refusal.code, refusal.facts) == (
            "link_of_another_kind", {"link_kind": "post", "wanted_kinds": "group, profile"},
        )  # fmt: skip

    @pytest.mark.parametrize(
        "changes",
        [{"platform": None}, {"kind": None}, {"wanted": ()}, {"kind": LinkKind.PROFILE}, {"kind": LinkKind.GROUP}],
    )
    def test_what_fits_or_does_not_tell(self, changes):
        assert self.told(**changes) == []

    def test_what_is_no_address_is_told_that_alone(self):
        found = check_order(replace(FINE, link="a b", leads_to=self.WANTED), params={})

        assert [each.code for each in found] == ["link_has_forbidden_characters"]


def test_a_missing_quantity_is_told_with_the_least_that_may_be_ordered():
    (refusal,) = check_order(replace(FINE, quantity=None), params={})

    assert refusal.facts == {"minimum": 100}


@pytest.mark.parametrize("quantity", [100, 5000])
def test_minimum_and_maximum_themselves_are_taken(quantity):
    assert refusals(quantity=quantity) == []


def test_a_link_of_exactly_the_longest_length_is_taken():
    assert refusals(link="https://instagram.com/" + "a" * 478) == []


def test_a_version_may_allow_shorter_links_only():
    """ "refund.5.1"."""
    (refusal,) = check_order(replace(FINE, link="https://example.com/" + "a" * 100), params={"link_max_chars": 100})

    assert (refusal.code, refusal.clause.id, refusal.facts) == (
        "link_too_long",
        "refund.5.1",
        {"maximum": 100, "length": 120},
    )


def test_everything_wrong_is_told_at_once_but_funds_only_when_the_rest_is_right():
    wrong = refusals(quantity=1, link="", policies_missing=("Refund policy",), balance=Decimal(0))

    assert wrong == [
        ("quantity", "quantity_below_minimum"),
        ("link", "link_missing"),
        ("policies", "policies_not_accepted"),
    ]


def test_missing_funds_name_the_gap():
    (refusal,) = check_order(replace(FINE, balance=Decimal("1.00")), params={})

    assert refusal.facts == {"price": Decimal("1.50"), "balance": Decimal("1.00"), "short": Decimal("0.50")}


def test_not_accepting_the_policies_cites_their_acknowledgement():
    """R7, R55; "refund.12.1"."""
    (refusal,) = check_order(replace(FINE, policies_missing=("Refund policy", "Support policy")), params={})

    assert (refusal.clause.id, refusal.facts) == ("refund.12.1", {"policies": "Refund policy, Support policy"})


def test_the_quantity_of_a_package_is_not_looked_at():
    assert refusals(service_type=ServiceType.PACKAGE, quantity=None) == []


@pytest.mark.parametrize("service_type", list(ServiceType))
def test_the_types_on_offer_can_be_ordered_and_no_other(service_type):
    assert (refusals(service_type=service_type, quantity=1000) == []) is (service_type in OFFERED)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.instagram.com/p/Cx1_-/?igsh=abc#top",
        "http://youtu.be/dQw4w9WgXcQ",
        "HTTPS://T.ME/Channel",
        "instagram.com/some.name",
        "https://vk.com:443/x",
        "https://пример.рф/стр",
        "https://xn--e1afmkfd.xn--p1ai/",
        "@some.name",
        "some_name",
        "@名前",
    ],
)
def test_addresses_and_names_are_taken(link):
    assert refusals(link=link) == []


@pytest.mark.parametrize(
    "link",
    [
        "ftp://example.com/x",
        "data:text/html,x",
        "https://",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://user:secret@example.com/",
        "https://example.com:port/",
        "https://exa_mple-.com/",
        "//example.com",
        "@",
        "..",
        "a@b.example",
        "<script>",
        "https://[bad",
    ],
)
def test_what_has_no_shape_of_a_link_is_refused(link):
    assert refusals(link=link) == [("link", "link_not_an_address")]


@given(st.text(max_size=600))
def test_any_text_gets_an_answer_and_never_an_error(link):
    assert len(refusals(link=link)) <= 1
    assert is_web_address(link) in (True, False)
