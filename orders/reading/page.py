"""Everything an order's own page says: where it stands and why, what was decided, what happened, what to expect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

import policies.operations as policies
from orders.models import Order, OrderEvent, PollBatch, Run
from orders.reading.chart import Chart, chart, samples
from orders.reading.expected import conditions_of, expectations_of, forecast_of
from orders.reading.line import places
from orders.reading.standing import Standing, standings
from orders.reading.switches import is_sending
from policies.models import Decision
from policies.rules import cancellations, explain, forecasts, refunds
from policies.rules.clauses import Reason
from policies.rules.delivery import Tier, check_interval
from policies.rules.refunds import Condition, RefundFacts
from policies.rules.vocabulary import Cause, OrderStatus, RunState, ServiceType

SOON = timedelta(minutes=1)
LATER = timedelta(minutes=10)
# Nobody can say when these go on, so nobody says when they end.
_STANDING_STILL = frozenset({OrderStatus.WAITING, OrderStatus.HELD, OrderStatus.UNKNOWN, OrderStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown of one order.

    explanation: why it stands where it stands. expectations, conditions: what its form showed before paying. place: in
    line behind others on its link, from 1. starts, ends: as forecast when it was
    placed, None once past. expected_end, checked_at: None where nobody can say. changed_at: when
    something last happened. cancel_gives: what a cancel would pay back as things stand, account currency; None when it
    is too late. cancel_asks: whether the provider decides about it.
    by_hand: whether our staff deliver it. parts: its runs, refills not among them.
    """

    order: Order
    standing: Standing
    explanation: Reason
    expectations: Sequence[Reason]
    conditions: Sequence[Condition]
    place: int | None
    starts: forecasts.Window | None
    ends: forecasts.Window | None
    expected_end: datetime | None
    checked_at: datetime | None
    changed_at: datetime
    cancel_gives: Decimal | None
    cancel_asks: bool
    events: Sequence[OrderEvent]
    decisions: Sequence[Decision]
    chart: Chart
    by_hand: bool
    parts: Sequence[Run]

    @property
    def is_live(self) -> bool:
        """Whether it can still change by itself."""
        return not self.standing.status.is_terminal

    @property
    def stands_still(self) -> bool:
        """Whether nobody can say when it goes on."""
        return self.standing.status in _STANDING_STILL

    @property
    def parts_sent(self) -> int:
        """How many of its parts a provider has taken."""
        return sum(part.accepted_at is not None for part in self.parts)

    @property
    def next_part_at(self) -> datetime | None:
        """When the next part is to go; None where none is left, or nobody can say."""
        queued = (part for part in self.parts if part.state == RunState.QUEUED.value)
        return min((part.due_at for part in queued if part.due_at), default=None)

    def ask_again_in(self, now: datetime) -> int:
        """Seconds until the page should ask again: soon after a change, seldom once nothing has happened for long."""
        quiet = now - self.changed_at
        if quiet < SOON:
            return 2
        return 5 if quiet < LATER else 10


def page_of(*, order_id: int, user_id: int, now: datetime) -> Page | None:
    """Read one of the customer's own orders, in a fixed number of queries; None for anybody else's."""
    related = ("service__category", "refund_policy__policy", "support_policy__policy")
    order = Order.objects.of(user_id).filter(pk=order_id).select_related(*related).first()
    if order is None:
        return None
    standing = standings(user_id=user_id, order_ids=[order.pk])[order.pk]
    runs = list(order.runs.first_runs().select_related("provider").order_by("number"))
    by_hand = any(run.provider.is_manual for run in runs)
    events = list(order.events.filter(public=True).order_by("at", "pk"))
    measured = samples(order.pk)
    place = _place_in_line(order)
    stopped = order.status == OrderStatus.QUEUED.value and not is_sending()
    gives, asks = _cancel(order, runs, standing)
    end = None if stopped else _expected_end(order, runs, standing, now)
    return Page(
        order=order,
        standing=standing,
        explanation=_explanation(order, standing, place, stopped=stopped, by_hand=by_hand),
        expectations=expectations_of(order, parts=len(runs)),
        conditions=conditions_of(order),
        place=place,
        starts=_starts(order, standing, now),
        ends=_ends(order, standing, now),
        expected_end=end,
        checked_at=None if by_hand else _checked_at(order, now),
        by_hand=by_hand,
        parts=runs,
        changed_at=max([order.placed_at, *(event.at for event in events), *(at for at, _ in measured)]),
        cancel_gives=gives,
        cancel_asks=asks,
        events=events,
        decisions=policies.decisions_on(subject_type="order", subject_id=order.pk),
        chart=chart(
            order=order,
            runs=runs,
            measured=measured,
            delivered=standing.delivered,
            until=end or order.ended_at or now,
            now=now,
        ),
    )


