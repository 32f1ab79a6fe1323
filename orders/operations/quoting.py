"""What an order would cost and mean, decided by the same rules that then place it. Nothing here writes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from orders.operations.offers import Facts, Offer, facts_for
from policies.models import PolicyVersion
from policies.rules import drip_feed, eligibility, expectations, forecasts, pacing, refunds, tolerance
from policies.rules.clauses import Params, Reason
from policies.rules.drip_feed import Drip
from policies.rules.expectations import OrderTerms
from policies.rules.vocabulary import ServiceType

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
    params: of the refund policy that would govern it. interval: between two parts, None for one alone. ahead: how many
    live orders go first on the same link.
    """

    order: OrderTerms
    runs: tuple[pacing.PlannedRun, ...]
    interval: timedelta | None
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
    def interval_minutes(self) -> int | None:
        """Between two parts; None for one alone."""
        return None if self.interval is None else int(self.interval.total_seconds()) // 60

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
    undripped = _check_drip(offer, request)
    asked = _asked(offer, request, units, None if undripped else price, facts.balance, unaccepted)
    return Quote(
        offer=offer,
        units=units,
        price=price,
        balance=facts.balance,
        versions=facts.versions,
        missing=facts.missing,
        refusals=(*undripped, *eligibility.check_order(asked, params=params)),
        terms=_terms(facts, offer, request, units, price, params, held, now) if units and price is not None else None,
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


def _check_drip(offer: Offer, request: Request) -> tuple[eligibility.Refusal, ...]:
    if request.drip is None:
        return ()
    permitted = drip_feed.Permitted(
        offered=offer.dripfeed,
        service_type=ServiceType(offer.type),
        minimum=offer.min_quantity,
        run_size=offer.run_size,
        interval_minutes=offer.run_interval_minutes,
        daily_cap=offer.most_a_day,
    )
    return drip_feed.check_drip(request.drip, part=request.quantity or None, permitted=permitted)


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
    )


def _forecast(
    facts: Facts, units: int, runs: Sequence[pacing.PlannedRun], drip: Drip | None, held: Held | None, now: datetime
) -> forecasts.Forecast | None:
    """What was promised, else what like orders took; None too while nothing is sent: nobody knows when it goes on.

    Parts of the customer's choice are no part of what a service's orders take; a link that is busy makes it wait.
    """
    if held:
        return held.forecast
    if facts.offer is None or not facts.offer.sending:
        return None
    if drip:
        part = forecasts.from_history(units=runs[0].quantity, history=facts.history)
        alike = forecasts.in_parts(part, last_after=runs[-1].due_at - runs[0].due_at)
    else:
        alike = forecasts.from_history(units=units, history=facts.history)
    return forecasts.behind(alike, ahead=facts.ahead, now=now)


def _plan(
    offer: Offer, request: Request, units: int, drip: Drip | None, now: datetime
) -> tuple[tuple[pacing.PlannedRun, ...], timedelta | None]:
    """The parts and what lies between two of them: as the customer chose, else as the service paces them (R17, R18)."""
    run_size, interval = offer.run_size, _minutes(offer.run_interval_minutes)
    if drip:
        run_size, interval = request.quantity, _minutes(drip.interval_minutes)
    else:
        run_size, interval = pacing.under_cap(
            quantity=units, run_size=run_size, interval=interval, daily_cap=offer.most_a_day
        )
    runs = pacing.plan(quantity=units, now=now, run_size=run_size, interval=interval)
    return runs, interval if len(runs) > 1 else None


def _minutes(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)


def _terms(
    facts: Facts,
    offer: Offer,
    request: Request,
    units: int,
    price: Decimal,
    params: Params,
    held: Held | None,
    now: datetime,
) -> Terms:
    package = ServiceType(offer.type).is_package
    drip = _drip(offer, request)
    runs, interval = _plan(offer, request, units, drip, now)
    order = OrderTerms(
        units=units,
        package=package,
        instant=offer.instant,
        parts=len(runs),
        tolerance=0 if package else tolerance.tolerance_units(quantity=units, params=params),
        refill=offer.refill,
        refill_days=offer.refill_days,
        refill_max=offer.refill_max,
        refill_cap_percent=offer.refill_cap_percent,
        platform=offer.platform,
        metric=offer.metric,
        forecast=_forecast(facts, units, runs, drip, held, now),
        pace=offer.pace_per_hour,
        drip_interval=drip.interval_minutes if drip else None,
        daily_cap=offer.most_a_day,
    )
    return Terms(
        order=order,
        runs=runs,
        interval=interval,
        ahead=len(facts.ahead),
        asked_at=now,
        price=price,
        cancel=offer.cancel,
        params=params,
    )
