"""In which parts an order would be sent, and when they would be done: at the service's pace, or as a customer chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.operations.offers import Facts, Offer
from policies.rules import drip_feed, forecasts, pacing
from policies.rules.drip_feed import Drip
from policies.rules.eligibility import Refusal
from policies.rules.vocabulary import ServiceType


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of an order, evenly spaced. drip: as its customer chose them, None for the service's own pace."""

    units: int
    runs: tuple[pacing.PlannedRun, ...]
    drip: Drip | None

    @property
    def interval(self) -> timedelta | None:
        """Between two parts; None for one alone."""
        return self.runs[1].due_at - self.runs[0].due_at if len(self.runs) > 1 else None

    @property
    def interval_minutes(self) -> int | None:
        """The same as an order keeps it."""
        return None if self.interval is None else self.interval // timedelta(minutes=1)

    @property
    def last_after(self) -> timedelta:
        """From the first part to the last."""
        return self.runs[-1].due_at - self.runs[0].due_at


def check(offer: Offer, drip: Drip | None, *, part: int | None) -> Sequence[Refusal]:
    """Why the service does not deliver in the parts that were asked for (R17). part: units of one."""
    if drip is None:
        return ()
    permitted = drip_feed.Permitted(
        offered=drip_feed.is_offered(flagged=offer.dripfeed, service_type=ServiceType(offer.type)),
        minimum=offer.min_quantity,
        run_size=offer.run_size,
        interval_minutes=offer.run_interval_minutes,
        daily_cap=offer.most_a_day,
    )
    return drip_feed.check_drip(drip, part=part, permitted=permitted)


def plan(offer: Offer, *, units: int, drip: Drip | None, now: datetime) -> Plan:
    """As the customer chose, else as the service paces it, under the link's daily cap (R16 to R18)."""
    run_size, interval = pacing.under_cap(
        quantity=units,
        run_size=offer.run_size,
        interval=_minutes(offer.run_interval_minutes),
        daily_cap=offer.most_a_day,
    )
    if drip and drip.runs:
        run_size, interval = units // drip.runs, _minutes(drip.interval_minutes)
    return Plan(units, pacing.plan(quantity=units, now=now, run_size=run_size, interval=interval), drip)


def forecast(facts: Facts, planned: Plan, *, now: datetime) -> forecasts.Forecast | None:
    """What like orders took, behind those that go first on the link; None where nobody can say (R13).

    Nobody can while nothing is sent. Parts of a customer's choice are no part of what a service's orders take.
    """
    if facts.offer is None or not facts.offer.sending:
        return None
    if planned.drip:
        part = forecasts.from_history(units=planned.runs[0].quantity, history=facts.history)
        alike = forecasts.in_parts(part, last_after=planned.last_after)
    else:
        alike = forecasts.from_history(units=planned.units, history=facts.history)
    return forecasts.behind(alike, ahead=facts.ahead, now=now)


def _minutes(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(minutes=number)
