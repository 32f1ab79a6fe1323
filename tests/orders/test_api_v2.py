"""API v2 as resellers meet it: exact shapes, exact words, types and errors (api-v2 b.1 to b.10)."""

import json
from datetime import timedelta
from decimal import Decimal
from html import unescape
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import policies.operations as policies
import wallet.operations as wallet
from accounts import keys
from accounts.models import CustomerGroup, User
from orders.api import v2, wire
from orders.models import CatalogueChange, Order, PriceRule, Route, Run, Service, ServiceHistory, Switches
from orders.operations import editing, statuses
from orders.operations.quotes import HOLDS_FOR
from policies.rules.eligibility import Refusal
from tests.factories import CustomerFactory, ServiceFactory
from tests.policy_versions import publish_next

pytestmark = pytest.mark.django_db

LINK = "https://instagram.com/somebody"
PART = b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nbalance\r\n--x--'
UNREADABLE = [
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "MULTIPART/form-data; boundary=x",
    "multipart/form-data; boundary=x; charset=base64",
    "multipart/form-data; boundary=x; charset=undefined",
    "multipart/form-data; boundary=x; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=no-such-thing",
]
KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    *UNREADABLE,
]

NOT_HONOURED = (
    *("quote_unreadable", "price_not_shown", "quote_expired", "quote_used", "price_changed", "terms_changed"),
)


class Reseller:
    """A customer with money, a key and a standing acceptance; `call` posts one request as a client would."""

    def __init__(self, funds: str = "100") -> None:
        policies.seed(now=timezone.now())
        self.user: User = CustomerFactory(funds=Decimal(funds))
        _, self.key = keys.create_key(user_id=self.user.pk, label="", now=timezone.now())
        shown = {version.pk: version.checksum for version in policies.required_versions(now=timezone.now())}
        policies.accept(user_id=self.user.pk, checksums=shown, context="api", standing=True, now=timezone.now())
        self.http = Client()

    def call(
        self, action: str, *, headers: dict[str, str] | None = None, path: str = "/api/v2", **params: object
    ) -> object:
        response = self.http.post(path, {"key": self.key, "action": action, **params}, headers=headers)
        assert response.status_code == 200
        assert response["Content-Type"].startswith("application/json")
        return json.loads(response.content)

    def add(self, service: object, **params: object) -> dict:
        return self.call("add", **{"service": service.pk, "link": LINK, "quantity": 1000} | params)


@pytest.fixture
def reseller() -> Reseller:
    return Reseller()


