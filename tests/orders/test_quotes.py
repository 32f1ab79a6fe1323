"""Quotes: what was shown is what is charged and kept, for one customer and one order, for a while (R4, R7, D48)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

import policies.operations as policies
import wallet.operations as wallet
from accounts.models import CustomerGroup, Outgoing, User
from orders.models import Order, PriceRule, Quote, Run, Service, ServiceHistory, Switches
from orders.operations import placing, quotes, quoting, settling
from orders.operations.quotes import HOLDS_FOR
from plumbing import canonical
from policies.rules.forecasts import Forecast
from policies.rules.vocabulary import Cause, OrderStatus, ServiceType
from tests.factories import NOON, CustomerFactory, ServiceFactory

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


class Customer:
    """Somebody with money who has accepted the policies, asking and ordering at instants of their choice."""

    def __init__(self, service: Service, *, funds: str = "100") -> None:
        policies.seed(now=NOON)
        self.user: User = CustomerFactory(funds=Decimal(funds))
        self.service = service
        shown = {version.pk: version.checksum for version in policies.required_versions(now=NOON)}
        policies.accept(user_id=self.user.pk, checksums=shown, context="order", now=NOON)

    def request(self, quantity: int = 1000) -> placing.Request:
        return placing.Request(self.service.pk, "https://instagram.com/somebody", quantity)

    def ask(self, quantity: int = 1000) -> quotes.Shown:
        request = self.request(quantity)
        quoted = quoting.quote(user_id=self.user.pk, request=request, now=NOON)
        assert quoted is not None
        return quotes.issue(quoted, user_id=self.user.pk, request=request, now=NOON)

    def order(self, quote: str | None, *, after: timedelta = SECOND, quantity: int = 1000, **call: object) -> Order:
        placed = placing.place_order(
            user_id=self.user.pk,
            request=self.request(quantity),
            quote=quote,
            now=NOON + after,
            **{"channel": Order.Channel.WEB, "request_key": None, **call},
        )
        return Order.objects.get(pk=placed.order_id)

    def refused(self, quote: str | None, **call: object) -> list[str]:
        """Why; and nothing was written."""
        with pytest.raises(placing.Refused) as raised:
            self.order(quote, **call)
        assert (Order.objects.count(), Quote.objects.count(), Outgoing.objects.count()) == (0, 0, 0)
        assert wallet.balance_of(self.user.pk) == Decimal(100)
        return [refusal.code for refusal in raised.value.refusals]


@pytest.fixture
def customer() -> Customer:
    return Customer(ServiceFactory(rate=Decimal("1.50"), refill=True, refill_days=30, cancel=True))


def change(customer: Customer, **columns: object) -> None:
    Service.objects.filter(pk=customer.service.pk).update(**columns)


class TestHonouring:
    @pytest.mark.parametrize("rate", ["3", "0.50"])
    def test_until_it_expires_its_price_is_the_price(self, customer: Customer, rate: str):
        token = customer.ask().token
        change(customer, rate=Decimal(rate))

        order = customer.order(token, after=HOLDS_FOR - SECOND)

        assert (order.rate, order.charge, wallet.balance_of(customer.user.pk)) == (
            Decimal("1.5"), Decimal("1.5"), Decimal("98.5")
        )  # fmt: skip

    @pytest.mark.parametrize("late", [0 * SECOND, SECOND])
    def test_from_its_last_instant_on_another_price_is_refused(self, customer: Customer, late: timedelta):
        token = customer.ask().token
        change(customer, rate=Decimal(3))

        assert customer.refused(token, after=HOLDS_FOR + late) == ["price_changed"]

    @pytest.mark.parametrize("after", [HOLDS_FOR, HOLDS_FOR + SECOND, timedelta(days=2)])
    @pytest.mark.parametrize("channel", Order.Channel)
    def test_an_expired_one_is_shown_anew_even_at_the_same_price(self, customer, after: timedelta, channel):
        assert customer.refused(customer.ask().token, after=after, channel=channel) == ["quote_expired"]

    def test_an_altered_one_is_no_promise(self, customer: Customer):
        token = customer.ask().token
        middle = len(token) // 2
        altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]

        for text in (altered, "x", "ﬀ:\0:é", token + "A"):
            assert customer.refused(text) == ["quote_unreadable"]

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_the_form_places_nothing_that_was_not_shown(self, customer: Customer, nothing: str | None):
        """R4, R7: before paying, the customer sees the total of this very order."""
        assert customer.refused(nothing) == ["price_not_shown"]

    def test_another_installation_s_is_none_of_ours(self, customer: Customer, settings):
        token = customer.ask().token
        settings.SECRET_KEY = "another" * 9

        assert customer.refused(token) == ["quote_unreadable"]

    @pytest.mark.parametrize("rate", ["1.5", "3"])
    def test_somebody_else_s_promises_nothing_and_tells_nothing(self, customer: Customer, rate: str):
        token = customer.ask().token
        change(customer, rate=Decimal(rate))

        assert Customer(customer.service).refused(token) == ["price_not_shown"]

    @pytest.mark.parametrize(("rate", "told"), [("1.5", "price_not_shown"), ("1.6", "price_changed")])
    def test_for_another_quantity_it_promises_nothing(self, customer: Customer, rate: str, told: str):
        token = customer.ask().token
        change(customer, rate=Decimal(rate))

        assert customer.refused(token, quantity=2000) == [told]

    @pytest.mark.parametrize("rate", ["1.5", "1.6"])
    def test_for_another_service_it_promises_nothing(self, customer: Customer, rate: str):
        token = customer.ask().token
        customer.service = ServiceFactory(rate=Decimal(rate))

        assert customer.refused(token) == ["price_not_shown"]

    def test_a_group_s_other_price_waits_until_it_has_expired(self, customer: Customer):
        """Decision 19: the rate that was shown was theirs."""
        group = CustomerGroup.objects.create(name="Wholesale")
        User.objects.filter(pk=customer.user.pk).update(group=group)
        rule = PriceRule.objects.create(service=customer.service, group=group, rate=Decimal("0.7"))
        token, other = customer.ask(), customer.ask()
        PriceRule.objects.filter(pk=rule.pk).update(rate=Decimal("0.9"))
        assert customer.refused(other.token, after=HOLDS_FOR) == ["price_changed"]

        assert customer.order(token.token).charge == Decimal("0.7")

    def test_what_is_wrong_with_the_order_itself_is_said_first(self, customer: Customer):
        """R20: nobody confirms a price only to hear that it is too small."""
        assert customer.refused(customer.ask().token, quantity=1) == ["quantity_below_minimum"]

    def test_it_opens_no_shop_that_is_closed(self, customer: Customer):
        token = customer.ask().token
        change(customer, active=False)
        assert customer.refused(token) == ["service_not_for_sale"]

        change(customer, active=True)
        Switches.objects.update_or_create(id=1, defaults={"stop_selling": True})
        assert customer.refused(token) == ["selling_stopped"]

    @pytest.mark.parametrize(
        "term", [{"refill_days": 7}, {"cancel": False}, {"run_size": 100, "run_interval_minutes": 5}]
    )
    def test_other_terms_than_it_showed_are_refused(self, customer: Customer, term):
        """What was explained before must be what is decided after (D55)."""
        token = customer.ask().token
        change(customer, **term)

        assert customer.refused(token) == ["terms_changed"]

    def test_a_forecast_measured_again_changes_no_terms(self, customer: Customer):
        token = customer.ask().token
        measured(customer.service, units=1000, sample=10)

        assert customer.order(token).forecast is None

    def test_the_same_key_leads_to_the_same_order(self, customer: Customer):
        token = customer.ask().token
        first, again = (customer.order(token, after=after, request_key="k") for after in (SECOND, HOLDS_FOR + SECOND))

        assert first == again
        assert Quote.objects.count() == 1


TIMES = {"p10_s": 1800, "p50_s": 3600, "p90_s": 7200, "start_p10_s": 60, "start_p50_s": 120, "start_p90_s": 600}


def measured(service: Service, *, units: int, sample: int) -> None:
    ServiceHistory.objects.update_or_create(
        service=service,
        size=units.bit_length() - 1,
        defaults={"sample": sample, "measured_at": NOON, **TIMES},
    )


class TestKeeping:
    def test_the_order_keeps_what_was_shown(self, customer: Customer):
        measured(customer.service, units=1000, sample=12)
        shown = customer.ask()

        order = customer.order(shown.token)

        kept = order.quote
        assert (kept.quote_id, kept.issued_at, kept.expires_at) == (shown.id, NOON, NOON + HOLDS_FOR)
        assert kept.sha256 == canonical.digest(kept.content) == shown.sha256
        assert kept.content["rate"] == "1.50000"
        assert [each["said"] for each in kept.content["expectations"]] == [
            each.removeprefix("- ") for each in Outgoing.objects.get().body.splitlines() if each.startswith("- ")
        ]
        assert kept.content["forecast"] == order.forecast == {"sample": 12, **TIMES}
        assert {(each["policy"], each["sha256"]) for each in kept.content["versions"]} == {
            (version.policy.slug, version.checksum) for version in policies.required_versions(now=NOON)
        }
        assert "instagram.com" not in str(kept.content)  # the row is for ever, a link may not be

    def test_it_is_evidence_that_nobody_changes(self, customer: Customer):
        customer.order(customer.ask().token)

        for change_it in (Quote.objects.all().delete, lambda: Quote.objects.update(sha256="")):
            with pytest.raises(DatabaseError), transaction.atomic():
                change_it()

    def test_an_order_that_was_shown_nothing_keeps_none(self, customer: Customer):
        measured(customer.service, units=1000, sample=12)

        order = customer.order(None, channel=Order.Channel.API_V2)

        assert Quote.objects.count() == 0
        assert order.forecast == {"sample": 12, **TIMES}

    def test_the_facts_of_an_order_are_still_one_round_trip(self, customer: Customer, django_assert_num_queries):
        for units in (1, 10, 100, 1000, 10_000):
            measured(customer.service, units=units, sample=12)
        customer.ask()

        with django_assert_num_queries(1):
            shown = customer.ask()

        assert shown.forecast == Forecast(sample=12, **TIMES)

    def test_an_order_by_hand_costs_two_queries_more_than_one_by_program(self, customer: Customer):
        """Its address and its mail; the quote goes with the order."""
        counts = {}
        for channel in (Order.Channel.API_V2, Order.Channel.WEB):
            token = customer.ask().token
            counts[channel] = queries(lambda how=channel, token=token: customer.order(token, channel=how))

        assert counts[Order.Channel.WEB] - counts[Order.Channel.API_V2] == 2


def queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as found:
        work()
    return len(found)


class TestConfirming:
    def test_an_order_by_hand_is_confirmed_by_mail_once(self, customer: Customer):
        order = customer.order(customer.ask().token)

        mail = Outgoing.objects.get()
        assert (mail.key, mail.to) == (f"order:{order.pk}:placed", customer.user.email)
        for said in (str(order.pk), order.service.name, order.link, "1,000", "$1.50", f"/orders/{order.pk}"):
            assert said in mail.body

    def test_an_order_by_program_is_not(self, customer: Customer):
        customer.order(None, channel=Order.Channel.API_V2)

        assert not Outgoing.objects.exists()

    def test_an_address_that_takes_no_mail_stops_no_order(self, customer: Customer):
        User.objects.filter(pk=customer.user.pk).update(email="nobody")

        customer.order(customer.ask().token)

        assert (Order.objects.count(), Outgoing.objects.count()) == (1, 0)


def test_what_was_shown_before_is_what_is_decided_after():
    """D55: for random orders, each row of the stored table is what ending the order in that state pays back."""
    plain, package = ServiceFactory(min_quantity=1, cancel=True), ServiceFactory(type=ServiceType.PACKAGE.value)
    customers = [Customer(plain, funds="100000"), Customer(package, funds="100000")]

    @settings(max_examples=40, deadline=None)
    @given(
        customer=st.sampled_from(customers),
        quantity=st.integers(1, 100_000),
        rate=st.integers(0, 900_000).map(lambda parts: Decimal(parts).scaleb(-5)),
        data=st.data(),
    )
    def check(customer: Customer, quantity: int, rate: Decimal, data: st.DataObject) -> None:
        change(customer, rate=rate)
        order = customer.order(customer.ask(quantity).token, quantity=quantity)
        rows = [row for row in order.quote.content["conditions"] if row["cause"] != Cause.STILL_RUNNING]
        row = data.draw(st.sampled_from(rows))
        before = wallet.balance_of(customer.user.pk)
        delivered = order.units if row["cause"] == Cause.ALL_DELIVERED else row["facts"].get("delivered", 0)
        Run.objects.filter(order=order).update(delivered=delivered)
        if row["cause"] != Cause.CANCELED_BEFORE_CLAIM:
            status = OrderStatus.IN_PROGRESS if delivered else OrderStatus.PROCESSING
            Order.objects.filter(pk=order.pk).update(status=status.value)

        settling.settle(order_id=order.pk, cause=Cause(row["cause"]), actor="system", now=NOON + 2 * SECOND)

        order.refresh_from_db()
        assert order.refunded == Decimal(row["amount"]) == wallet.balance_of(customer.user.pk) - before

    check()
