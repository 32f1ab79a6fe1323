"""Drip-feed: parts that a customer asks for, evenly spaced, never faster than the service paces (refund.4.2, R17)."""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.rules.clauses import refund as clause
from policies.rules.eligibility import Refusal
from policies.rules.pacing import minutes_apart
from policies.rules.vocabulary import ServiceType

FEWEST_RUNS = 2
MOST_RUNS = 100
LONGEST_INTERVAL = 24 * 60  # minutes
LONGEST_PLAN = 30 * 24 * 60  # minutes from the first part to the last: a link serves one order at a time (decision 14)


@dataclass(frozen=True, slots=True)
class Drip:
    """What was asked for: so many parts, so many minutes apart. None: left out, or no whole number."""

    runs: int | None
    interval_minutes: int | None

    @property
    def is_whole(self) -> bool:
        """Whether a plan can be made of it at all."""
        return (
            self.runs is not None
            and FEWEST_RUNS <= self.runs <= MOST_RUNS
            and self.interval_minutes is not None
            and 1 <= self.interval_minutes <= LONGEST_INTERVAL
        )


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a service permits; None: nothing stated.

    offered: as of `is_offered`. minimum: units of an order. run_size: the most units of a part; interval_minutes:
    between two parts of its own pace. daily_cap: units that one link gets in any 24 hours.
    """

    offered: bool
    minimum: int
    run_size: int | None
    interval_minutes: int | None
    daily_cap: int | None

    @property
    def largest_part(self) -> int | None:
        """The most units of one part; None without a limit."""
        return min((size for size in (self.run_size, self.daily_cap) if size is not None), default=None)

    def shortest_interval(self, part: int) -> int:
        """The fewest minutes between two parts of so many units, so that no 24 hours hold more than the cap."""
        least = max(self.interval_minutes or 0, 1) if self.run_size else 1
        if self.daily_cap is None:
            return least
        return max(least, minutes_apart(part=part, daily_cap=self.daily_cap))


def is_offered(*, flagged: bool, service_type: ServiceType) -> bool:
    """Whether a customer may choose the parts: only where staff say so, and a part is so many units (api-v2 b.3)."""
    return flagged and service_type is ServiceType.DEFAULT


def check_drip(asked: Drip, *, part: int | None, permitted: Permitted) -> tuple[Refusal, ...]:
    """Every reason not to deliver in these parts, each at its field (R17); () if it may be.

    part: units of one, None where that is no whole number; whether all of them together are too many, the order's own
    check says.
    """
    if not permitted.offered:
        return (Refusal("runs", "drip_feed_not_offered", {}, clause.NO_SPIKES),)
    return (*_about_the_runs(asked), *_about_the_part(part, permitted), *_about_the_interval(asked, part, permitted))


def _about_the_runs(asked: Drip) -> Iterator[Refusal]:
    if asked.runs is None or not FEWEST_RUNS <= asked.runs <= MOST_RUNS:
        yield Refusal("runs", "runs_out_of_range", {"minimum": FEWEST_RUNS, "maximum": MOST_RUNS})


def _about_the_part(part: int | None, permitted: Permitted) -> Iterator[Refusal]:
    if part is None:
        return
    if part < permitted.minimum:
        yield Refusal("quantity", "part_below_minimum", {"minimum": permitted.minimum, "quantity": part})
    elif permitted.largest_part is not None and part > permitted.largest_part:
        facts = {"maximum": permitted.largest_part, "quantity": part}
        yield Refusal("quantity", "part_above_pace", facts, clause.NO_SPIKES)


def _about_the_interval(asked: Drip, part: int | None, permitted: Permitted) -> Iterator[Refusal]:
    shortest = permitted.shortest_interval(part or 1)
    facts = {"minimum": shortest, "maximum": LONGEST_INTERVAL}
    if asked.interval_minutes is None or not 1 <= asked.interval_minutes <= LONGEST_INTERVAL:
        yield Refusal("interval", "interval_out_of_range", facts)
    elif asked.interval_minutes < shortest:
        yield Refusal("interval", "interval_too_short", facts, clause.NO_SPIKES)
    elif asked.is_whole and _minutes_in_all(asked) > LONGEST_PLAN:
        yield Refusal("interval", "drip_feed_too_long", {"days": LONGEST_PLAN // LONGEST_INTERVAL})


def _minutes_in_all(asked: Drip) -> int:
    return ((asked.runs or 1) - 1) * (asked.interval_minutes or 0)