class TestQuote:
    """R5 and field row 4: an extension beside the protocol's actions, whose shapes stay as they are."""

    def quote(self, reseller: Reseller, sold: Service, **params: object) -> dict:
        return reseller.call("quote", **{"service": sold.pk, "link": LINK, "quantity": 1000} | params)

    def test_says_what_an_order_would_cost_and_mean_and_orders_nothing(self, reseller):
        told = self.quote(reseller, ServiceFactory(rate=Decimal("0.27819")))

        assert list(told) == [
            *("quote", "id", "sha256", "expires", "charge", "currency", "plan", "expected_start", "expected_end"),
            *("tolerance", "refill", "expectations", "refund_conditions"),
        ]
        assert (told["charge"], told["currency"]) == ("0.27819", "USD")
        assert {"when": "You cancel before the order is sent.", "refund": "0.27819", "clause": "refund.1.4"} in told[
            "refund_conditions"
        ]
        assert all(text.endswith(".") for text in told["expectations"])
        assert not Order.objects.exists()

    def test_is_refused_while_selling_is_stopped(self, reseller):
        """Decision 29."""
        Switches.objects.create(stop_selling=True)

        assert "paused" in self.quote(reseller, ServiceFactory())["error"]

    def test_its_token_holds_the_price(self, reseller):
        service = ServiceFactory(rate=Decimal("1.5"))
        token = self.quote(reseller, service)["quote"]
        Service.objects.update(rate=Decimal(3))

        reseller.add(service, quote=token)

        order = Order.objects.get()
        assert (order.charge, order.quote.content["price"]) == (Decimal("1.5"), "1.50000")

    @pytest.mark.parametrize(
        ("what", "error", "code"),
        [
            ({"quote": "x"}, "Incorrect quote", "quote_unreadable"),
            ({"link": f"{LINK}else"}, "Price has changed. Please ask for a new quote.", "price_changed"),
            ({"quantity": 2000}, "Price has changed. Please ask for a new quote.", "price_changed"),
        ],
    )
    def test_one_that_promises_nothing_is_refused_before_another_price_is_charged(self, reseller, what, error, code):
        service = ServiceFactory(rate=Decimal("1.5"))
        asked = {"quote": self.quote(reseller, service)["quote"], "quantity": 1000} | what
        Service.objects.update(rate=Decimal(3))

        params = {"key": reseller.key, "action": "add", "service": service.pk, "link": LINK, **asked}
        response = reseller.http.post("/api/v2", params)

        assert json.loads(response.content) == {"error": error}
        assert response["X-SMM-Error-Code"] == code
        assert not Order.objects.exists()

    def test_other_terms_are_refused_too(self, reseller):
        service = ServiceFactory(refill=True, refill_days=30)
        token = self.quote(reseller, service)["quote"]
        Service.objects.update(refill_days=7)

        assert reseller.add(service, quote=token) == {"error": "Terms have changed. Please ask for a new quote."}

    def test_one_for_another_order_is_refused_even_at_the_same_price(self, reseller):
        """terms.3.2: a program pays what the list says, or what its quote says; never one while it names the other."""
        service = ServiceFactory()
        token = self.quote(reseller, service)["quote"]

        refused = reseller.add(service, quote=token, quantity=2000)

        assert refused == {"error": "Quote is for another order. Please ask for a new quote."}
        assert "order" in reseller.add(service, quantity=2000)

    def test_one_that_has_expired_is_refused_even_at_the_same_price(self, reseller):
        service = ServiceFactory()
        token = self.quote(reseller, service)["quote"]

        with time_machine.travel(timezone.now() + HOLDS_FOR, tick=False):
            refused = reseller.add(service, quote=token)

        assert refused == {"error": "Quote has expired. Please ask for a new quote."}

    def test_one_serves_one_order_and_its_retry_by_request_id(self, reseller):
        service = ServiceFactory()
        token = self.quote(reseller, service)["quote"]
        first = reseller.add(service, quote=token, request_id="a-1")

        assert reseller.add(service, quote=token, request_id="a-1") == first
        refused = reseller.add(service, quote=token)
        assert refused == {"error": f"Quote already used for order {first['order']}. Please ask for a new quote."}

    def test_what_the_order_keeps_is_what_was_told(self, reseller):
        service = ServiceFactory()
        told = self.quote(reseller, service)

        reseller.add(service, quote=told["quote"])

        kept = Order.objects.get().quote
        assert (str(kept.quote_id), kept.sha256) == (told["id"], told["sha256"])
        assert [each["said"] for each in kept.content["expectations"]] == told["expectations"]

    def test_plan_end_tolerance_and_refill_are_numbers_too(self, reseller):
        service = ServiceFactory(run_size=250, run_interval_minutes=30, refill=True, refill_days=30, refill_max=3)
        whole_second = timezone.now().replace(microsecond=0) + timedelta(seconds=1)  # not before the policies' own
        with time_machine.travel(whole_second, tick=False):
            now = timezone.now()
            told = self.quote(reseller, service)
            history = {"sample": 12, "p10_s": 1800, "p50_s": 3600, "p90_s": 7200, "measured_at": now}
            history |= {"start_p10_s": 60, "start_p50_s": 120, "start_p90_s": 600}
            ServiceHistory.objects.create(service=service, size=(1000).bit_length() - 1, **history)
            measured = self.quote(reseller, service)

        def after(**span: int) -> str:
            return f"{now + timedelta(**span):%Y-%m-%dT%H:%M:%SZ}"

        def after_minutes(minutes: int) -> str:
            return after(minutes=minutes)

        parts = {"parts": "4", "largest_part": "250", "last_part_at": after(minutes=90), "interval_minutes": "30"}
        assert told["plan"] == {**parts, "daily_cap": "100000", "orders_ahead": "0"}
        assert (told["tolerance"], told["expires"]) == ("20", after(minutes=15))
        assert told["refill"] == {"days": "30", "max": "3", "cap_percent": None}
        assert (told["expected_start"], told["expected_end"]) == ("not enough data", "not enough data")
        names = ("one_in_ten_by", "half_by", "nine_in_ten_by")
        begins, ends = (
            dict(zip(names, map(after_minutes, times), strict=True)) for times in ((1, 2, 10), (30, 60, 120))
        )
        assert measured["expected_start"] == {**begins, "sample": "12"}
        assert measured["expected_end"] == {**ends, "sample": "12"}
        assert self.quote(reseller, ServiceFactory())["refill"] is None

    def test_the_page_about_the_api_names_all_that_it_answers(self, reseller):
        """R5, R7: each key, each header, and each reason why a quote is not honoured."""
        service = ServiceFactory(refill=True)
        ServiceHistory.objects.create(
            service=service, size=9, sample=12, measured_at=timezone.now(), p10_s=1800, p50_s=3600, p90_s=7200,
            start_p10_s=60, start_p50_s=120, start_p90_s=600,
        )  # fmt: skip
        page = unescape(reseller.http.get("/api").content.decode())
        told = self.quote(reseller, service)
        nested = [told[name] for name in ("plan", "expected_start", "expected_end", "refill")] + told[
            "refund_conditions"
        ][:1]
        asked = {"key": reseller.key, "action": "quote", "service": service.pk, "link": LINK, "quantity": 1000}
        headers = reseller.http.post("/api/v2", asked).headers
        governing = {name: value for name, value in headers.items() if name.endswith("-Policy") and "X-SMM" in name}

        assert all(f'"{name}"' in page for answer in (told, *nested) for name in answer)
        assert len(governing) == 2
        assert all(f"{name}: {value}" in page for name, value in governing.items())
        for code in (
            "quote_unreadable",
            "price_not_shown",
            "quote_expired",
            "quote_used",
            "price_changed",
            "terms_changed",
        ):
            said = str(wire.refusal(Refusal(None, code, {"order": "23501"}))).partition(". ")[0]
            assert f"<code>{said}" in page

    def test_an_empty_wallet_gets_one_too(self):
        poor = Reseller(funds="0.01")

        assert self.quote(poor, ServiceFactory())["charge"] == "1.50"

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"service": 0}, "Incorrect service ID"),
            ({"quantity": 1}, "Quantity less than minimal 10"),
            ({"link": "a b"}, "Bad link"),
            ({"runs": 2}, "Drip-feed is not available for this service"),
        ],
    )
    def test_what_could_not_be_ordered_gets_none(self, reseller, wrong, error):
        assert self.quote(reseller, ServiceFactory(), **wrong) == {"error": error}


