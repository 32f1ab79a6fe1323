"""What an order would cost and mean, decided by the same rules that then place it. Nothing here writes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from orders import links
from orders.operations import planning
from orders.operations.offers import Facts, Offer, facts_for
from policies.models import PolicyVersion
from policies.rules import eligibility, expectations, forecasts, refunds, tolerance
from policies.rules.clauses import Params, Reason
from policies.rules.drip_feed import Drip
from policies.rules.expectations import OrderTerms
from policies.rules.vocabulary import Metric, Platform, ServiceType

ABOVE_ANY_MAXIMUM = 2**31  # one more than the column of a service's maximum holds


@dataclass(frozen=True, slots=True)
class Request:
    """What a customer asks for. link: as typed; quantity: None if it is no whole number; fields: what the type adds.

    drip: the parts that they choose, each of `quantity` units; None: the service's own pace.
    """

    service_id: int
    link: str
    quantity: int | None
    fields: Mapping[str, str] = field(default_factory=dict)
    drip: Drip | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of its canonical JSON: two requests are the same exactly when this is (decision 13)."""
        content: list[object] = [self.service_id, self.link, self.quantity, dict(self.fields)]
        if self.drip:
            content.append([self.drip.runs, self.drip.interval_minutes])
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Terms:
    """What the order would promise: its parts, what to expect of it, when money comes back and how much.

    asked_at: when it would be placed. price: account currency. cancel: whether it may be canceled once it was sent.
    params: of the refund policy that would govern it. ahead: how many live orders go first on the same link.
    """

    order: OrderTerms
    plan: planning.Plan
    ahead: int
    asked_at: datetime
    price: Decimal
    cancel: bool
    params: Params

    @property
    def tolerance(self) -> int:
        """How many units may be missing as a minor difference."""
        return self.order.tolerance

    @property
    def forecast(self) -> forecasts.Forecast | None:
        """What like orders took; None: not enough data."""
        return self.order.forecast

    @property
    def starts(self) -> forecasts.Window | None:
        """When delivery should begin; None: not enough data."""
        return self.forecast.starts(placed_at=self.asked_at) if self.forecast else None

    @property
    def ends(self) -> forecasts.Window | None:
        """When it should be done; None: not enough data."""
        return self.forecast.ends(placed_at=self.asked_at) if self.forecast else None

    @property
    def likely_end(self) -> datetime | None:
        """When half of the like orders would be done; None: not enough data."""
        return self.asked_at + timedelta(seconds=self.forecast.p50_s) if self.forecast else None

    @property
    def late_end(self) -> datetime | None:
        """When nine in ten of them would be done; None: not enough data."""
        return self.asked_at + timedelta(seconds=self.forecast.p90_s) if self.forecast else None

    @property
    def expectations(self) -> tuple[Reason, ...]:
        """What to expect of it (R5)."""
        return expectations.expectations(self.order, params=self.params)

    @property
    def conditions(self) -> tuple[refunds.Condition, ...]:
        """When money would come back and how much (R4)."""
        return refunds.refund_conditions(
            units=self.order.units,
            charge=self.price,
            tolerance=self.order.tolerance,
            package=self.order.package,
            refill=self.order.refill,
            cancel=self.cancel,
            params=self.params,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What an earlier quote showed and an order is to be judged by, instead of what holds today.

    rate: per 1000 units, or of one package. forecast: None where there was not enough data.
    """

    rate: Decimal
    forecast: forecasts.Forecast | None


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost and mean for this customer now.

    units: what is charged and refunded by, None if the quantity makes no sense. price, balance: account currency.
    versions: in force now, to govern the order; missing: those of them that the customer has yet to accept.
    refusals: () if it can be placed as it stands. terms: None while there is no price.
    """

    offer: Offer
    units: int | None
    price: Decimal | None
    balance: Decimal
    versions: tuple[PolicyVersion, ...]
    missing: tuple[PolicyVersion, ...]
    refusals: tuple[eligibility.Refusal, ...]
    terms: Terms | None

    @property
    def balance_after(self) -> Decimal | None:
        """What the wallet would hold then; None without a price."""
        return None if self.price is None else self.balance - self.price

    def version_of(self, slug: str) -> PolicyVersion:
        """The version of this policy that would govern the order."""
        return next(version for version in self.versions if version.policy.slug == slug)


def quote(
    *,
    user_id: int,
    request: Request,
    by_key: bool = False,
    accepting: Mapping[int, str] | None = None,
    now: datetime,
) -> Quote | None:
    """Price and judge an order without placing it. None where there is no such service.

    by_key: a program asks, by an API key. accepting: versions (id -> checksum shown) that the customer accepts with
    this order.
    """
    facts = facts_for(user_id=user_id, service_id=request.service_id, link=request.link, by_key=by_key, now=now)
    return judge(facts, request, accepting=accepting or {}, now=now)


def judge(
    facts: Facts, request: Request, *, accepting: Mapping[int, str], held: Held | None = None, now: datetime
) -> Quote | None:
    """`quote`, for a caller that has read the facts. held: what an earlier quote showed for the same order."""
    if facts.offer is None:
        return None
    offer = facts.offer.at(held.rate) if held else facts.offer
    unaccepted = tuple(version for version in facts.missing if accepting.get(version.pk) != version.checksum)
    params = next(version.params for version in facts.versions if version.policy.slug == "refund")
    units = units_of(offer, request)
    price = offer.price(units=units) if units and _plannable(offer, units) else None
    against_parts = planning.check(offer, request.drip, part=request.quantity or None)
    asked = _asked(offer, request, units, None if against_parts else price, facts.balance, unaccepted)
    terms = None
    if units and price is not None:
        planned = planning.plan(offer, units=units, drip=_drip(offer, request), now=now)
        terms = _terms(facts, offer, planned, price, params, held, now)
    return Quote(
        offer=offer,
        units=units,
        price=price,
        balance=facts.balance,
        versions=facts.versions,
        missing=facts.missing,
        refusals=(*against_parts, *eligibility.check_order(asked, params=params)),
        terms=terms,
    )


def units_of(offer: Offer, request: Request) -> int | None:
    """What is charged and refunded by: the quantity, the comments' lines, or one package (api-v2 b.3).

    None where the quantity makes no sense.
    """
    kind = ServiceType(offer.type)
    if kind.is_package:
        return 1
    if kind is ServiceType.CUSTOM_COMMENTS:
        # Lines as the wire counts them: other characters that end a line somewhere are part of a comment (b.3).
        return sum(1 for line in request.fields.get("comments", "").split("\n") if line.strip()) or None
    if request.quantity is None or request.quantity < 1:
        return None
    drip = _drip(offer, request)
    return request.quantity * drip.runs if drip and drip.runs else request.quantity


def _drip(offer: Offer, request: Request) -> Drip | None:
    """The parts that were chosen, where a plan can be made of them; the rule says what is wrong with others."""
    drip = request.drip
    return drip if drip and drip.is_whole and ServiceType(offer.type) is ServiceType.DEFAULT else None


def _plannable(offer: Offer, units: int) -> bool:
    """Price and plan are made for what can be ordered only: a plan of absurdly many units would cost as much."""
    return units <= offer.max_quantity or ServiceType(offer.type).is_package


def whole_units(digits: str) -> int:
    """A number of units from its digits, however many. What is above every maximum comes back as one more."""
    significant = digits.lstrip("0") or "0"
    return min(int(significant[:11]), ABOVE_ANY_MAXIMUM)  # of eleven digits or more, the first eleven are above it too


def _is_for_none(request: Request, units: int | None) -> bool:
    """Zero is a whole number, and below every minimum."""
    return units is None and request.quantity == 0 and "comments" not in request.fields


def _asked(
    offer: Offer,
    request: Request,
    units: int | None,
    price: Decimal | None,
    balance: Decimal,
    unaccepted: tuple[PolicyVersion, ...],
) -> eligibility.OrderRequest:
    return eligibility.OrderRequest(
        account_active=offer.account_active,
        selling=offer.selling,
        service_active=offer.service_active,
        service_type=ServiceType(offer.type),
        quantity=0 if _is_for_none(request, units) else units,
        minimum=offer.min_quantity,
        maximum=offer.max_quantity,
        link=request.link,
        policies_missing=tuple(version.policy.title for version in unaccepted),
        price=price,
        balance=balance,
        leads_to=_leads_to(offer, request.link),
    )


def _leads_to(offer: Offer, link: str) -> eligibility.LinkFacts | None:
    """What the link says of itself; None where it is no address at all, which the rule finds by its shape, and for a
    service that nobody has placed yet: it is not on sale."""
    try:
        platform, metric = Platform(offer.platform), Metric(offer.metric)
        target, found = links.read(link, platform), links.platform_of(link)
    except ValueError:
        return None
    return eligibility.LinkFacts(
        platform=target.platform if target else found,
        kind=target.kind if target else None,
        wanted_platform=platform,
        wanted=tuple(sorted(links.wanted(platform, metric))),
    )


def _terms(
    facts: Facts, offer: Offer, planned: planning.Plan, price: Decimal, params: Params, held: Held | None, now: datetime
) -> Terms:
    package = ServiceType(offer.type).is_package
    order = OrderTerms(
        units=planned.units,
        package=package,
        instant=offer.instant,
        parts=len(planned.runs),
        tolerance=0 if package else tolerance.tolerance_units(quantity=planned.units, params=params),
        refill=offer.refill,
        refill_days=offer.refill_days,
        refill_max=offer.refill_max,
        refill_cap_percent=offer.refill_cap_percent,
        platform=offer.platform,
        metric=offer.metric,
        forecast=held.forecast if held else planning.forecast(facts, planned, now=now),
        pace=offer.pace_per_hour,
        drip_interval=planned.drip.interval_minutes if planned.drip else None,
        daily_cap=offer.most_a_day,
    )
    return Terms(order, planned, ahead=len(facts.ahead), asked_at=now, price=price, cancel=offer.cancel, params=params)