def _explanation(order: Order, standing: Standing, place: int | None, *, stopped: bool, by_hand: bool) -> Reason:
    facts = explain.StandingFacts(
        status=standing.status,
        units=standing.units,
        delivered=standing.delivered,
        place=place,
        held_reason=order.held_reason,
        paused_reason=order.paused_reason,
        sending_stopped=stopped,
        ended=_as_ended(order, standing, Cause(order.cause)) if standing.status.is_terminal else None,
        by_hand=by_hand,
    )
    return explain.explain(facts, params=policies.params_of(order.refund_policy_id))


def _cancel(order: Order, runs: Sequence[Run], standing: Standing) -> tuple[Decimal | None, bool]:
    """What a cancel would pay back, and whether the provider is asked: by the rules that decide it."""
    states = [RunState(run.state) for run in runs]
    decided = cancellations.decide_cancel(cancellations.CancelFacts(states, offered=order.cancel))
    if order.cancel_requested_at is not None or not (decided.granted or decided.asks):
        return None, False
    unsent = cancellations.is_free_to_cancel(states)
    cause = Cause.CANCELED_BEFORE_CLAIM if unsent else Cause.CANCEL_CONFIRMED
    return refunds.decide_refund(_as_ended(order, standing, cause)).amount, decided.asks


def _as_ended(order: Order, standing: Standing, cause: Cause) -> RefundFacts:
    return RefundFacts(
        cause=cause,
        units=standing.units,
        delivered=standing.delivered,
        charge=order.charge,
        refunded=order.refunded,
        tolerance=order.tolerance,
        package=ServiceType(order.type).is_package,
    )


def _place_in_line(order: Order) -> int | None:
    if order.status != OrderStatus.WAITING.value:
        return None
    return places(user_id=order.user_id, order_ids=[order.pk]).get(order.pk)


def _expected_end(order: Order, runs: Sequence[Run], standing: Standing, now: datetime) -> datetime | None:
    """While parts are yet to go, when the last one should be done: how fast it is until then is how it is planned."""
    if not _goes_on(standing):
        return None
    likely_end = order.placed_at + timedelta(seconds=order.forecast["p50_s"]) if order.forecast else None
    to_come = [(run.due_at, run.quantity) for run in runs if run.due_at and not run.accepted_at and run.due_at > now]
    if to_come:
        due_at, quantity = max(to_come)
        return forecasts.expected_end(
            units=quantity, delivered=0, now=due_at, started_at=None, pace=order.pace_per_hour, likely_end=likely_end
        )
    return forecasts.expected_end(
        units=standing.units,
        delivered=standing.delivered,
        now=now,
        started_at=min((run.accepted_at for run in runs if run.accepted_at), default=None),
        pace=order.pace_per_hour,
        likely_end=likely_end,
    )


def _starts(order: Order, standing: Standing, now: datetime) -> forecasts.Window | None:
    """When it should begin, by the forecast of when it was placed: until something is delivered."""
    forecast = forecast_of(order)
    if forecast is None or standing.delivered or not _goes_on(standing):
        return None
    return _still_ahead(forecast.starts(placed_at=order.placed_at), now)


def _ends(order: Order, standing: Standing, now: datetime) -> forecasts.Window | None:
    forecast = forecast_of(order)
    if forecast is None or not _goes_on(standing):
        return None
    return _still_ahead(forecast.ends(placed_at=order.placed_at), now)


def _still_ahead(window: forecasts.Window | None, now: datetime) -> forecasts.Window | None:
    return window if window and window.to_at > now else None


def _goes_on(standing: Standing) -> bool:
    return not standing.status.is_terminal and standing.status not in _STANDING_STILL


def _checked_at(order: Order, now: datetime) -> datetime | None:
    """When the provider was last asked about it: a poll batch is due again an interval of its tier after each look."""
    due = PollBatch.objects.filter(deliveries__order_id=order.pk).values_list("due_at", "tier")
    intervals = {tier.value: check_interval(tier, fastest=settings.POLL_SECONDS) for tier in Tier}
    looks = [at - timedelta(seconds=intervals[tier]) for at, tier in due]
    looks = [at for at in looks if order.placed_at < at <= now]
    return max(looks, default=None)