class TestGoverningVersions:
    """R7: which versions govern an order stands in the headers of `quote` and `add`, which old clients never see."""

    def versions(self, reseller: Reseller, action: str, sold: Service, **params: object) -> tuple[str, str]:
        asked = {"key": reseller.key, "action": action, "service": sold.pk, "link": LINK, "quantity": 1000, **params}
        response = reseller.http.post("/api/v2", asked)
        return response["X-SMM-Refund-Policy"], response["X-SMM-Support-Policy"]

    def test_a_quote_and_its_order_name_those_in_force(self, reseller):
        service = ServiceFactory()
        publish_next(policies.in_force(slug="refund", now=timezone.now()), at=timezone.now())

        assert self.versions(reseller, "quote", service) == ("2", "1")
        assert self.versions(reseller, "add", service) == ("2", "1")
        order = Order.objects.get()
        assert (order.refund_policy.number, order.support_policy.number) == (2, 1)

    def test_the_same_request_again_names_those_of_its_order(self, reseller):
        service = ServiceFactory()
        self.versions(reseller, "add", service, request_id="a-1")
        publish_next(policies.in_force(slug="support", now=timezone.now()), at=timezone.now())

        assert self.versions(reseller, "add", service, request_id="a-1") == ("1", "1")
        assert self.versions(reseller, "add", service, request_id="a-2") == ("1", "2")

    def test_a_refusal_names_none(self, reseller):
        response = reseller.http.post("/api/v2", {"key": reseller.key, "action": "add"})

        assert not [name for name in response.headers if name.endswith("-Policy") and name.startswith("X-SMM")]


class TestBalance:
    def test_says_the_wallet_in_strings(self, reseller):
        assert reseller.call("balance") == {"balance": "100.00", "currency": "USD"}

    def test_offers_request_ids_in_a_header_old_clients_never_see(self, reseller):
        response = reseller.http.post("/api/v2", {"key": reseller.key, "action": "balance"})

        assert response["X-SMM-Idempotency"] == "request_id"


