"""What the page reads of a rehearsal: how far it is; its result as a table, sums, a chart and examples. No writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from policies.models import Rehearsal

WIDTH = 100  # of a chart's longest bar


@dataclass(frozen=True, slots=True)
class Cell:
    """Cases that went from one outcome to another. difference: what more is paid back, account currency."""

    count: int
    difference: Decimal
    same: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: an outcome as it was, and what became of it, by the table's columns."""

    before: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart. width: 0 to 100, of the longest. number: what it stands for. changed: whether it is news."""

    label: str
    width: float
    number: Decimal | int
    changed: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A case that came out otherwise, with outcome, amount and clause before and after. decision: its id, or None."""

    subject_type: str
    subject_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    decision: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished rehearsal came to. Amounts in the account currency."""

    decisions: int
    open_orders: int
    outcomes: tuple[str, ...]
    lines: tuple[Line, ...]
    paid: tuple[Bar, Bar]
    cases: tuple[Bar, ...]
    difference: Decimal
    changed: int
    examples: tuple[Example, ...]

    @property
    def total(self) -> int:
        """Cases tried."""
        return self.decisions + self.open_orders


@dataclass(frozen=True, slots=True)
class Shown:
    """A rehearsal as it stands. current: whether it is of the draft as it is now. result: None until it is done."""

    rehearsal: Rehearsal
    current: bool
    result: Result | None

    @property
    def is_under_way(self) -> bool:
        return self.rehearsal.finished_at is None

    @property
    def percent(self) -> int:
        """Whole percent done; 0 while nobody has counted the cases."""
        return 100 * self.rehearsal.done // self.rehearsal.total if self.rehearsal.total else 0


def shown(version_id: int, *, checksum: str, limit: int) -> tuple[Shown, ...]:
    """The newest rehearsals of a draft, the newest first. checksum: of the draft as it is. One query."""
    newest = Rehearsal.objects.filter(version_id=version_id).order_by("-id")[:limit]
    return tuple(Shown(each, each.checksum == checksum, _result(each)) for each in newest)


def _result(rehearsal: Rehearsal) -> Result | None:
    if rehearsal.state != Rehearsal.State.DONE.value or "outcomes" not in rehearsal.result:
        return None
    kept = rehearsal.result
    outcomes = kept["outcomes"]
    changed = sum(each["count"] for each in outcomes if each["before"] != each["after"] or Decimal(each["difference"]))
    return Result(
        decisions=kept["decisions"],
        open_orders=kept["open_orders"],
        outcomes=_columns(outcomes),
        lines=_lines(outcomes),
        paid=_paid(Decimal(kept["paid_before"]), Decimal(kept["paid_after"])),
        cases=_cases(outcomes),
        difference=Decimal(kept["difference"]),
        changed=changed,
        examples=tuple(Example(**example) for example in kept["examples"]),
    )


def _columns(outcomes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({each["after"] for each in outcomes}))


def _lines(outcomes: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    cells = {
        (each["before"], each["after"]): Cell(
            each["count"], Decimal(each["difference"]), each["before"] == each["after"]
        )
        for each in outcomes
    }
    before = sorted({each["before"] for each in outcomes})
    return tuple(Line(was, tuple(cells.get((was, now)) for now in _columns(outcomes))) for was in before)


def _paid(before: Decimal, after: Decimal) -> tuple[Bar, Bar]:
    longest = max(before, after) or Decimal(1)
    was = Bar("Paid back before", _width(before, longest), before, changed=False)
    return was, Bar("With the draft", _width(after, longest), after, changed=before != after)


def _cases(outcomes: Sequence[Mapping[str, Any]]) -> tuple[Bar, ...]:
    """Those cases alone whose outcome changes: beside thousands that stay as they are they could not be seen."""
    news = sorted((each for each in outcomes if each["before"] != each["after"]), key=lambda each: -each["count"])
    longest = Decimal(news[0]["count"]) if news else Decimal(1)
    return tuple(
        Bar(f"{each['before']} → {each['after']}", _width(Decimal(each["count"]), longest), each["count"], changed=True)
        for each in news
    )


def _width(value: Decimal, longest: Decimal) -> float:
    return round(float(value / longest) * WIDTH, 2)
