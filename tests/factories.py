"""The least that makes a valid row, through the real door. Each app's tests add the factories of its own rows."""

from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any
from uuid import uuid4

import factory
from django.conf import settings
from django.utils import timezone
from factory.django import DjangoModelFactory

import policies.operations as policies
from accounts.models import User
from orders.models import CatalogueChange, Category, Order, Provider, Route, Service
from orders.operations import placing, quotes, quoting
from policies.rules.vocabulary import Metric, Platform
from wallet import operations as wallet
from wallet.models import Event, TopUp

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


def fund(user: User, amount: Decimal, *, now: datetime = NOON) -> TopUp:
    """A payment by hand whose review a person ended with this credit: money that `verify_ledger` can account for.

    Rows as `payments.resolve_review` leaves them, at a tenth of its queries and without its mail.
    """
    cents = amount.quantize(Decimal("0.01"), rounding=ROUND_CEILING)
    top_up = TopUp.objects.create(
        reference=f"TEST-{uuid4().hex[:16]}",
        user=user,
        gateway="manual",
        amount=cents,
        total=cents,
        currency=settings.CURRENCY,
        request_key=uuid4(),
        state=TopUp.State.PAID,
        received=amount,
        received_currency=settings.CURRENCY,
        credited=amount,
        created_at=now,
        paid_at=now,
    )
    about = {"subject_type": "top_up", "subject_id": top_up.pk}
    wallet.top_up(user_id=user.pk, amount=amount, key=f"topup:{top_up.pk}", actor="system", now=now, **about)
    facts = {"credited": str(amount)}
    Event.objects.create(user=user, kind="review_ended", actor="staff:0", reason="Found", facts=facts, at=now, **about)
    return top_up


class CustomerFactory(DjangoModelFactory):
    """A customer who has confirmed nothing and owns nothing, unless `funds=` says otherwise."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"customer{n}@example.test")

    @factory.post_generation
    def funds(self, create: bool, amount: Decimal | None, **kwargs: object) -> None:
        """`CustomerFactory(funds=Decimal("5"))` has paid in that much by bank transfer."""
        if amount:
            fund(self, amount)


class CategoryFactory(DjangoModelFactory):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")
    position = factory.Sequence(lambda n: n)


class ProviderFactory(DjangoModelFactory):
    """An upstream that nobody calls unless a test points `api_url` at something."""

    class Meta:
        model = Provider

    name = factory.Sequence(lambda n: f"Provider {n}")
    api_url = "http://127.0.0.1:1/api/v2"
    api_key = "test-key"


class ServiceFactory(DjangoModelFactory):
    """A service on sale with one route: `routed=provider` says to whom, `routed=False` leaves the route out."""

    class Meta:
        model = Service
        skip_postgeneration_save = True

    category = factory.SubFactory(CategoryFactory)
    name = factory.Sequence(lambda n: f"Instagram Views {n}")
    delivers = "Simulated views, counted up by the demonstration provider."
    platform = Platform.INSTAGRAM.value
    metric = Metric.VIEWS.value  # which any link of the platform may be for
    rate = Decimal("1.50000")
    min_quantity = 10
    max_quantity = 100_000
    pace_per_hour = 1000
    average_minutes = 90

    @factory.post_generation
    def routed(self, create: bool, provider: Provider | bool | None, **kwargs: object) -> None:
        if provider is False:
            return
        taker = provider if isinstance(provider, Provider) else ProviderFactory()
        Route.objects.create(service=self, provider=taker, provider_service=str(self.pk), cost=self.rate / 2)

    @factory.post_generation
    def recorded(self, create: bool, extracted: object, **kwargs: object) -> None:
        """A new service is a change of the catalogue: what caches prices goes by the newest change."""
        CatalogueChange.objects.create(service=self, kind=CatalogueChange.Kind.NEW.value, actor="system", at=NOON)


def token_of(*, user_id: int, request: placing.Request, now: datetime = NOON) -> str:
    """What a customer's form carries that has just shown them the total of this very order; "" where none is sold."""
    quoted = quoting.quote(user_id=user_id, request=request, now=now)
    if quoted is None:
        return ""
    return quotes.issue(quoted, user_id=user_id, request=request, now=now).token


class OrderFactory(DjangoModelFactory):
    """An order placed through `place_order`: charged, with its runs and first event, by a customer who can pay it.

    `OrderFactory(user=…, service=…, quantity=1000, link=…, at=NOON)`. Without a user or a service it makes its own.
    An instant of the past works where no test has published the policies later than that.
    """

    class Meta:
        model = Order

    user = factory.SubFactory(CustomerFactory, funds=Decimal(1000))
    service = factory.SubFactory(ServiceFactory)
    quantity = 1000
    link = factory.Sequence(lambda n: f"https://instagram.com/somebody{n}")
    fields = factory.Dict({})
    request_key = None
    channel = Order.Channel.WEB
    at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[Order], *args: object, **asked: Any) -> Order:
        """Publish the policies where no test did, and accept what is in force."""
        policies.seed(now=asked["at"])
        shown = {version.pk: version.checksum for version in policies.required_versions(now=asked["at"])}
        request = placing.Request(asked["service"].pk, asked["link"], asked["quantity"], asked["fields"])
        by_form = asked["channel"] == Order.Channel.WEB
        placed = placing.place_order(
            user_id=asked["user"].pk,
            request=request,
            request_key=asked["request_key"],
            channel=asked["channel"],
            accepting=shown,
            quote=token_of(user_id=asked["user"].pk, request=request, now=asked["at"]) if by_form else None,
            now=asked["at"],
        )
        return Order.objects.get(pk=placed.order_id)