class TestServices:
    def test_lists_every_service_with_the_types_of_the_protocol(self, reseller):
        service = ServiceFactory(rate=Decimal("0.9"), min_quantity=50, max_quantity=10_000, refill=True, refill_days=30)

        (listed,) = reseller.call("services")

        assert (listed["service"], listed["name"], listed["type"]) == (service.pk, service.name, "Default")
        assert (listed["rate"], listed["min"], listed["max"]) == ("0.90", "50", "10000")
        assert (listed["refill"], listed["cancel"], listed["category"]) == (True, False, service.category.name)

    def test_shows_each_customer_their_own_rate_else_their_group_s(self, reseller):
        """Decision 19: one function answers what a customer pays."""
        own, group, plain = ServiceFactory(), ServiceFactory(), ServiceFactory()
        reseller.user.group = CustomerGroup.objects.create(name="Wholesale")
        reseller.user.save(update_fields=["group"])
        PriceRule.objects.create(service=own, user=reseller.user, rate=Decimal("0.5"))
        PriceRule.objects.create(service=own, group=reseller.user.group, rate=Decimal("0.7"))
        PriceRule.objects.create(service=group, group=reseller.user.group, rate=Decimal("0.8"))

        rates = {listed["service"]: listed["rate"] for listed in reseller.call("services")}

        assert rates == {own.pk: "0.50", group.pk: "0.80", plain.pk: "1.50"}

    def test_a_recorded_change_renews_the_prepared_answer(self, reseller):
        service = ServiceFactory()
        before = reseller.call("services")
        service.rate = Decimal("2")
        service.save(update_fields=["rate"])
        CatalogueChange.objects.create(service=service, kind="rate", actor="system", at=timezone.now())

        after = reseller.call("services")

        assert (before[0]["rate"], after[0]["rate"]) == ("1.50", "2.00")

    def test_lists_only_what_can_be_bought(self, reseller):
        """A service nobody can deliver is refused by `add`, so that it is not listed either."""
        sold, _ = ServiceFactory(), ServiceFactory(routed=False)
        closed = ServiceFactory()
        Route.objects.filter(service=closed).update(enabled=False)

        assert [listed["service"] for listed in reseller.call("services")] == [sold.pk]
        assert reseller.add(closed) == {"error": "Incorrect service ID"}

    def test_closing_and_opening_the_only_route_renews_the_prepared_answer(self, reseller):
        service = ServiceFactory()
        listed = [reseller.call("services")]

        for enabled in (False, True):
            route = Route.objects.get(service=service)
            route.enabled = enabled
            editing.save_routes(service_id=service.pk, routes=[route], removed=[], actor="staff:1", now=timezone.now())
            listed.append(reseller.call("services"))

        assert [[each["service"] for each in answer] for answer in listed] == [[service.pk], [], [service.pk]]

    def test_costs_the_same_queries_for_one_service_and_for_fifty(self, reseller, django_assert_num_queries):
        ServiceFactory.create_batch(50)
        reseller.call("services")

        with django_assert_num_queries(3):
            reseller.call("services")


