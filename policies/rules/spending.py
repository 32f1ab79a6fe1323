"""Spending limits: which of them hold now, and when a change that a customer asks for may begin (terms.4.5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

RAISED_AFTER = timedelta(hours=24)  # what was decided in a weak moment waits for a calmer one


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent a day and a month in UTC, account currency; None: any amount."""

    daily: Decimal | None = None
    monthly: Decimal | None = None

    def lower_of(self, other: "Limits") -> "Limits":
        """The limits that hold where both do."""
        return Limits(_lower(self.daily, other.daily), _lower(self.monthly, other.monthly))

    def allow_no_more_than(self, other: "Limits") -> bool:
        """Whether neither limit is above the other's."""
        return self.lower_of(other) == self


@dataclass(frozen=True, slots=True)
class Plan:
    """now: the customer's own limits at once. later: what replaces them at `at`; None when nothing waits."""

    now: Limits
    later: Limits | None = None
    at: datetime | None = None

    def due(self, now: datetime) -> Limits:
        """The limits that hold at an instant."""
        return self.later if self.later is not None and self.at is not None and self.at <= now else self.now


def change(before: Plan, wanted: Limits, *, now: datetime) -> Plan:
    """Plan a change (terms.4.5): what is lowered holds at once, what is raised or removed after 24 hours.

    A raise that already waits keeps its time unless more is asked for than before.
    """
    current = before.due(now)
    at_once = current.lower_of(wanted)
    if at_once == wanted:
        return Plan(at_once)
    waits = before.later if before.at is not None and before.at > now else None
    if waits is not None and wanted.allow_no_more_than(waits):
        return Plan(at_once, wanted, before.at)
    return Plan(at_once, wanted, now + RAISED_AFTER)


def _lower(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