class TestAdd:
    def test_charges_and_creates_and_answers_an_integer(self, reseller):
        answer = reseller.add(ServiceFactory())

        order = Order.objects.get()
        assert answer == {"order": order.pk}
        assert (order.channel, order.charge, order.status) == ("api_v2", Decimal("1.5"), "queued")
        assert wallet.balance_of(reseller.user.pk) == Decimal("98.5")

    def test_the_same_request_id_answers_the_same_order(self, reseller):
        """Decision 13: by parameter, by its alias, and by header."""
        service = ServiceFactory()

        first = reseller.add(service, request_id="a-1")
        again = reseller.add(service, client_order_id="a-1")
        by_header = reseller.add(service, headers={"Idempotency-Key": "a-1"})

        assert first == again == by_header
        assert wallet.balance_of(reseller.user.pk) == Decimal("98.5")

    def test_the_same_request_id_for_something_else_is_refused(self, reseller):
        service = ServiceFactory()
        reseller.add(service, request_id="a-1")

        assert reseller.add(service, request_id="a-1", quantity=2000) == {"error": "Request id already used"}
        assert Order.objects.count() == 1

    def test_a_request_id_outlives_the_service_and_the_money(self, reseller):
        """The key is looked up before any rule: a retry after success must never be told no."""
        service = ServiceFactory()
        first = reseller.add(service, request_id="a-1", quantity=60_000)
        service.active = False
        service.save(update_fields=["active"])

        assert reseller.add(service, request_id="a-1", quantity=60_000) == first

    @pytest.mark.parametrize("nothing", ["", "undefined", "null", "None", "NaN"])
    def test_what_clients_send_for_nothing_is_absent(self, reseller, nothing):
        service = ServiceFactory()

        first = reseller.add(service, runs=nothing, interval=nothing, request_id=nothing)
        second = reseller.add(service, request_id=nothing)
        third = reseller.add(service, headers={"Idempotency-Key": nothing}, quantity=20)

        assert len({answer["order"] for answer in (first, second, third)}) == 3

    def test_a_header_for_nothing_leaves_the_parameter(self, reseller):
        service = ServiceFactory()

        first = reseller.add(service, request_id="a-1")

        assert reseller.add(service, request_id="a-1", headers={"Idempotency-Key": "undefined"}) == first

    def test_comments_are_charged_by_the_line(self, reseller):
        service = ServiceFactory(type="Custom Comments", min_quantity=1)

        reseller.add(service, comments="one\\ntwo\r\nthree\n\n", quantity=99)

        assert (Order.objects.get().units, Order.objects.get().charge) == (3, Decimal("0.0045"))

    def test_what_ends_a_line_elsewhere_is_part_of_a_comment(self, reseller):
        """api-v2 b.3: lines end with \\r\\n, \\n or the two characters typed; nobody pays for more."""
        service = ServiceFactory(type="Custom Comments", min_quantity=1)

        reseller.add(service, comments="a\u2028b\x0bc\x85d\x1ce\x0cf\nsecond")

        assert Order.objects.get().units == 2

    def test_a_package_costs_its_rate_and_is_one_unit(self, reseller):
        service = ServiceFactory(type="Package", rate=Decimal("7"))

        reseller.call("add", service=service.pk, link=LINK)

        assert (Order.objects.get().units, Order.objects.get().charge) == (1, Decimal(7))

    REFUSED = [
        ({"service": 999_999}, "Incorrect service ID", "service_not_for_sale"),
        ({"service": "one"}, "Incorrect service ID", "service_not_for_sale"),
        ({"quantity": 9}, "Quantity less than minimal 10", "quantity_below_minimum"),
        ({"quantity": ""}, "Quantity less than minimal 10", "quantity_missing"),
        ({"quantity": 0}, "Quantity less than minimal 10", "quantity_below_minimum"),
        ({"quantity": -10}, "Quantity less than minimal 10", "quantity_missing"),
        ({"quantity": "1e3"}, "Quantity less than minimal 10", "quantity_missing"),
        ({"quantity": 100_001}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"quantity": 2**31}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"quantity": "9" * 18}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"quantity": "1" + "0" * 18}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"quantity": "9" * 5000}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"link": ""}, "Bad link", "link_missing"),
        ({"link": "https://instagram.com/" + "x" * 500}, "Bad link", "link_too_long"),
        ({"link": "https://instagram.com/a b"}, "Bad link", "link_has_forbidden_characters"),
        ({"link": "javascript:alert(1)"}, "Bad link", "link_not_an_address"),
        ({"quantity": 10**17}, "Quantity more than maximum 100000", "quantity_above_maximum"),
        ({"quantity": 90_000}, "Not enough funds on balance", "not_enough_funds"),
        ({"runs": 2, "interval": 60}, "Drip-feed is not available for this service", "drip_feed_not_offered"),
        ({"request_id": "x" * 129}, "Incorrect request", "request_id_too_long"),
    ]

    @pytest.mark.parametrize(("params", "text", "code"), REFUSED)
    def test_a_refusal_has_one_key_and_moves_no_money(self, reseller, params, text, code):
        """R20: no debit before everything is valid; the body is exactly one error, the code stands in a header."""
        asked = {"service": ServiceFactory().pk, "link": LINK, "quantity": 1000} | params

        response = reseller.http.post("/api/v2", {"key": reseller.key, "action": "add", **asked})

        assert (response.status_code, json.loads(response.content)) == (200, {"error": text})
        assert response["X-SMM-Error-Code"] == code
        assert (Order.objects.count(), wallet.balance_of(reseller.user.pk)) == (0, Decimal(100))

    def test_a_quantity_above_every_maximum_is_never_planned(self, reseller):
        """An order sent in parts would have two thousand million of them, the last after the end of all calendars."""
        service = ServiceFactory(run_size=1, run_interval_minutes=60, pace_per_hour=1)

        assert reseller.add(service, quantity="9" * 30) == {"error": "Quantity more than maximum 100000"}

    def test_keeps_comments_only_where_the_type_takes_them(self, reseller):
        """api-v2 b.3: what goes upstream is what the order keeps."""
        plain = reseller.add(ServiceFactory(), comments="one\ntwo")["order"]
        package = reseller.add(ServiceFactory(type="Package"), comments="one", quantity="9" * 18)["order"]
        custom = reseller.add(ServiceFactory(type="Custom Comments", min_quantity=1), comments="one\ntwo")["order"]

        kept = dict(Order.objects.values_list("id", "fields"))
        assert kept == {plain: {}, package: {}, custom: {"comments": "one\ntwo"}}
        assert Order.objects.get(pk=package).quantity == 1

    def test_needs_the_policies_accepted(self, reseller):
        """R7: the API orders under a standing acceptance."""
        user = CustomerFactory(funds=Decimal(5))
        _, reseller.key = keys.create_key(user_id=user.pk, label="", now=timezone.now())

        answer = reseller.add(ServiceFactory())

        assert answer == {"error": "Please accept the current policies on the API page of your account."}

    def test_is_refused_while_selling_is_stopped(self, reseller):
        """Decision 29: one switch stops selling."""
        Switches.objects.create(stop_selling=True)

        assert "paused" in reseller.add(ServiceFactory())["error"]
        assert not Order.objects.exists()


class TestStatus:
    def test_answers_five_strings(self, reseller):
        order = reseller.add(ServiceFactory())["order"]

        assert reseller.call("status", order=order) == {
            "charge": "1.50",
            "start_count": "0",
            "status": "Pending",
            "remains": "1000",
            "currency": "USD",
        }

    def test_a_place_in_line_is_pending_and_no_error(self, reseller):
        """R18, decision 14: the second order for a link is taken, and told in the protocol's own words and keys."""
        sold = ServiceFactory()
        first, second = (reseller.add(sold, link="https://instagram.com/busy")["order"] for _ in range(2))
        Order.objects.filter(pk=second).update(status="waiting", waiting_since=timezone.now())

        told = [reseller.call("status", order=order) for order in (first, second)]

        assert told[0] == told[1]
        assert told[1]["status"] == "Pending"

    def test_several_orders_answer_under_their_ids_with_errors_in_place(self, reseller):
        order = reseller.add(ServiceFactory())["order"]

        answer = reseller.call("status", orders=f"{order},1,{order},x")

        assert list(answer) == [str(order), "1", "x"]
        assert answer["1"] == answer["x"] == {"error": "Incorrect order ID"}
        assert answer[str(order)]["status"] == "Pending"

    def test_the_shape_follows_the_parameter_s_name(self, reseller):
        order = reseller.add(ServiceFactory())["order"]

        assert list(reseller.call("status", orders=order)) == [str(order)]
        assert list(reseller.call("status", order=f"{order},1")) == [str(order), "1"]

    def test_somebody_else_s_order_looks_like_none(self, reseller):
        order = reseller.add(ServiceFactory())["order"]
        stranger = Reseller()

        assert stranger.call("status", order=order) == {"error": "Incorrect order ID"}
        assert stranger.call("status", orders=order) == {str(order): {"error": "Incorrect order ID"}}

    def test_a_request_id_finds_its_order(self, reseller):
        order = reseller.add(ServiceFactory(), request_id="a-1")["order"]

        assert reseller.call("status", request_id="a-1")["order"] == order
        assert reseller.call("status", request_id="a-2") == {"error": "Incorrect order ID"}

    def test_takes_a_hundred_ids_and_refuses_one_more(self, reseller, django_assert_num_queries):
        hundred = ",".join(map(str, range(1, 101)))
        reseller.call("balance")  # the key was seen a moment ago: no write of that is counted below

        with django_assert_num_queries(2):
            assert len(reseller.call("status", orders=hundred)) == 100
        assert "Too many orders" in reseller.call("status", orders=hundred + ",101")["error"]

    def test_counts_what_ended_and_what_is_live_alike(self, reseller):
        order = reseller.add(ServiceFactory())["order"]
        Run.objects.filter(order=order).update(delivered=843, start_count=3572)

        answer = reseller.call("status", order=order)

        assert (answer["remains"], answer["start_count"]) == ("157", "3572")


class TestCancel:
    """b.7, R3: an array with 1 or an error for each order, in the caller's order."""

    def test_what_was_not_sent_is_canceled_and_paid_back(self, reseller):
        before = reseller.call("balance")
        order = reseller.add(ServiceFactory())["order"]

        assert reseller.call("cancel", orders=f"9,{order}") == [
            {"order": 9, "cancel": {"error": "Incorrect order ID"}},
            {"order": order, "cancel": 1},
        ]

        assert reseller.call("status", order=order)["status"] == "Canceled"
        assert reseller.call("balance") == before
        assert reseller.call("cancel", order=order) == [{"order": order, "cancel": 1}]

    def test_what_was_sent_is_not(self, reseller):
        order = reseller.add(ServiceFactory())["order"]
        Run.objects.update(state="unknown")

        assert reseller.call("cancel", order=order) == [
            {"order": order, "cancel": {"error": "The order cannot be canceled"}}
        ]

    def test_of_what_was_sent_the_supplier_is_asked_where_the_service_offers_it(self, reseller):
        order = reseller.add(ServiceFactory(cancel=True))["order"]
        Run.objects.update(state="submitting", attempt=uuid4(), lease_until=timezone.now())
        statuses.refresh(order_ids=[order], actor="system", now=timezone.now())

        assert [reseller.call("cancel", order=order) for _ in range(2)] == [[{"order": order, "cancel": 1}]] * 2
        assert reseller.call("status", order=order)["status"] == "In progress"

    @pytest.mark.parametrize("orders", ["", ",", "undefined"])
    def test_without_an_order_there_is_nothing_to_cancel(self, reseller, orders):
        assert reseller.call("cancel", orders=orders) == {"error": "Incorrect order ID"}

    def test_somebody_elses_order_is_not_found(self, reseller):
        order = reseller.add(ServiceFactory())["order"]

        assert Reseller().call("cancel", order=order) == [{"order": order, "cancel": {"error": "Incorrect order ID"}}]
        assert Order.objects.get().status == "queued"


class TestTransport:
    def test_both_addresses_answer_without_a_redirect(self, reseller):
        assert reseller.call("balance", path="/api/v2/") == reseller.call("balance", path="/api/v2")

    def test_json_bodies_are_understood(self, reseller):
        body = {"key": reseller.key, "action": "status", "orders": [1, 2]}

        response = reseller.http.post("/api/v2", json.dumps(body), content_type="application/json")

        assert list(json.loads(response.content)) == ["1", "2"]

    @pytest.mark.parametrize("body", ["", "[]", "{", '"x"', "null"])
    def test_json_that_is_no_object_is_an_incorrect_request(self, reseller, body):
        response = reseller.http.post("/api/v2", body, content_type="application/json")

        assert json.loads(response.content) == {"error": "Incorrect request"}

    @pytest.mark.parametrize("value", ["a\ud800", "a\0", {"a": 1}, [[1]], [{}], {}], ids=ascii)
    @pytest.mark.parametrize("name", ["key", "action", "order", "orders", "request_id", "comments", "link"])
    def test_values_that_mean_nothing_are_an_incorrect_request(self, reseller, name, value):
        body = {"key": reseller.key, "action": "status", name: value}

        response = reseller.http.post("/api/v2", json.dumps(body), content_type="application/json")

        assert (response.status_code, json.loads(response.content)) == (200, {"error": "Incorrect request"})

    @pytest.mark.parametrize("name", ["request_id", "order", "orders"])
    def test_nul_in_a_form_is_an_incorrect_request(self, reseller, name):
        assert reseller.call("status", **{name: "\0"}) == {"error": "Incorrect request"}

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_json_nested_too_deep_is_an_incorrect_request(self, reseller, opening):
        response = reseller.http.post("/api/v2", opening * 100_000, content_type="application/json")

        assert (response.status_code, json.loads(response.content)) == (200, {"error": "Incorrect request"})

    @pytest.mark.parametrize("kind", UNREADABLE)
    def test_a_form_that_cannot_be_read_is_an_incorrect_request(self, reseller, kind):
        response = reseller.http.generic("POST", "/api/v2", PART, content_type=kind)

        assert (response.status_code, json.loads(response.content)) == (200, {"error": "Incorrect request"})

    def test_too_many_files_are_an_incorrect_request(self, reseller, settings):
        settings.DATA_UPLOAD_MAX_NUMBER_FILES = 0

        answer = reseller.call("balance", upload=SimpleUploadedFile("a.txt", b"a"))

        assert answer == {"error": "Incorrect request"}

    def test_whatever_bytes_come_in_json_goes_out(self, reseller):
        """Of whatever kind they say they are (api-v2 b.8)."""

        @hypothesis_settings(max_examples=300, deadline=None)
        @given(kind=st.sampled_from(KINDS), body=st.binary() | st.binary().map(lambda end: PART[:-6] + end + PART[-6:]))
        def check(kind: str, body: bytes) -> None:
            response = reseller.http.generic("POST", "/api/v2", body, content_type=kind)

            assert response.status_code == 200
            assert list(json.loads(response.content)) == ["error"]

        check()

    def test_whatever_a_known_caller_sends_json_goes_out(self, reseller, settings):
        """No value of a parameter, of any shape, is answered by anything else; what it asks for may even be done."""
        settings.API_CALLS_PER_MINUTE = 10_000
        service = ServiceFactory(run_size=100, run_interval_minutes=60)
        letters = st.characters(exclude_categories=())  # lone surrogates too
        text = st.text(letters, max_size=40) | st.sampled_from([str(service.pk), LINK, "1000"])
        value = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | text, lambda inner: st.lists(inner, max_size=3)
        )
        names = st.sampled_from(["service", "link", "quantity", "comments", "order", "orders", "request_id", "runs"])

        @hypothesis_settings(max_examples=60, deadline=None)
        @given(action=st.sampled_from(sorted(v2.ACTIONS)), params=st.dictionaries(names, value))
        @example(action="status", params={"request_id": "\0"})
        @example(action="add", params={"service": service.pk, "link": LINK, "quantity": 10**18, "request_id": "a"})
        def check(action: str, params: dict[str, object]) -> None:
            body = json.dumps({"key": reseller.key, "action": action, **params})
            response = reseller.http.post("/api/v2", body, content_type="application/json")

            assert response.status_code == 200
            json.loads(response.content)

        check()

    def test_get_is_refused_so_that_no_key_lands_in_a_log(self, reseller):
        response = reseller.http.get("/api/v2", {"key": reseller.key, "action": "balance"})

        assert json.loads(response.content) == {"error": "Incorrect request"}

    def test_get_may_be_allowed_for_reading_alone(self, reseller, settings):
        settings.API_V2_READ_BY_GET = True

        read = reseller.http.get("/api/v2", {"key": reseller.key, "action": "balance"})
        write = reseller.http.get("/api/v2", {"key": reseller.key, "action": "add", "service": ServiceFactory().pk})

        assert json.loads(read.content)["balance"] == "100.00"
        assert json.loads(write.content) == {"error": "Incorrect request"}

    @pytest.mark.parametrize(
        ("params", "text"),
        [
            ({"action": "balance"}, "Invalid API key"),
            ({"action": "balance", "key": "pk_x"}, "Invalid API key"),
            ({"action": "dance"}, "Incorrect request"),
            ({}, "Incorrect request"),
        ],
    )
    def test_who_and_what_must_be_known(self, reseller, params, text):
        response = reseller.http.post("/api/v2", params)

        assert (response.status_code, json.loads(response.content)) == (200, {"error": text})

    def test_strict_callers_get_real_status_codes(self, reseller):
        response = reseller.http.post("/api/v2", {"action": "balance"}, headers={"X-SMM-Strict": "1"})

        assert response.status_code == 401

    def test_a_suspended_customer_is_told_so(self, reseller):
        User.objects.filter(pk=reseller.user.pk).update(suspended_at=timezone.now())

        assert reseller.call("balance") == {"error": "Your account has been suspended."}

    def test_too_many_calls_are_told_so_with_a_readable_body(self, reseller, settings):
        settings.API_CALLS_PER_MINUTE = 0

        response = reseller.http.post("/api/v2", {"key": reseller.key, "action": "balance"})

        assert response.status_code == 429
        assert list(json.loads(response.content)) == ["error"]

    def test_leaves_no_session_and_no_cookie(self, reseller):
        response = reseller.http.post("/api/v2", {"key": reseller.key, "action": "balance"})

        assert not response.cookies


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("1.5", "1.50"),
        ("0.27819", "0.27819"),
        ("100.84292", "100.84292"),
        ("2.12", "2.12"),
        ("3.1234", "3.1234"),
    ],
)
def test_money_is_plain_with_two_to_five_decimals(amount, text):
    assert wire.money(Decimal(amount)) == text
